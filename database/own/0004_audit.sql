-- The audit log: what happened to accounts. Rows are added, and removed when they are old.

CREATE TABLE coatcheck_audit (
  id varchar(32) NOT NULL PRIMARY KEY,
  created {time} NOT NULL,
  event varchar(40) NOT NULL,
  outcome varchar(10) NOT NULL,
  reason varchar(40) NOT NULL,
  user_id varchar(64) NOT NULL,
  username {name} NOT NULL,
  actor varchar(20) NOT NULL,
  actor_name varchar(64) NOT NULL,
  ip varchar(45) NOT NULL,
  browser varchar(40) NOT NULL,
  os varchar(40) NOT NULL,
  session varchar(16) NOT NULL
);
CREATE INDEX coatcheck_audit_user ON coatcheck_audit (user_id, id);
