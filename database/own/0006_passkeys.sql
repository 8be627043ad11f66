-- Passkeys, and the random handle by which authenticators know a user.

CREATE TABLE coatcheck_passkey (
  id_hash varchar(64) NOT NULL PRIMARY KEY,
  user_id varchar(64) NOT NULL,
  credential {text} NOT NULL,
  public_key {text} NOT NULL,
  name varchar(80) NOT NULL,
  aaguid varchar(36) NOT NULL,
  transports varchar(120) NOT NULL,
  sign_count bigint NOT NULL,
  backup_eligible smallint NOT NULL,
  backed_up smallint NOT NULL,
  created {time} NOT NULL,
  last_used {time} NOT NULL
);
CREATE INDEX coatcheck_passkey_user_id ON coatcheck_passkey (user_id);

CREATE TABLE coatcheck_passkey_user (
  user_id varchar(64) NOT NULL PRIMARY KEY,
  handle varchar(86) NOT NULL
);
