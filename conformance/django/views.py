"""Every view reads a form or a JSON object, and answers in JSON.

The messages are those of Coatcheck's views, so that a test can run the same steps
on both. The views are exempt from the CSRF check, as a test is no browser; the
admin is not.
"""

import datetime
import json
from importlib import import_module

from django.conf import settings
from django.contrib.auth import authenticate, get_user, get_user_model, login, logout, update_session_auth_hash
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import Group, Permission
from django.db import IntegrityError, router, transaction
from django.http import HttpRequest, JsonResponse
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

User = get_user_model()


def fields(request):
    if request.content_type == "application/json":
        return json.loads(request.body)
    return request.POST.dict()


@csrf_exempt
@require_POST
def signup(request):
    """username, password, optional email and extra fields: makes a user, and no session."""
    data = fields(request)
    try:
        with transaction.atomic(using=router.db_for_write(User)):
            User.objects.create_user(data["username"], data.get("email", ""), data["password"], **data.get("extra", {}))
    except IntegrityError:
        return JsonResponse({"error": "A user with that username already exists."}, status=409)
    return JsonResponse({"message": "User created successfully"}, status=201)


@csrf_exempt
@require_POST
def log_in(request):
    """username, password."""
    data = fields(request)
    user = authenticate(request, username=data["username"], password=data["password"])
    if user is None:
        return JsonResponse({"error": "Invalid credentials"}, status=401)
    login(request, user)
    return JsonResponse({"message": "Login successful"})


@csrf_exempt
@require_POST
def log_out(request):
    logout(request)
    return JsonResponse({"message": "Logout successful"})


@login_required
def profile(request):
    """Behind Django's own login_required: 302 to the login page without a user."""
    return JsonResponse({"profile": "private data", "username": request.user.get_username()})


def whoami(request):
    """What this site makes of the request."""
    user = request.user
    return JsonResponse(
        {
            "user": user.get_username(),
            "user_id": str(user.pk or ""),
            "is_authenticated": user.is_authenticated,
            "is_superuser": user.is_superuser,
            "session_key": request.session.session_key or "",
            "session": dict(request.session.items()),
        }
    )


@csrf_exempt
@require_POST
def signed_in(request):
    """keys: whom the session of each signs in, and its key from then on, as by a request with that cookie."""
    engine = import_module(settings.SESSION_ENGINE)
    answers = []
    for key in fields(request)["keys"]:
        visit = HttpRequest()
        visit.session = engine.SessionStore(key)
        username = get_user(visit).get_username()
        if visit.session.modified and not visit.session.is_empty():
            visit.session.save()
        answers.append([username, visit.session.session_key or ""])
    return JsonResponse({"sessions": answers})


@csrf_exempt
@require_POST
def set_session(request):
    """A JSON object: sets its items in the session; null removes one."""
    for key, value in fields(request).items():
        if value is None:
            # Not pop, which as the first look at a signed cookie that cannot be
            # read forgets that the cookie is to be replaced.
            if key in request.session:
                del request.session[key]
        else:
            request.session[key] = value
    return JsonResponse({"message": "Session changed"})


@csrf_exempt
@require_POST
def set_object(request):
    """Puts a Python object into the session, which no JSON can hold."""
    request.session["seen"] = datetime.datetime(2026, 11, 28, 12)
    request.session["pair"] = (1, "b")
    return JsonResponse({"message": "Session changed"})


@csrf_exempt
@require_POST
def change_password(request):
    """old, new: for the user who is logged in, whose session lives on."""
    data, user = fields(request), request.user
    if not user.is_authenticated:
        return JsonResponse({"error": "Unauthorized"}, status=401)
    if not user.check_password(data["old"]):
        return JsonResponse({"error": "Invalid credentials"}, status=401)
    user.set_password(data["new"])
    user.save()
    update_session_auth_hash(request, user)
    return JsonResponse({"message": "Password changed"})


@csrf_exempt
@require_POST
def deactivate(request):
    """username: of any user, by anybody."""
    if not User.objects.filter(**{User.USERNAME_FIELD: fields(request)["username"]}).update(is_active=False):
        return JsonResponse({"error": "No such user"}, status=404)
    return JsonResponse({"message": "User deactivated"})


@csrf_exempt
@require_POST
def answer(request):
    """status: answers with it, after it counted the answers in the session."""
    request.session["answers"] = request.session.get("answers", 0) + 1
    return JsonResponse({"message": "Answered"}, status=fields(request)["status"])


@csrf_exempt
@require_POST
def set_expiry(request):
    """expiry: null, a number of seconds, or the text of a date."""
    expiry = fields(request)["expiry"]
    request.session.set_expiry(datetime.datetime.fromisoformat(expiry) if isinstance(expiry, str) else expiry)
    return JsonResponse({"message": "Expiry changed"})


@csrf_exempt
@require_POST
def flush(request):
    request.session.flush()
    return JsonResponse({"message": "Flushed"})


@csrf_exempt
@require_POST
def cycle_key(request):
    request.session.cycle_key()
    return JsonResponse({"message": "Cycled"})


@csrf_exempt
@require_POST
def set_active(request):
    """username, active."""
    data = fields(request)
    User.objects.filter(**{User.USERNAME_FIELD: data["username"]}).update(is_active=data["active"])
    return JsonResponse({"message": "Changed"})


@csrf_exempt
@require_POST
def set_keys(request):
    """keys: the SECRET_KEY from now on, as after a restart, and the SECRET_KEY_FALLBACKS."""
    settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS = fields(request)["keys"]
    return JsonResponse({"message": "Changed"})


def columns(request):
    """The own columns of a user of a custom model, as JSON writes them: ?username=."""
    user = User.objects.get(**{User.USERNAME_FIELD: request.GET["username"]})
    own = ["company", "employees", "score", "verified", "birthday", "seen", "badge", "settings"]
    return JsonResponse({"id": str(user.pk), **{name: getattr(user, name) for name in own}})


@csrf_exempt
@require_POST
def permissions(request):
    """username, group, permission: grants the permission to the group, puts the user
    into it, and tells what the user may do."""
    data = fields(request)
    user = User.objects.get(**{User.USERNAME_FIELD: data["username"]})
    app, codename = data["permission"].split(".")
    group, _ = Group.objects.get_or_create(name=data["group"])
    group.permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    user.groups.add(group)
    return may(user)


def may(user):
    return JsonResponse(
        {
            "groups": sorted(group.name for group in user.groups.all()),
            "own": sorted(user.get_user_permissions()),
            "by_group": sorted(user.get_group_permissions()),
        }
    )


def permissions_of(request):
    """What a user may do: ?username=."""
    return may(User.objects.get(**{User.USERNAME_FIELD: request.GET["username"]}))
