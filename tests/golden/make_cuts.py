#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes tests/golden/cuts.jsonl: recorded streams cut at 20 places each, and the tokens of what was delivered by then, as OpenAI's
own tiktoken counts them.

    pip install tiktoken
    python3 tests/golden/make_cuts.py build/data > tests/golden/cuts.jsonl

Streams of text in OpenAI's form by OpenAI's models, without hidden reasoning, whose bytes are as they were recorded. A cut at N means
that the first N bytes of the body arrive; "text" is the length in bytes of what they deliver, to tell a wrong reading from a wrong count; "told" is what the provider had said of its
output by then, where it had.
"""

import json
import pathlib
import re
import sys

from make_tokens import encodings

RECORDINGS = pathlib.Path(__file__).resolve().parents[3] / "shared" / "recordings"
PLACES = 20


def encoding_of(model):
    """The published rule: models before gpt-4o have cl100k_base, those since then o200k_base."""
    if re.match(r"gpt-3\.5-turbo|gpt-4-|gpt-4$", model):
        return "cl100k_base"
    return "o200k_base" if re.match(r"gpt-[45]|o[134]", model) else None


def events(body):
    """The data of the whole events of a body: an event that lacks its empty line has not come."""
    end = 0
    for blank in re.finditer(rb"\r\n\r\n|\n\n|\r\r", body):
        end = blank.end()
    for line in re.split(rb"\r\n|\n|\r", body[:end]):
        if line.startswith(b"data:") and line[5:].strip() not in (b"", b"[DONE]"):
            yield json.loads(line[5:])


def delivered(body):
    return "".join((choice.get("delta") or {}).get(part) or ""
                   for event in events(body) for choice in event.get("choices") or [] for part in ("content", "refusal"))


def told(body):
    usages = [event["usage"] for event in events(body) if event.get("usage")]
    return usages[-1]["completion_tokens"] if usages else None


def qualifies(document):
    body = document["response"]["body"]
    path = document["request"]["path"].split("?")[0]
    if not path.endswith("/chat/completions") or document["response"]["status"] != 200 or "data:" not in body[:200]:
        return None
    if document["fidelity"] not in ("exact", "exact-body"):
        return None
    model = None
    for event in events(body.encode()):
        model = event.get("model") or model
        details = (event.get("usage") or {}).get("completion_tokens_details") or {}
        if details.get("reasoning_tokens"):
            return None
        for choice in event.get("choices") or []:
            delta = choice.get("delta") or {}
            if choice.get("index") or any(delta.get(part) for part in delta if part not in ("role", "content", "refusal", "obfuscation")):
                return None
    return model if model and encoding_of(model) and delivered(body.encode()) else None


def main():
    made = encodings(sys.argv[1])
    for path in sorted(RECORDINGS.glob("*/*.json")):
        document = json.loads(path.read_text())
        model = qualifies(document)
        if model is None:
            continue
        body = document["response"]["body"].encode()
        encoding = made[encoding_of(model)]
        for place in range(1, PLACES + 1):
            at = len(body) * place // (PLACES + 1)
            text = delivered(body[:at])
            row = {"recording": f"{path.parent.name}/{path.name}", "model": model, "at": at, "text": len(text.encode()),
                   "tokens": len(encoding.encode_ordinary(text)), "told": told(body[:at])}
            print(json.dumps(row, separators=(",", ":")))


main()
