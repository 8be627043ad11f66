"""Asks the settings modules of a folder by a script, all by one Django.

usage: ask_table.py SCRIPT FOLDER, where FOLDER/NAME.py are the modules, and
FOLDER/NAME.txt what the script printed of each. A module with other INSTALLED_APPS
has a process of its own.
"""

import contextlib
import importlib
import os
import sys

script, folder = sys.argv[1:]
with open(script) as file:
    code = compile(file.read(), script, "exec")
sys.path[:0] = [folder, os.getcwd()]
own, others = [], []
for entry in sorted(os.listdir(folder)):
    module, end = os.path.splitext(entry)
    if end == ".py":
        with open(os.path.join(folder, entry)) as file:
            (own if "INSTALLED_APPS" in file.read() else others).append(module)


def ask(module):
    from django.conf import Settings, settings
    from django.db import router

    settings._wrapped = Settings(module)
    router.__dict__.pop("routers", None)
    router._routers = None  # which else are those of the module before
    with open(os.path.join(folder, module + ".txt"), "w") as out, contextlib.redirect_stdout(out):
        exec(code, {})


def setup(module):
    import django

    os.environ["DJANGO_SETTINGS_MODULE"] = module
    django.setup()


for module in own:
    child = os.fork()
    if child == 0:
        setup(module)
        ask(module)
        os._exit(0)
    if os.waitpid(child, 0)[1] != 0:
        sys.exit("ask_table: %s failed" % module)
setup("project")
for module in others:
    importlib.import_module(module)
    ask(module)
