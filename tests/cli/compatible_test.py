# SPDX-License-Identifier: MIT
"""Endpoints that speak OpenAI's dialect are known by their names: addresses, keys, and in what they differ. Every recorded
chat with one of them goes out, and comes in, as it was recorded."""

import json
import unittest

from loopback import KEY as COMMON_KEY
from loopback import Answer, Server, aikit
from openai_form import OpenAiForm
from replay import Broken, Failure

# By the makers' own documentation: the variable of the key (None: it runs here), does it end streams with "[DONE]",
# does it take stream_options.
KNOWN = {"deepseek": ("DEEPSEEK_API_KEY", True, True), "groq": ("GROQ_API_KEY", True, True),
         "huggingface": ("HF_TOKEN", False, True), "llamacpp": (None, True, True), "mistral": ("MISTRAL_API_KEY", True, False),
         "openrouter": ("OPENROUTER_API_KEY", True, True), "perplexity": ("PERPLEXITY_API_KEY", False, False),
         "together": ("TOGETHER_API_KEY", True, True), "vllm": (None, True, True), "xai": ("XAI_API_KEY", True, True)}
KEY = "compatible-canary-8e3b"
CHUNKS = [{"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
           "choices": [{"index": 0, "delta": {"role": "assistant", "content": "Hello"}, "finish_reason": None}]},
          {"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "m",
           "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}]
BODY = "".join("data: %s\n\n" % json.dumps(chunk) for chunk in CHUNKS)


def stream(name, body, env):
    with Server(lambda *_: Answer(200, {"content-type": "text/event-stream"}, body, chunked=True, pieces=[body.encode()])) as server:
        outcome = aikit("chat", "Hi", "--json", "--stream", "--max-retries", "0", "--provider", name, "--model", "m",
                        "--base-url", server.base_url, env={"OPENAI_API_KEY": None, **env})
        _, path, headers, sent = server.seen[0]
        return outcome, path, {key.lower(): value for key, value in headers.items()}, json.loads(sent)


class Recorded(OpenAiForm):
    dialect = "compatible"
    folders = ("openai-compat",)

    def claims(self, recording):
        return "chat" if recording.route.endswith("/chat/completions") else None

    def place(self, recording, root):
        name = recording.surface if recording.surface in KNOWN else "openai"
        env = {"OPENAI_API_KEY": COMMON_KEY if name == "openai" else None, KNOWN.get(name, ("OPENAI_API_KEY",))[0]: COMMON_KEY}
        return ["--provider", name, "--base-url", root + "/v1"], env, None

    def path_of(self, recording):
        return "/v1/chat/completions"

    def is_stream(self, recording):
        return recording.body.get("stream") if recording.known else recording.answer.startswith(("data:", ":"))

    def canonical(self, body, did):
        body = super().canonical(body, did)
        messages = []
        for message in body["messages"]:
            kept = {key: value for key, value in message.items() if value is not None}
            if kept != message:
                did("null members")
            messages.append(kept)
        return {**body, "messages": messages}

    def failure(self, recording):
        error = json.loads(recording.answer)["error"]
        words = {"model_not_found": "not_found", "invalid_api_key": "authentication"}
        code = words.get(error.get("code")) or words.get(error.get("type")) or {400: "invalid_request", 429: "rate_limited"}[recording.status]
        if "maximum context length" in error["message"]:
            code = "context_length"
        return Failure(code, recording.status, str(error["code"]))

    def stream(self, recording):
        if recording.kind == "in_stream_error":
            return Broken("invalid_request")
        self.ends_with_done = KNOWN.get(recording.surface, (None, True))[1]
        expected = super().stream(recording)
        return expected


class Compatible(unittest.TestCase):
    def test_each_is_asked_as_it_wants_to_be(self):
        for name, (variable, _, takes_options) in KNOWN.items():
            with self.subTest(name):
                env = {variable: KEY} if variable else {}
                outcome, path, headers, sent = stream(name, BODY + "data: [DONE]\n\n", env)
                self.assertEqual(outcome.code, 0, outcome.err)
                self.assertEqual(path, "/v1/chat/completions")
                self.assertEqual(headers.get("authorization"), "Bearer " + KEY if variable else None)
                self.assertEqual("stream_options" in sent, takes_options)
                self.assertEqual(outcome.last["aikit"]["provider"], name)

    def test_a_stream_without_an_end_marker_is_whole_only_where_there_is_none(self):
        for name, (variable, marker, _) in KNOWN.items():
            with self.subTest(name):
                outcome, _, _, _ = stream(name, BODY, {variable: KEY} if variable else {})
                if marker:
                    self.assertEqual(outcome.last["error"]["code"], "incomplete")
                else:
                    self.assertEqual(outcome.code, 0, outcome.err)
                    self.assertTrue(outcome.last["aikit"]["complete"])
                cut, _, _, _ = stream(name, BODY[:BODY.index("data:", 10)], {variable: KEY} if variable else {})
                self.assertEqual(cut.last["error"]["code"], "incomplete")

    def test_what_the_headers_say_of_limits_stands_beside_the_attempt(self):
        body = json.dumps({"id": "c", "object": "chat.completion", "created": 1, "model": "m", "choices": [
            {"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}]})
        limits = {"x-ratelimit-limit-requests": "500", "x-ratelimit-remaining-requests": "499", "x-ratelimit-reset-requests": "1m30.5s",
                  "x-ratelimit-remaining-tokens": "-1"}
        for headers, expected in ((limits, {"requests": {"limit": 500, "remaining": 499, "reset": 90.5}}), ({}, None)):
            for flags, answer in (([], Answer(200, {"content-type": "application/json", **headers}, body)),
                                  (["--stream"], Answer(200, {"content-type": "text/event-stream", **headers}, BODY + "data: [DONE]\n\n"))):
                with self.subTest(headers=headers, flags=flags), Server(lambda *_: answer) as server:
                    outcome = aikit("chat", "Hi", "--json", "--provider", "groq", "--model", "m", "--base-url", server.base_url, *flags,
                                    env={"OPENAI_API_KEY": None, "GROQ_API_KEY": KEY})
                    self.assertEqual(outcome.code, 0, outcome.err)
                    self.assertEqual(outcome.last["aikit"]["attempts"][0].get("rate_limits"), expected)

    def test_a_missing_key_is_named_and_nobody_is_asked(self):
        for name, (variable, _, _) in KNOWN.items():
            if variable is None:
                continue
            with self.subTest(name):
                outcome = aikit("chat", "Hi", "--json", "--provider", name, "--model", "m", env={"OPENAI_API_KEY": None})
                self.assertEqual(outcome.last["error"]["code"], "authentication")
                self.assertIn(variable, outcome.err)


if __name__ == "__main__":
    unittest.main()
