#!/usr/bin/env python3
"""Answers, by a real Django, the cases that the differential tests make up.

One line of JSON is a request: {"oracle": NAME, "cases": [{...}, ...]}. One line of
JSON is its answer: a list with one value a case. The program ends with its
standard input. It works unchanged under Django 3.2, 4.2, 5.2 and 6.1.

An exception that Django lets through is the answer {"error": "refused"}. Fields
that begin with "note:" say more, and are not compared.
"""

import base64
import datetime
import functools
import io
import json
import pickle
import sys
import time
import unicodedata

import django
from django.conf import settings

SECRET_KEY = "the oracle's secret key, which is long and random enough"
OLD_KEY = "an older key of the oracle, which verifies only"

urlpatterns = []

HASHERS = ["PBKDF2", "PBKDF2SHA1", "Argon2", "BCryptSHA256", "BCrypt", "Scrypt", "MD5"]


def setup():
    import django.contrib.auth.hashers as hashers

    settings.configure(
        SECRET_KEY=SECRET_KEY,
        SECRET_KEY_FALLBACKS=[OLD_KEY],
        ROOT_URLCONF=__name__,
        USE_TZ=True,
        TIME_ZONE="UTC",
        INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", "django.contrib.sessions"],
        PASSWORD_HASHERS=[
            "django.contrib.auth.hashers.%sPasswordHasher" % name
            for name in HASHERS
            if hasattr(hashers, name + "PasswordHasher")
        ],
        LOGGING_CONFIG=None,
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
    )
    import logging

    logging.disable(logging.CRITICAL)
    django.setup()
    cheap = {
        "PBKDF2": {"iterations": 10},
        "PBKDF2SHA1": {"iterations": 10},
        "Argon2": {"time_cost": 1, "memory_cost": 64, "parallelism": 1},
        "BCryptSHA256": {"rounds": 4},
        "BCrypt": {"rounds": 4},
        "Scrypt": {"work_factor": 16, "block_size": 8, "parallelism": 1},
    }
    for name, attributes in cheap.items():
        for attribute, value in attributes.items():
            if hasattr(hashers, name + "PasswordHasher"):
                setattr(getattr(hashers, name + "PasswordHasher"), attribute, value)


class At:
    """time.time() for one case."""

    real = time.time

    def __init__(self, now):
        self.now = now

    def __enter__(self):
        time.time = lambda: self.now

    def __exit__(self, *args):
        time.time = At.real


def dumps(value):
    return json.dumps(value, separators=(",", ":"))


def same(claim, value):
    """Whether the JSON text of the other side is this very value."""
    try:
        return repr(json.loads(claim)) == repr(value)
    except ValueError:
        return False


def unassigned(text):
    """The characters that this Python's Unicode does not know yet."""
    return "".join(c for c in text if unicodedata.category(c) == "Cn")


def cookie_parse(case):
    from django.core.handlers.wsgi import get_str_from_wsgi
    from django.http import parse_cookie

    header = base64.b64decode(case["header"]).decode("latin-1")
    return parse_cookie(get_str_from_wsgi({"HTTP_COOKIE": header}, "HTTP_COOKIE", ""))


def set_cookie(case):
    from django.http import HttpResponse

    response = HttpResponse()
    attributes = {key: case[key] for key in ("path", "domain", "samesite")}
    with At(case["now"]):
        if case["delete"]:
            response.delete_cookie(case["name"], **attributes)
        else:
            for key in ("max_age", "secure", "httponly"):
                attributes[key] = case[key]
            response.set_cookie(case["name"], case["value"], **attributes)
    (cookie,) = response.cookies.values()
    return {"line": cookie.OutputString()}


def store():
    from django.contrib.sessions.backends.db import SessionStore

    return SessionStore()


def session_decode(case):
    value = store().decode(case["data"])
    return {"text": dumps(value), "same": same(case["claim"], value)}


