"""Hashers that projects make of Django's: with a cost of their own, or with a form
of their own."""

from django.contrib.auth import hashers


class MyPBKDF2PasswordHasher(hashers.PBKDF2PasswordHasher):
    iterations = 12345


class Argon2(hashers.Argon2PasswordHasher):
    time_cost = 1
    memory_cost = 1024
    parallelism = 2


class BCryptSHA256(hashers.BCryptSHA256PasswordHasher):
    rounds = 5


class Peppered(hashers.PBKDF2PasswordHasher):
    algorithm = "peppered"

    def encode(self, password, salt, iterations=None):
        return super().encode(password + "pepper", salt, iterations)


class Wrapped(hashers.PBKDF2PasswordHasher):
    algorithm = "pbkdf2_wrapped_sha1"


if hasattr(hashers, "ScryptPasswordHasher"):  # since Django 4.0

    class Scrypt(hashers.ScryptPasswordHasher):
        work_factor = 1024
        parallelism = 2
