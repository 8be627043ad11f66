-- Accounts at OpenID providers by which users sign in.

CREATE TABLE coatcheck_oidc (
  id_hash varchar(64) NOT NULL PRIMARY KEY,
  user_id varchar(64) NOT NULL,
  issuer {text} NOT NULL,
  subject {text} NOT NULL,
  name {text} NOT NULL,
  created {time} NOT NULL,
  last_used {time} NOT NULL
);
CREATE INDEX coatcheck_oidc_user_id ON coatcheck_oidc (user_id);