def session_encode(case):
    value = json.loads(case["json"])
    with At(case["now"]):
        return {"data": store().encode(value), "back": dumps(store().decode(case["claim"]))}


class DataOnly(pickle.Unpickler):
    def find_class(self, module, name):
        raise pickle.UnpicklingError("a class")


def session_pickle(case):
    value = json.loads(case["json"])
    claimed = DataOnly(io.BytesIO(base64.b64decode(case["claim"]))).load()
    return {
        "pickle": base64.b64encode(pickle.dumps(value, case["protocol"])).decode(),
        "same": repr(claimed) == repr(value),
    }


def signed(case):
    from django.core import signing

    keys = {"key": case["key"], "salt": case["salt"]}
    if django.VERSION >= (4, 1):
        keys["fallback_keys"] = [OLD_KEY]
    try:
        with At(case["now"]):
            if case["how"] == "loads":
                value = signing.loads(case["signed"], max_age=case["max_age"], **keys)
                return {"text": dumps(value), "same": same(case["claim"], value)}
            if case["how"] == "timestamp":
                return {"text": signing.TimestampSigner(**keys).unsign(case["signed"], max_age=case["max_age"])}
            return {"text": signing.Signer(**keys).unsign(case["signed"])}
    except signing.SignatureExpired:
        return {"error": "SignatureExpired"}
    except signing.BadSignature:
        return {"error": "BadSignature"}


def password_hash(case):
    from django.contrib.auth import hashers

    answer = {"usable": hashers.is_password_usable(case["encoded"])}
    try:
        answer["algorithm"] = hashers.identify_hasher(case["encoded"]).algorithm
    except ValueError:
        answer["algorithm"] = ""
    updates = []
    try:
        answer["ok"] = hashers.check_password(case["password"], case["encoded"], updates.append)
        answer["update"] = bool(updates)
    except BaseException as e:  # bcrypt panics
        answer["raises"], answer["note:type"] = True, type(e).__name__
        answer["ok"] = answer["update"] = False
    return answer


def safe_url(case):
    from django.utils.http import url_has_allowed_host_and_scheme

    safe = url_has_allowed_host_and_scheme(case["url"], set(case["hosts"]), case["https"])
    return {"safe": safe, "note:unassigned": unassigned(case["url"])}


def login_redirect(case):
    from django.contrib.auth.views import redirect_to_login

    return {"location": redirect_to_login(case["next"], case["login_url"], case["field"])["Location"]}


def username(case):
    from django.contrib.auth.base_user import AbstractBaseUser
    from django.contrib.auth.forms import UsernameField
    from django.contrib.auth.validators import ASCIIUsernameValidator, UnicodeUsernameValidator
    from django.core.exceptions import ValidationError

    text = case["text"]
    answer = {"normal": AbstractBaseUser.normalize_username(text), "note:unassigned": unassigned(text)}
    for name, validator in ("valid", UnicodeUsernameValidator), ("ascii", ASCIIUsernameValidator):
        try:
            validator()(text)
            answer[name] = True
        except ValidationError:
            answer[name] = False
    try:
        answer["clean"] = UsernameField(max_length=150).clean(text)
    except ValidationError as e:
        answer["clean"], answer["code"] = "", e.error_list[0].code
    answer["fold"] = unicodedata.normalize("NFKC", text).casefold()
    return answer


def email(case):
    from django.contrib.auth.base_user import BaseUserManager
    from django.core.exceptions import ValidationError
    from django.core.validators import validate_email

    answer = {"normal": BaseUserManager.normalize_email(case["text"]), "note:unassigned": unassigned(case["text"])}
    try:
        validate_email(case["text"])
        answer["valid"] = True
    except ValidationError:
        answer["valid"] = False
    return answer


