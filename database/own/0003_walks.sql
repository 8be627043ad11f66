-- How far a walk through a large table is, and which node walks.

CREATE TABLE coatcheck_walk (
  name varchar(40) NOT NULL PRIMARY KEY,
  place varchar(40) NOT NULL,
  holder varchar(64) NOT NULL,
  leased bigint NOT NULL,
  due bigint NOT NULL
);
