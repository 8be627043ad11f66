#!/usr/bin/env python3
"""Reads and writes one-time messages by a real Django.

Standard input is one JSON object: "lists" of messages to write, each [level, text,
extra tags, safe], and "stored", what Coatcheck wrote of the same lists. Standard output
has what this Django writes, and what it reads of the stored.
"""

import json
import sys

from django.conf import settings

given = json.load(sys.stdin)
settings.configure(SECRET_KEY=given["key"], MESSAGE_LEVEL=1)

from django.contrib.messages.storage import fallback  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.utils.safestring import SafeData, mark_safe  # noqa: E402


def storage(stored):
    request = HttpRequest()
    request.session = {}
    if stored["cookie"]:
        request.COOKIES["messages"] = stored["cookie"]
    if stored["session"]:
        request.session["_messages"] = stored["session"]
    return request, fallback.FallbackStorage(request)


def write(messages):
    request, kept = storage({"cookie": "", "session": ""})
    for level, text, tags, safe in messages:
        kept.add(level, mark_safe(text) if safe else text, tags)
    response = HttpResponse()
    kept.update(response)
    cookie = response.cookies.get("messages")
    return {"cookie": cookie.value if cookie else "", "session": request.session.get("_messages", "")}


def read(stored):
    request, kept = storage(stored)
    messages = [[m.level, m.message, m.extra_tags or "", isinstance(m.message, SafeData), m.tags] for m in kept]
    response = HttpResponse()
    kept.update(response)
    left = "_messages" in request.session
    return {"messages": messages, "left": left, "deleted": response.cookies["messages"]["max-age"] == 0 if "messages" in response.cookies else False}


print(json.dumps({"written": [write(one) for one in given["lists"]], "read": [read(one) for one in given["stored"]]}))