def csrf_token(case):
    """What Django 4.1 and later make of a cookie and a token."""
    from django.middleware import csrf

    answer = {}
    for name in "cookie", "token":
        try:
            csrf._check_token_format(case[name])
            answer[name] = "ok"
        except csrf.InvalidTokenFormat as e:
            answer[name] = e.reason
    secret = case["cookie"]
    if answer["cookie"] == "ok" == answer["token"]:
        if len(secret) == csrf.CSRF_TOKEN_LENGTH:
            secret = csrf._unmask_cipher_token(secret)
        answer["match"] = csrf._does_token_match(case["token"], secret)
        answer["secret"] = secret
        answer["mine"] = csrf._does_token_match(case["masked"], secret)
    return answer


def request_of(case):
    """The request of a case: each header as a WSGI server gives it, if it is there."""
    from django.test import RequestFactory

    headers = {name: case[name] for name in case if name.startswith("HTTP_") and case[name] is not None}
    if case["cookie"] is not None:
        headers["HTTP_COOKIE"] = "csrftoken=" + case["cookie"]
    data = case["body"] or ""
    factory = RequestFactory()
    request = factory.generic(
        case["method"], "/", data, content_type="application/x-www-form-urlencoded", secure=case["secure"], **headers
    )
    request.META["SERVER_PORT"] = case["port"]
    return request


def csrf_request(case):
    """What CsrfViewMiddleware decides, behind a look at the host as CommonMiddleware has it."""
    from django.core.exceptions import DisallowedHost
    from django.http import HttpResponse
    from django.middleware import csrf
    from django.test.utils import override_settings

    with override_settings(
        ALLOWED_HOSTS=["example.com", ".sub.example.com", "[::1]"],
        CSRF_TRUSTED_ORIGINS=case["trusted"],
        CSRF_COOKIE_DOMAIN=case["domain"],
        CSRF_FAILURE_VIEW=__name__ + ".csrf_refused",
    ):
        request, answer = request_of(case), {}
        try:
            request.get_host()
        except DisallowedHost:
            return {"status": 400}

        def view(request):
            if case["use"]:
                answer["token"] = csrf._unmask_cipher_token(csrf.get_token(request)) == case["secret"]
            return HttpResponse()

        middleware = csrf.CsrfViewMiddleware(view)
        middleware.process_request(request)
        response = middleware.process_view(request, view, (), {}) or view(request)
        response = middleware.process_response(request, response) or response
        answer["status"], answer["vary"] = response.status_code, response.get("Vary", "")
        answer["reason"] = response.content.decode() if response.status_code == 403 else ""
        answer["sent"] = "csrftoken" in response.cookies
        answer["kept"] = answer["sent"] and response.cookies["csrftoken"].value == case["secret"]
        return answer


def csrf_refused(request, reason=""):
    from django.http import HttpResponseForbidden

    return HttpResponseForbidden(reason)


