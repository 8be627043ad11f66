-- The list of sessions, links that work once, the queue of emails, and the budgets of attempts.

CREATE TABLE coatcheck_session (
  key_hash varchar(64) NOT NULL PRIMARY KEY,
  user_id varchar(64) NOT NULL,
  locator varchar(255) NOT NULL,
  method varchar(40) NOT NULL,
  ip varchar(45) NOT NULL,
  user_agent varchar(512) NOT NULL,
  created {time} NOT NULL,
  last_seen {time} NOT NULL
);
CREATE INDEX coatcheck_session_user_id ON coatcheck_session (user_id);
CREATE INDEX coatcheck_session_last_seen ON coatcheck_session (last_seen);

CREATE TABLE coatcheck_link (
  token_hash varchar(64) NOT NULL PRIMARY KEY,
  kind varchar(20) NOT NULL,
  user_id varchar(64) NOT NULL,
  data {text} NOT NULL,
  created {time} NOT NULL,
  expires {time} NOT NULL
);
CREATE INDEX coatcheck_link_user_id ON coatcheck_link (user_id, kind);
CREATE INDEX coatcheck_link_expires ON coatcheck_link (expires);

CREATE TABLE coatcheck_mail (
  id {id},
  message {text} NOT NULL,
  tries integer NOT NULL,
  created {time} NOT NULL,
  due {time} NOT NULL
);
CREATE INDEX coatcheck_mail_due ON coatcheck_mail (due);

CREATE TABLE coatcheck_throttle (
  name varchar(64) NOT NULL PRIMARY KEY,
  tat bigint NOT NULL
);
CREATE INDEX coatcheck_throttle_tat ON coatcheck_throttle (tat);
