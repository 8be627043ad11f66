# Makes what explain_test.go has explained, by a real Django: prints it as JSON.
import json
import os
import warnings

warnings.simplefilter("ignore")

import django
from django.conf import settings

settings.configure(
    SECRET_KEY=os.environ["SECRET_KEY"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "django.db"}},
    INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions"],
    PASSWORD_HASHERS=["django.contrib.auth.hashers.PBKDF2PasswordHasher"],
    USE_TZ=True,
    LOGGING_CONFIG=None,
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",
)
django.setup()

from django.contrib.auth import hashers, login
from django.contrib.auth.models import User
from django.contrib.auth.tokens import default_token_generator
from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.http import HttpRequest
from django.middleware.csrf import get_token
from django.utils.encoding import force_bytes
from django.utils.http import urlsafe_base64_encode

hashers.PBKDF2PasswordHasher.iterations = 1000
call_command("migrate", verbosity=0)
user = User.objects.create_user("ada", "ada@example.com", "correct horse")


def sign_in():
    request = HttpRequest()
    request.session = SessionStore()
    login(request, user, "django.contrib.auth.backends.ModelBackend")
    request.session.save()
    return request


first = sign_in()
user.set_password("battery staple")
user.save()
second = sign_in()
link = "https://a.example/reset/%s/%s/" % (urlsafe_base64_encode(force_bytes(user.pk)), default_token_generator.make_token(user))
print(
    json.dumps(
        {
            "before": first.session.session_key,
            "after": second.session.session_key,
            "data": Session.objects.get(pk=second.session.session_key).session_data,
            "hash": user.password,
            "token": get_token(second),
            "link": link,
        }
    )
)
