"""A minimal Django site, for the tests that run it beside Coatcheck.

Works unchanged under Django 3.2, 4.2, 5.2 and 6.1. Everything that the two must
agree on comes from environment variables; twin_test.go sets them.

    TWIN_SECRET_KEY             SECRET_KEY
    TWIN_SECRET_KEY_FALLBACKS   SECRET_KEY_FALLBACKS, one a line (Django 4.1 and later)
    TWIN_DB_ENGINE              sqlite3, postgresql or mysql
    TWIN_DB_NAME, _HOST, _PORT, _USER, _PASSWORD
    TWIN_USE_TZ                 1 (default) or 0
    TWIN_TIME_ZONE              UTC (default)
    TWIN_SESSION_ENGINE         django.contrib.sessions.backends.db (default)
    TWIN_SESSION_SERIALIZER     JSONSerializer (default), or PickleSerializer up to Django 4.2
    TWIN_SESSION_FILE_PATH      of the file engine; the system's temporary folder without it
    TWIN_REDIS, TWIN_MEMCACHED  host:port of the default cache, whose KEY_PREFIX is TWIN_CACHE_PREFIX
    TWIN_PASSWORD_RESET_TIMEOUT  seconds; three days without it
    TWIN_AUTH_USER_MODEL        auth.User (default), or a model of the site's own: accounts.Member,
                                or people.User, which is auth_user with more columns
    TWIN_EMAIL_DIR              the folder into which mails are written; without one they are dropped
    TWIN_CSRF_USE_SESSIONS      1, or 0 (default)
    TWIN_AUTHENTICATION_BACKENDS  dotted paths with commas between; Django's own without it
    TWIN_THROTTLE               1 counts guesses with Coatcheck, by docs/coatcheck_throttle.py
    TWIN_DEVICE                 1 honours sessions bound to devices, by docs/coatcheck_device.py
    TWIN_REMOTE_USER            HeaderUser or PersistentHeaderUser, of remoteuser.py; nobody is believed without it
    TWIN_PBKDF2_ITERATIONS      lowers the cost of new pbkdf2_sha256 hashes; Django's own without it
"""

import os
import sys
from pathlib import Path

from django.conf import global_settings


def env(name, default=""):
    return os.environ.get("TWIN_" + name, default)


BASE_DIR = Path(__file__).resolve().parent

SECRET_KEY = os.environ["TWIN_SECRET_KEY"]
SECRET_KEY_FALLBACKS = [key for key in env("SECRET_KEY_FALLBACKS").split("\n") if key]

DEBUG = False
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "urls"
LOGIN_URL = "/accounts/login/"
STATIC_URL = "/static/"

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends." + env("DB_ENGINE", "sqlite3"),
        "NAME": os.environ["TWIN_DB_NAME"],
        "HOST": env("DB_HOST"),
        "PORT": env("DB_PORT"),
        "USER": env("DB_USER"),
        "PASSWORD": env("DB_PASSWORD"),
        "CONN_MAX_AGE": 600,
    }
}
if env("DB_ENGINE") == "mysql":
    import MySQLdb

    # Debian's mysqlclient is older than Django 6 asks for, and does all that
    # the site needs.
    if MySQLdb.version_info < (2, 2, 1):
        MySQLdb.version_info = (2, 2, 1, "final", 0)
    DATABASES["default"]["OPTIONS"] = {"charset": "utf8mb4"}
elif env("DB_ENGINE", "sqlite3") == "sqlite3":
    DATABASES["default"]["OPTIONS"] = {"timeout": 20}

DEFAULT_AUTO_FIELD = "django.db.models.AutoField"
USE_TZ = env("USE_TZ", "1") == "1"
TIME_ZONE = env("TIME_ZONE", "UTC")

PASSWORD_RESET_TIMEOUT = int(env("PASSWORD_RESET_TIMEOUT", "259200"))

AUTH_USER_MODEL = env("AUTH_USER_MODEL", "auth.User")

SESSION_ENGINE = env("SESSION_ENGINE", global_settings.SESSION_ENGINE)
SESSION_SERIALIZER = "django.contrib.sessions.serializers." + env("SESSION_SERIALIZER", "JSONSerializer")
CSRF_USE_SESSIONS = env("CSRF_USE_SESSIONS") == "1"
SESSION_FILE_PATH = env("SESSION_FILE_PATH") or None

if env("REDIS"):
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "redis://" + env("REDIS"),
            "KEY_PREFIX": env("CACHE_PREFIX"),
        }
    }
elif env("MEMCACHED"):
    CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.memcached.PyMemcacheCache",
            "LOCATION": env("MEMCACHED"),
            "KEY_PREFIX": env("CACHE_PREFIX"),
        }
    }

EMAIL_FILE_PATH = env("EMAIL_DIR") or None
EMAIL_BACKEND = f"django.core.mail.backends.{'filebased' if EMAIL_FILE_PATH else 'dummy'}.EmailBackend"

PASSWORD_HASHERS = list(global_settings.PASSWORD_HASHERS)
if env("PBKDF2_ITERATIONS"):
    PASSWORD_HASHERS[0] = "hashers.CheapPBKDF2"

if env("AUTHENTICATION_BACKENDS"):
    AUTHENTICATION_BACKENDS = env("AUTHENTICATION_BACKENDS").split(",")

if env("THROTTLE"):
    sys.path.append(str(BASE_DIR.parent.parent / "docs"))
    AUTHENTICATION_BACKENDS = ["coatcheck_throttle.ThrottleBackend", "django.contrib.auth.backends.ModelBackend"]

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
]

if AUTH_USER_MODEL != "auth.User":
    INSTALLED_APPS.append(AUTH_USER_MODEL.split(".")[0])

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]

if env("DEVICE"):
    sys.path.append(str(BASE_DIR.parent.parent / "docs"))
    MIDDLEWARE.insert(5, "coatcheck_device.DeviceBoundMiddleware")

if env("REMOTE_USER"):
    MIDDLEWARE.append("remoteuser." + env("REMOTE_USER"))
    AUTHENTICATION_BACKENDS = [
        "django.contrib.auth.backends.RemoteUserBackend",
        "django.contrib.auth.backends.ModelBackend",
    ]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"console": {"class": "logging.StreamHandler"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
}
