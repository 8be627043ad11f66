-- The tables that are our own, on every engine: what is needed beyond Django's. {id}, {time}
-- and {text} stand for what differs between the engines. A line "-- table NAME" begins a
-- table; a statement ends with a semicolon at the end of its line.

-- table coatcheck_session
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

-- table coatcheck_link
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

-- table coatcheck_mail
CREATE TABLE coatcheck_mail (
  id {id},
  message {text} NOT NULL,
  tries integer NOT NULL,
  created {time} NOT NULL,
  due {time} NOT NULL
);
CREATE INDEX coatcheck_mail_due ON coatcheck_mail (due);

-- table coatcheck_throttle
CREATE TABLE coatcheck_throttle (
  name varchar(64) NOT NULL PRIMARY KEY,
  tat bigint NOT NULL
);
CREATE INDEX coatcheck_throttle_tat ON coatcheck_throttle (tat);

-- table coatcheck_ending
CREATE TABLE coatcheck_ending (
  user_id varchar(64) NOT NULL PRIMARY KEY,
  ending bigint NOT NULL
);

-- table coatcheck_lock
CREATE TABLE coatcheck_lock (
  name varchar(64) NOT NULL PRIMARY KEY
);

-- table coatcheck_notice
CREATE TABLE coatcheck_notice (
  id {id},
  message {text} NOT NULL,
  tries integer NOT NULL,
  created {time} NOT NULL,
  due {time} NOT NULL
);
CREATE INDEX coatcheck_notice_due ON coatcheck_notice (due);
