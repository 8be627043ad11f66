"""Coatcheck's sessions that are bound to devices, honoured in Django.

Copy this file into the site, and put it right behind AuthenticationMiddleware in the settings:

    MIDDLEWARE = [..., "coatcheck_device.DeviceBoundMiddleware", ...]

A session that Coatcheck has bound then signs in nobody here without the cookie of its device.
SECRET_KEY is the same on both sides. See docs/device-bound.md.
"""

import time

from asgiref.sync import sync_to_async
from django.contrib.auth.models import AnonymousUser
from django.contrib.auth.signals import user_logged_in
from django.core.signing import BadSignature, Signer
from django.dispatch import receiver
from django.utils.deprecation import MiddlewareMixin
from django.utils.functional import SimpleLazyObject

COOKIE, KEY, SALT = "__Host-coatcheck_device", "_coatcheck_bound", "coatcheck.device_bound"


def shown(request):
    """Whether the request comes from the device to which its session is bound, if it is bound."""

    def valid(text):
        binding, _, until = text.partition(":")
        return binding == bound.partition(":")[0] and until.isdecimal() and time.time() < int(until)

    bound = request.session.get(KEY, None)
    if bound is None or valid(bound):  # a request may be older than the binding
        return True
    try:
        return valid(Signer(salt=SALT).unsign(request.COOKIES.get(COOKIE, "")))
    except BadSignature:
        return False


class DeviceBoundMiddleware(MiddlewareMixin):
    def process_request(self, request):
        user, auser = request.user, getattr(request, "auser", None)
        request.user = SimpleLazyObject(lambda: user if shown(request) else AnonymousUser())
        if auser:

            async def found():
                return await auser() if await sync_to_async(shown)(request) else AnonymousUser()

            request.auser = found


@receiver(user_logged_in)
def unbind(request, **kwargs):
    """A login from another device goes on under another key, and is not bound; a copy ends."""
    if request is not None and not shown(request):
        del request.session[KEY]
        request.session.cycle_key()
