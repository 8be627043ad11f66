# Works on Django's session engines for engines_test.go: one request a line on
# stdin, one answer a line on stdout, both JSON.
import datetime
import decimal
import json
import os
import sys
import warnings

warnings.simplefilter("ignore")

import django
from django.conf import settings

config = json.loads(os.environ["ENGINES"])
settings.configure(
    SECRET_KEY=config["secret"],
    SESSION_ENGINE="django.contrib.sessions.backends." + config["engine"],
    SESSION_FILE_PATH=config.get("files") or None,
    CACHES={"default": config["cache"]} if config.get("cache") else {},
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": config.get("database") or ":memory:"}},
    INSTALLED_APPS=["django.contrib.sessions"],
    USE_TZ=True,
    LOGGING_CONFIG=None,
)
django.setup()

from importlib import import_module

SessionStore = import_module(settings.SESSION_ENGINE).SessionStore

STRANGE = {
    "tuple": lambda: (1, 2),
    "bytes": lambda: b"abc",
    "date": lambda: datetime.datetime(2030, 1, 2, tzinfo=datetime.timezone.utc),
    "decimal": lambda: decimal.Decimal("1.5"),
    "set": lambda: {1},
    "keys": lambda: {1: 2},
}


def dump(data):
    return json.dumps(data, separators=(",", ":"))


def work(request):
    op, session = request["op"], SessionStore(request.get("key"))
    if op == "load":
        data = session.load()
        return {"json": dump(data), "key": session.session_key or ""}
    if op == "delete":
        session.flush()
        return {}
    if op == "create":
        for key, value in json.loads(request["json"]).items():
            session[key] = value
    elif op == "set":
        session[request["name"]] = json.loads(request["json"])
    elif op == "strange":
        session[request["name"]] = STRANGE[request["json"]]()
    elif op == "clear_expired":
        SessionStore.clear_expired()
        return {}
    session.save()
    return {"key": session.session_key, "age": session.get_expiry_age()}


for line in sys.stdin:
    try:
        answer = work(json.loads(line))
    except Exception as error:
        answer = {"error": type(error).__name__, "text": str(error)}
    print(json.dumps(answer), flush=True)
