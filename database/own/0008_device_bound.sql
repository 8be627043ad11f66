-- Sessions that are bound to a key of the browser's device (Device Bound Session Credentials). The
-- session names the row, so that it may get another key of its own; the row does not name it.

CREATE TABLE coatcheck_device_bound (
  id varchar(32) NOT NULL PRIMARY KEY,
  user_id varchar(64) NOT NULL,
  algorithm varchar(8) NOT NULL,
  public_key {text} NOT NULL,
  refreshes bigint NOT NULL,
  missed smallint NOT NULL,
  created {time} NOT NULL,
  refreshed {time} NOT NULL,
  expires {time} NOT NULL
);
CREATE INDEX coatcheck_device_bound_user_id ON coatcheck_device_bound (user_id);
CREATE INDEX coatcheck_device_bound_expires ON coatcheck_device_bound (expires);
