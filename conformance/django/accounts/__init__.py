"""A user model of the site's own: a UUID for a key, login by e-mail address, and
required fields that Django's user does not have."""
