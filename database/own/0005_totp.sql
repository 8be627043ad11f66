-- Second factors: the authenticator apps, and recovery codes.

CREATE TABLE coatcheck_totp (
  user_id varchar(64) NOT NULL PRIMARY KEY,
  secret varchar(255) NOT NULL,
  last_step bigint NOT NULL,
  created {time} NOT NULL
);

CREATE TABLE coatcheck_recovery (
  code_hash varchar(64) NOT NULL PRIMARY KEY,
  user_id varchar(64) NOT NULL
);
CREATE INDEX coatcheck_recovery_user_id ON coatcheck_recovery (user_id);
