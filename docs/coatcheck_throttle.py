"""Coatcheck's throttling of logins in Django, the admin's included.

Copy this file into the site, and put it first in the settings:

    AUTHENTICATION_BACKENDS = ["coatcheck_throttle.ThrottleBackend", "django.contrib.auth.backends.ModelBackend"]

Guesses here and at Coatcheck then share their budgets: the table is the same, and
so are SECRET_KEY and the limits. See docs/throttling.md for what is to be set.
"""

import base64
import hmac
import ipaddress
import re
import time

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.backends import BaseBackend
from django.contrib.auth.signals import user_logged_in
from django.core.exceptions import PermissionDenied
from django.db import connections, router
from django.dispatch import receiver
from django.utils.crypto import salted_hmac

# How many guesses at once, and the seconds after which there is one more.
LIMITS = {"account": (10, 1200), "device": (10, 300), "address": (50, 6), **getattr(settings, "COATCHECK_THROTTLE", {})}
EXACT = {__name__ + ".ThrottleBackend"} | {"django.contrib.auth.backends." + name for name in ("ModelBackend", "RemoteUserBackend")}


def client_address(request):
    """The client's address; behind a proxy give another function by COATCHECK_THROTTLE_ADDRESS."""
    return getattr(settings, "COATCHECK_THROTTLE_ADDRESS", lambda r: r.META.get("REMOTE_ADDR", ""))(request)


def mac(salt, value, key=None):
    return salted_hmac(salt, value, key, algorithm="sha256")


def budget(kind, value):
    return (kind, mac("coatcheck.throttle", kind + ":" + value).hexdigest())


def address_budget(request):
    try:
        address = ipaddress.ip_address(client_address(request).partition("%")[0])
    except ValueError:
        return None
    address = getattr(address, "ipv4_mapped", None) or address
    if address.version == 6:
        address = ipaddress.ip_network((address, 64), strict=False)
    return budget("address", str(address))


def find(username):
    """The user of that name, and the one who signs in by it: one query or, with backends of the site's own, three."""
    users = get_user_model()._default_manager
    by_name = {get_user_model().USERNAME_FIELD: username}
    named = owner = users.filter(**by_name).first()
    if loose():
        folded = users.filter(**{name + "__iexact": username for name in by_name}).order_by("pk").first()
        named = owner = named or folded
        if "@" in username and get_user_model().get_email_field_name():
            owners = users.filter(**{get_user_model().get_email_field_name() + "__iexact": username})
            owners = [owner for owner in owners if owner.is_active]
            owner = owners[0] if len(owners) == 1 else named
    return named, owner


def loose():
    return bool(set(settings.AUTHENTICATION_BACKENDS) - EXACT)


def keys(names):
    """What stands for two texts, the same where the database takes them for one username."""
    if max(len(name.encode()) for name in names) > 1280:
        return ["text:" + name for name in names]
    connection = connections[router.db_for_write(get_user_model())]
    with connection.cursor() as cursor:
        if connection.vendor == "mysql":
            quote, meta = connection.ops.quote_name, get_user_model()._meta
            column = meta.get_field(get_user_model().USERNAME_FIELD).column
            cursor.execute(
                "SELECT HEX(WEIGHT_STRING(x)) FROM (SELECT 0 AS n, %s AS x FROM %s WHERE 1 = 0 UNION ALL SELECT 1, RTRIM(%%s)"
                " UNION ALL SELECT 2, RTRIM(%%s) UNION ALL SELECT 3, ' ') texts ORDER BY n" % (quote(column), quote(meta.db_table)),
                names,
            )
            *weights, space = [row[0] for row in cursor.fetchall()]
            return ["weight:" + re.sub("^((?:.{%d})*?)(?:%s)*$" % (len(space), space), r"\1", weight) for weight in weights]
        if not loose():
            return ["text:" + name for name in names]
        if connection.vendor == "postgresql":
            cursor.execute("SELECT UPPER(%s::text), UPPER(%s::text)", names)
            return ["fold:" + upper for upper in cursor.fetchone()]
    return ["fold:" + re.sub("[A-Z]", lambda found: found[0].lower(), name) for name in names]


def device(request, user):
    """The nonce by which the account knows the browser, or None."""
    parts = request.COOKIES.get("coatcheck_device", "").split(".")
    if user is None or len(parts) > 5 or not all(re.fullmatch("[A-Za-z0-9_-]{64}", part) for part in parts):
        return None
    for part in parts:
        raw = base64.urlsafe_b64decode(part)
        signed = "%s%d:%s%s" % (raw[:16].hex(), len(str(user.pk)), user.pk, user.password)
        for key in [settings.SECRET_KEY, *getattr(settings, "SECRET_KEY_FALLBACKS", [])]:
            if hmac.compare_digest(mac("coatcheck.auth.device", signed, key).digest(), raw[16:]):
                return raw[:16].hex()
    return None


def budgets(request, username):
    """What a guess costs: kind, name, and whose login makes it whole, None where anybody's does."""
    named, owner = find(username)
    user = named or owner
    nonce = device(request, user)
    if nonce:
        return [(*budget("device", "id:%s:%s" % (user.pk, nonce)), user.pk)]
    typed, own = keys([username, owner.get_username() if owner else username])
    found = [(*budget("account", typed), user and user.pk)]
    if own != typed:
        found.append((*budget("account", own), owner.pk))
    address = address_budget(request)
    return [(*address, None)] * bool(address) + found


def run(sql, *args):
    connection = connections[router.db_for_write(get_user_model())]
    with connection.cursor() as cursor:
        if connection.vendor == "mysql":
            sql = sql.replace("INSERT INTO", "INSERT IGNORE INTO").replace(" ON CONFLICT DO NOTHING", "")
        cursor.execute(sql, args)
        return cursor.rowcount


def take(kind, name):
    """Takes an attempt, in one statement that the database does at once; False where there is none."""
    burst, every = LIMITS[kind][0], int(LIMITS[kind][1] * 1000000)
    for _ in range(2):
        now = time.time_ns() // 1000
        update = "UPDATE coatcheck_throttle SET tat = CASE WHEN tat > %s THEN tat ELSE %s END + %s WHERE name = %s AND tat <= %s"
        if run(update, now, now, every, name, now + (burst - 1) * every):
            return True
        if run("INSERT INTO coatcheck_throttle (name, tat) VALUES (%s, %s) ON CONFLICT DO NOTHING", name, now + every):
            return True
    return False


def give(kind, name):
    run("UPDATE coatcheck_throttle SET tat = tat - %s WHERE name = %s", int(LIMITS[kind][1] * 1000000), name)


class ThrottleBackend(BaseBackend):
    """Signs nobody in. It takes what a guess costs before the other backends hash anything, or ends the search."""

    def authenticate(self, request, username=None, password=None, **kwargs):
        username = username if username is not None else kwargs.get(get_user_model().USERNAME_FIELD)
        if request is None or username is None or password is None or "\x00" in username:
            return None
        taken = []
        for one in budgets(request, username):
            if not take(*one[:2]):
                for other in taken:
                    give(*other[:2])
                raise PermissionDenied("Too many attempts")
            taken.append(one)
        request._coatcheck_taken = taken
        return None


@receiver(user_logged_in)
def settle(sender, request, user, **kwargs):
    """A login makes the budget of the account or device whole, and gives the address its attempt back."""
    for kind, name, owner in getattr(request, "_coatcheck_taken", None) or []:
        if kind == "address" or owner not in (None, user.pk):
            give(kind, name)
        else:
            run("DELETE FROM coatcheck_throttle WHERE name = %s", name)
    if request is not None:
        request._coatcheck_taken = None
