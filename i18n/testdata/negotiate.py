"""Says which language Django chooses.

Reads JSON: pairs of a cookie and an Accept-Language header. Writes the codes of
LANGUAGES that have a catalogue, and those that were chosen.
"""

import json
import sys
from types import SimpleNamespace

import django
from django.conf import global_settings, settings

settings.configure(USE_I18N=True)
django.setup()

from django.utils.translation import trans_real  # noqa: E402

chosen = []
for cookie, accept in json.load(sys.stdin):
    request = SimpleNamespace(COOKIES={"django_language": cookie} if cookie else {}, META={"HTTP_ACCEPT_LANGUAGE": accept})
    chosen.append(trans_real.get_language_from_request(request).lower())
languages = [code for code, _ in global_settings.LANGUAGES if trans_real.check_for_language(code)]
json.dump({"languages": languages, "chosen": chosen}, sys.stdout)