def session_cache(case):
    """What caches are told of a response, by SessionMiddleware around a view."""
    from django.contrib.sessions.middleware import SessionMiddleware
    from django.http import HttpResponse
    from django.test import RequestFactory
    from django.test.utils import override_settings

    def view(request):
        if case["act"] == "set":
            request.session["x"] = 1
        elif case["act"] == "flush":
            request.session.flush()
        else:
            request.session.get("x")
        response = HttpResponse()
        if case["said"] is not None:
            response["Cache-Control"] = case["said"]
        return response

    with override_settings(SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies"):
        cookie = "" if case["act"] == "set" else "sessionid=" + signed_session(x=1)
        response = SessionMiddleware(view)(RequestFactory().get("/", HTTP_COOKIE=cookie))
    return {
        "cookie": bool(response.cookies),
        "vary": response.get("Vary", ""),
        "cache": response["Cache-Control"] if "Cache-Control" in response else None,
    }


def signed_session(**data):
    from django.contrib.sessions.backends.signed_cookies import SessionStore

    session = SessionStore()
    session.update(data)
    session.save()
    return session.session_key


def csrf_in_session(case):
    """Where CsrfViewMiddleware keeps the secret with CSRF_USE_SESSIONS."""
    from django.contrib.sessions.middleware import SessionMiddleware
    from django.http import HttpResponse
    from django.middleware import csrf
    from django.test import RequestFactory
    from django.test.utils import override_settings

    def inner(request):
        def view(request):
            if case["use"]:
                csrf.get_token(request)
            return HttpResponse()

        middleware = csrf.CsrfViewMiddleware(view)
        middleware.process_request(request)
        response = middleware.process_view(request, view, (), {}) or view(request)
        return middleware.process_response(request, response) or response

    with override_settings(
        SESSION_ENGINE="django.contrib.sessions.backends.signed_cookies",
        CSRF_USE_SESSIONS=True,
        ALLOWED_HOSTS=["testserver"],
        CSRF_FAILURE_VIEW=__name__ + ".csrf_refused",
    ):
        cookies = []
        if case["session"] is not None:
            cookies.append("sessionid=" + signed_session(**case["session"]))
        if case["cookie"] is not None:
            cookies.append("csrftoken=" + case["cookie"])
        request = RequestFactory().generic(
            case["method"],
            "/",
            "csrfmiddlewaretoken=" + case["token"],
            content_type="application/x-www-form-urlencoded",
            HTTP_COOKIE="; ".join(cookies),
        )
        response = SessionMiddleware(inner)(request)
        return {
            "status": response.status_code,
            "kept": "_csrftoken" in request.session,
            "cookie": "csrftoken" in response.cookies,
        }


def host(case):
    """Whether a host is allowed."""
    from django.http.request import split_domain_port, validate_host

    domain, port = split_domain_port(case["host"])
    return {"allowed": bool(domain) and validate_host(domain, case["allowed"]), "note:domain": domain, "note:port": port}


def user(case):
    from django.contrib.auth.models import User

    fields = dict(case["user"])
    if fields.get("last_login"):
        fields["last_login"] = datetime.datetime.fromisoformat(fields["last_login"])
    return User(**fields)


def reset_token(case):
    from django.contrib.auth.tokens import default_token_generator

    return {"ok": default_token_generator.check_token(user(case), case["token"])}


def uid(case):
    from django.utils.http import urlsafe_base64_decode

    return {"id": urlsafe_base64_decode(case["uid"]).decode()}


@functools.lru_cache
def validators():
    from django.contrib.auth import password_validation

    names = ("UserAttributeSimilarity", "MinimumLength", "CommonPassword", "NumericPassword")
    path = "django.contrib.auth.password_validation.%sValidator"
    return password_validation.get_password_validators([{"NAME": path % name} for name in names])


def password_validation(case):
    from django.contrib.auth.password_validation import validate_password
    from django.core.exceptions import ValidationError

    answer = {"errors": [], "note:unassigned": unassigned(case["password"] + "".join(case["user"].values()))}
    try:
        validate_password(case["password"], user(case), validators())
    except ValidationError as e:
        answer["errors"] = [[one.code, one.message % (one.params or {})] for one in e.error_list]
    return answer


ORACLES = {
    f.__name__: f
    for f in (
        cookie_parse, set_cookie, session_decode, session_encode, session_pickle, signed, password_hash,
        safe_url, login_redirect, username, email, csrf_token, csrf_request, session_cache,
        csrf_in_session, host,
        reset_token, uid, password_validation,
    )
}


def answer(oracle, case):
    try:
        return ORACLES[oracle](case)
    except BaseException as e:
        return {"error": "refused", "note:type": type(e).__name__}


def main():
    setup()
    print(json.dumps({"django": django.get_version(), "unicode": unicodedata.unidata_version}), flush=True)
    for line in sys.stdin:
        request = json.loads(line)
        print(json.dumps([answer(request["oracle"], case) for case in request["cases"]]), flush=True)


if __name__ == "__main__":
    main()
