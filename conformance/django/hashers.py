"""A pbkdf2_sha256 whose cost a test may lower."""

import os

from django.contrib.auth.hashers import PBKDF2PasswordHasher


class CheapPBKDF2(PBKDF2PasswordHasher):
    iterations = int(os.environ.get("TWIN_PBKDF2_ITERATIONS") or PBKDF2PasswordHasher.iterations)
