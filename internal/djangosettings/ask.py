# Prints what 'coatcheck settings' asks a Django for: every setting, as diffsettings
# --all does, and what follows from them. Run it by 'manage.py shell'.
import django
from django.conf import settings
from django.utils.module_loading import import_string


def tell(name, find):
    try:
        print(name, "=", repr(find()))
    except Exception:
        pass


def hasher(path):
    from django.contrib.auth.hashers import BasePasswordHasher

    facts = {"path": path}
    try:
        made = import_string(path)()
        kind = type(made)
        theirs = [c for c in kind.__mro__ if c.__module__ == "django.contrib.auth.hashers"][0]
    except Exception:
        return facts
    facts["algorithm"] = made.algorithm
    if theirs is not BasePasswordHasher:
        facts["class"] = theirs.__name__
    for name in ("encode", "verify", "decode", "digest"):
        if getattr(kind, name, None) is not getattr(theirs, name, None):
            facts["altered"] = True
    for name in ("iterations", "time_cost", "memory_cost", "parallelism", "rounds", "work_factor", "block_size", "salt_entropy"):
        if isinstance(getattr(made, name, None), int):
            facts[name] = getattr(made, name)
    try:
        facts["hash_len"] = made.params().hash_len
    except Exception:
        pass
    return facts


def user_model():
    from django.contrib.auth import get_user_model
    from django.contrib.auth.base_user import AbstractBaseUser

    model = get_user_model()
    meta = model._meta
    own = [f for f in meta.concrete_fields if not f.primary_key]
    filled = [f for f in own if not f.null and (f.blank or f.has_default()) and not callable(f.default)]
    return {
        "table": meta.db_table,
        "model": meta.model_name,
        "id": meta.pk.column,
        "id_type": meta.pk.get_internal_type(),
        "username": meta.get_field(model.USERNAME_FIELD).column,
        "columns": {f.name: f.column for f in own},
        "needed": [f.column for f in own if not f.null and f not in filled],
        "defaults": {f.column: f.get_default() for f in filled},
        "parents": len(meta.parents),
        "own_hash": getattr(model, "get_session_auth_hash", None) is not AbstractBaseUser.get_session_auth_hash,
    }


def routes():
    from django.apps import apps
    from django.contrib.auth import get_user_model
    from django.db import router

    found = {"users": router.db_for_write(get_user_model())}
    if apps.is_installed("django.contrib.sessions"):
        found["sessions"] = router.db_for_write(apps.get_model("sessions", "Session"))
    return found


for name in dir(settings):
    if name.isupper():
        tell(name, lambda: getattr(settings, name))
tell("COATCHECK_DJANGO", lambda: "%d.%d" % django.VERSION[:2])
tell("COATCHECK_HASHERS", lambda: [hasher(path) for path in settings.PASSWORD_HASHERS])
tell("COATCHECK_USER_MODEL", user_model)
tell("COATCHECK_DATABASES", routes)
