"""Twilio's side of a webhook, by the code Twilio gives its customers: signs requests and builds documents.

Reads one JSON object a line and answers each with one:

{"sign": {"token": …, "url": …, "params": [[name, value], …]}}  -> {"signature": …}
{"sign_json": {"token": …, "url": …, "body": …}}                -> {"url": …, "signature": …}
{"same": {"document": …, "verbs": [verb, …]}}                   -> {"same": …, "built": …}

A verb is {"verb": "dial", "args": [...], "with": {...}, "in": [verb, …]}, by the names of VoiceResponse.
"""

import json
import sys
import xml.etree.ElementTree as ElementTree

from multidict import MultiDict
from twilio.request_validator import RequestValidator
from twilio.twiml.voice_response import VoiceResponse


def sign(token, url, params):
    return {"signature": RequestValidator(token).compute_signature(url, MultiDict(params))}


def sign_json(token, url, body):
    validator = RequestValidator(token)
    joint = "&" if "?" in url else "?"
    url = f"{url}{joint}bodySHA256={validator.compute_hash(body)}"
    signature = validator.compute_signature(url, {})
    assert validator.validate(url, body, signature), "Twilio does not believe its own signature"
    return {"url": url, "signature": signature}


def add(parent, verb):
    child = getattr(parent, verb["verb"])(*verb.get("args", []), **verb.get("with", {}))
    for inner in verb.get("in", []):
        add(child, inner)


def plain(element):
    children = [plain(child) for child in element]
    return [element.tag, sorted(element.attrib.items()), element.text or "", children]


def same(document, verbs):
    response = VoiceResponse()
    for verb in verbs:
        add(response, verb)
    built = str(response)
    ours = plain(ElementTree.fromstring(document.encode()))
    return {"same": ours == plain(ElementTree.fromstring(built.encode())), "built": built}


DOES = {"sign": sign, "sign_json": sign_json, "same": same}
for line in sys.stdin:
    (what, arguments), = json.loads(line).items()
    print(json.dumps(DOES[what](**arguments)), flush=True)
