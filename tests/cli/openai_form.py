# SPDX-License-Identifier: MIT
"""What OpenAI's Chat Completions, embeddings and moderations say, by OpenAI's documentation, for all who speak them."""

import base64
import collections
import json
import struct

from replay import Broken, Choice, Failure, Replay, Reply, events_of

# What the numbered set of errors says of each status, unless the body's code says more.
CODES = {400: "invalid_request", 401: "authentication", 403: "permission", 404: "not_found", 413: "invalid_request",
         422: "invalid_request", 424: "server_error", 429: "rate_limited", 500: "server_error", 502: "overloaded", 503: "overloaded"}
WORDS = {"context_length_exceeded": "context_length", "insufficient_quota": "quota_exceeded", "content_filter": "content_filtered",
         "model_not_found": "not_found", "invalid_api_key": "authentication", "unknown_model": "not_found"}


def assemble(chunks):
    """The choices and usage of a stream."""
    choices = collections.OrderedDict()
    usage = None
    for chunk in chunks:
        usage = chunk.get("usage") or (chunk.get("x_groq") or {}).get("usage") or usage
        for part in chunk.get("choices") or []:
            choice = choices.setdefault(part["index"], {"content": "", "refusal": "", "reasoning": "", "calls": collections.OrderedDict(),
                                                       "finish_reason": None, "tokens": []})
            delta = part.get("delta") or {}
            choice["content"] += delta.get("content") or ""
            choice["refusal"] += delta.get("refusal") or ""
            choice["reasoning"] += delta.get("reasoning_content") or delta.get("reasoning") or ""
            choice["finish_reason"] = part.get("finish_reason") or choice["finish_reason"]
            for token in ((part.get("logprobs") or {}).get("content")) or []:
                choice["tokens"].append(token)
            for call in delta.get("tool_calls") or []:
                known = choice["calls"].setdefault(call.get("index", 0), {"id": None, "name": "", "arguments": ""})
                known["id"] = known["id"] or call.get("id")
                function = call.get("function") or {}
                known["name"] = known["name"] or function.get("name") or ""
                known["arguments"] += function.get("arguments") or ""
    for choice in choices.values():
        # A server that ends without a reason has still asked for its tools.
        choice["finish_reason"] = choice["finish_reason"] or ("tool_calls" if choice["calls"] else None)
    return choices, usage


def thought(text):
    return [{"text": text}] if text else []


def whole_choice(choice):
    message = choice["message"]
    return Choice(message.get("content") or "", thought(message.get("reasoning_content") or message.get("reasoning")),
                  message.get("refusal") or "",
                  [(call["id"], call["function"]["name"], json.loads(call["function"]["arguments"] or "{}"))
                   for call in message.get("tool_calls") or []],
                  choice.get("finish_reason"), ((choice.get("logprobs") or {}).get("content")) or [])


def streamed_choice(choice):
    return Choice(choice["content"], thought(choice["reasoning"]), choice["refusal"],
                  [(call["id"], call["name"], json.loads(call["arguments"] or "{}")) for call in choice["calls"].values()],
                  choice["finish_reason"], choice["tokens"])


def numbers(given):
    if isinstance(given, str):
        raw = base64.b64decode(given)
        return list(struct.unpack("<%df" % (len(raw) // 4), raw))
    return given


class OpenAiForm(Replay):
    """A dialect whose requests and replies are OpenAI's own."""

    dialect = "openai"
    ends_with_done = True

    def in_openai_form(self, recording):
        # What aikit says by itself: streams are asked for their usage, vectors travel in base64.
        return {key: value for key, value in recording.body.items() if key not in ("stream", "stream_options", "encoding_format")}

    def canonical(self, body, did):
        body = dict(body)
        if body.pop("stream_options", None) is not None:
            did("stream_options")
        if body.get("stream") is False:
            body.pop("stream")
            did("stream: false")
        if "max_completion_tokens" in body and "max_tokens" not in body:
            body["max_tokens"] = body.pop("max_completion_tokens")
            did("max_completion_tokens")
        if "input" in body:
            if body.pop("encoding_format", None) is not None:
                did("encoding_format")
            if isinstance(body["input"], str):
                body["input"] = [body["input"]]
                did("input is a list")
        return body

    def failure(self, recording):
        body = json.loads(recording.answer)
        body = body[0] if isinstance(body, list) else body
        theirs = body.get("error") if isinstance(body.get("error"), dict) else {}
        word = theirs.get("code")
        word = str(word) if word is not None else None
        return Failure(WORDS.get(word, CODES[recording.status]), recording.status, word, None, recording.headers.get("x-request-id"))

    def expected(self, recording):
        if recording.status >= 400:
            return self.failure(recording)
        if recording.route.endswith("/chat/completions"):
            return self.stream(recording) if self.is_stream(recording) else self.whole(recording)
        body = json.loads(recording.answer)
        if recording.route.endswith("/embeddings"):
            return Reply({}, body.get("usage"), body=[numbers(one["embedding"]) for one in body["data"]])
        return Reply({}, body=body)

    def whole(self, recording):
        body = json.loads(recording.answer)
        return Reply({choice["index"]: whole_choice(choice) for choice in body["choices"]}, body.get("usage"), exactly=True, body=body)

    def stream(self, recording):
        events = events_of(recording.answer)
        chunks = [json.loads(event) for event in events if event != "[DONE]"]
        if any(chunk.get("error") for chunk in chunks):
            return Broken("server_error", "invalid_request", "rate_limited", "overloaded")
        if self.ends_with_done and (not events or events[-1] != "[DONE]"):
            return Broken("incomplete")
        choices, usage = assemble(chunks)
        first = next((chunk for chunk in chunks if chunk.get("id")), {})
        return Reply({index: streamed_choice(choice) for index, choice in choices.items()}, usage, exactly=True,
                     id=first.get("id"), model=first.get("model"))
