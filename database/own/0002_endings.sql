-- The endings of a user's sessions, locks on names, and the queue of emails that warn.

CREATE TABLE coatcheck_ending (
  user_id varchar(64) NOT NULL PRIMARY KEY,
  ending bigint NOT NULL
);

CREATE TABLE coatcheck_lock (
  name varchar(64) NOT NULL PRIMARY KEY
);

CREATE TABLE coatcheck_notice (
  id {id},
  message {text} NOT NULL,
  tries integer NOT NULL,
  created {time} NOT NULL,
  due {time} NOT NULL
);
CREATE INDEX coatcheck_notice_due ON coatcheck_notice (due);
