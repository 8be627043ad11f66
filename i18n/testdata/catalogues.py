"""Says what Python's gettext makes of catalogues.

Reads the names of .mo files, one a line, and writes for each a line of JSON: of
every message the key and the texts for the counts given as arguments. A message
without a plural has one text.
"""

import gettext
import json
import sys

counts = [int(count) for count in sys.argv[1:]]
for name in sys.stdin.read().splitlines():
    with open(name, "rb") as file:
        translations = gettext.GNUTranslations(file)
    single, plural = {}, {}
    for key in translations._catalog:
        if isinstance(key, tuple):
            plural[key[0]] = [translations.ngettext(key[0], "the plural", n) for n in counts]
        elif key:
            single[key] = translations.gettext(key)
    print(json.dumps({"single": single, "plural": plural}))
