"""Runs a real Django on a database that Coatcheck made ("default") and on an
empty one ("django"), and prints what it found as JSON. The databases are in the
environment variable DJANGO_DATABASES, as Django's setting of that name."""
import contextlib
import io
import json
import os
import sys

import django
from django.conf import settings

with contextlib.suppress(ImportError):
    # Distributions ship Django with an older driver than it asks for, which does.
    import MySQLdb

    if MySQLdb.version_info < (2, 2, 1):
        MySQLdb.version_info = (2, 2, 1, "final", 0)

settings.configure(
    SECRET_KEY="x" * 50,
    INSTALLED_APPS=[
        "django.contrib.admin",
        "django.contrib.auth",
        "django.contrib.contenttypes",
        "django.contrib.sessions",
        "django.contrib.messages",
    ],
    DATABASES=json.loads(os.environ["DJANGO_DATABASES"]),
    USE_TZ=True,
    DEFAULT_AUTO_FIELD="django.db.models.AutoField",  # as the recorded schemas
)
django.setup()

from django.contrib.auth.models import Permission  # noqa: E402
from django.contrib.contenttypes.models import ContentType  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connections  # noqa: E402
from django.db.migrations.recorder import MigrationRecorder  # noqa: E402


def run(*args, **options):
    """The exit code and the output of a command."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(out):
        try:
            call_command(*args, stdout=out, stderr=out, no_color=True, **options)
            code = 0
        except SystemExit as end:
            code = end.code
    return {"exit": code, "output": out.getvalue()}


def rows(alias):
    return {
        "content_types": sorted(ContentType.objects.using(alias).values_list("app_label", "model")),
        "permissions": sorted(
            Permission.objects.using(alias).values_list(
                "content_type__app_label", "content_type__model", "codename", "name"
            )
        ),
        "migrations": sorted(
            MigrationRecorder.Migration.objects.using(alias)
            .exclude(app__in=["messages", "coatcheck"]).values_list("app", "name")
        ),
    }


result = {
    "version": django.get_version(),
    "check": run("migrate", "--check", database="default"),
    "makemigrations": run("makemigrations", "--check", "--dry-run"),
    "before": rows("default"),
    "migrate": run("migrate", database="default", verbosity=1),
    "after": rows("default"),
    "own": run("migrate", database="django", verbosity=0),
}
result["django"] = rows("django")
for connection in connections.all():
    connection.close()
json.dump(result, sys.stdout)
