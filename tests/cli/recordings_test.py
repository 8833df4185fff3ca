# SPDX-License-Identifier: MIT
"""Every recorded OpenAI exchange comes out of the command as it was recorded.

The oracle is the recording itself, assembled here from its own bytes: for streams chunk by chunk, as OpenAI documents it.
"""

import collections
import json
import pathlib
import tempfile
import unittest

from loopback import KEY, Answer, Recordings, Server, aikit


# What the numbered set of errors says of each status, unless the body's code says more (the provider's own table).
CODES = {400: "invalid_request", 401: "authentication", 403: "permission", 404: "not_found", 429: "rate_limited", 500: "server_error"}


def answer_of(recording, pieces=None):
    response = recording["response"]
    return Answer(response["status"], response.get("headers") or {"content-type": "application/json"}, response["body"],
                  chunked=pieces is not None, pieces=pieces)


def events_of(body):
    """The data of each server-sent event."""
    events = []
    for block in body.replace("\r\n", "\n").split("\n\n"):
        data = [line[5:].lstrip(" ") for line in block.split("\n") if line.startswith("data:")]
        if data:
            events.append("\n".join(data))
    return events


def assemble(chunks):
    """The choices and usage of a stream, by OpenAI's documentation of its chunks."""
    choices = collections.OrderedDict()
    usage = None
    for chunk in chunks:
        usage = chunk.get("usage") or usage
        for part in chunk.get("choices") or []:
            choice = choices.setdefault(part["index"], {"content": "", "refusal": "", "calls": collections.OrderedDict(),
                                                       "finish_reason": None, "tokens": []})
            delta = part.get("delta") or {}
            choice["content"] += delta.get("content") or ""
            choice["refusal"] += delta.get("refusal") or ""
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


class OpenAi(Recordings):
    folder = "openai"

    def exchange(self, recording, command, *flags, pieces=None):
        """Runs `command --request FILE` against a server that answers as recorded; the outcome and what was sent."""
        with tempfile.TemporaryDirectory() as folder, Server(lambda *_: answer_of(recording, pieces)) as server:
            arguments = [command, "--json", "--provider", "openai", "--base-url", server.base_url, "--max-retries", "0", *flags]
            if recording["request"]["body"] is not None:
                request = pathlib.Path(folder) / "request.json"
                request.write_text(json.dumps(recording["request"]["body"]))
                arguments += ["--request", request]
            outcome = aikit(*arguments)
            self.assertEqual(len(server.seen), 1, outcome.err)
            method, path, headers, body = server.seen[0]
            self.assertEqual(path, recording["request"]["path"])
            self.assertEqual(headers.get("Authorization") or headers.get("authorization"), "Bearer " + KEY)
            self.assertNotIn(KEY, outcome.out + outcome.err)
            return outcome, json.loads(body) if body else None

    def check_request(self, recording, sent):
        """What we send is what the real client sent; streams also ask for their usage."""
        expected = recording["request"]["body"]
        if expected.get("stream"):
            sent = {**sent, "stream_options": expected.get("stream_options")}
            expected = {**expected, "stream_options": expected.get("stream_options")}
        # Deprecated for models that count reasoning; the same limit under its new name.
        if "max_tokens" in expected and "max_completion_tokens" in sent:
            sent = dict(sent)
            sent["max_tokens"] = sent.pop("max_completion_tokens")
        self.assertEqual(sent, {key: value for key, value in expected.items()})

    def check_error(self, recording, outcome):
        status = recording["response"]["status"]
        self.assertNotEqual(outcome.code, 0)
        error = outcome.last["error"]
        self.assertEqual(error["http_status"], status)
        body = json.loads(recording["response"]["body"])
        theirs = body.get("error") if isinstance(body.get("error"), dict) else {}
        if theirs.get("code"):
            self.assertEqual(error["provider_code"], str(theirs["code"]))
        self.assertEqual(error["provider"], "openai")
        if theirs.get("code") not in ("context_length_exceeded", "insufficient_quota"):
            self.assertEqual(error["code"], CODES[status])
        self.assertTrue(outcome.err.startswith("aikit: "), outcome.err)
        request_id = (recording["response"].get("headers") or {}).get("x-request-id")
        if request_id:
            self.assertEqual(error["request_id"], request_id)

    def test_whole_replies_and_errors_of_chat_are_what_was_recorded(self):
        for name, recording in self.load("/v1/chat/completions".__eq__):
            body = recording["request"]["body"]
            if body is None or body.get("stream"):
                continue
            with self.subTest(name):
                outcome, sent = self.exchange(recording, "chat")
                self.check_request(recording, sent)
                if recording["response"]["status"] >= 400:
                    self.check_error(recording, outcome)
                else:
                    self.assertEqual(outcome.code, 0, outcome.err)
                    reply = outcome.last
                    info = reply.pop("aikit")
                    self.assertEqual(reply, json.loads(recording["response"]["body"]))
                    self.assertTrue(info["complete"])
                    self.assertEqual(info["provider"], "openai")
                    self.assertEqual(len(info["attempts"]), 1)
                self.passed["chat" if outcome.code == 0 else "error"] += 1

    def test_streams_of_chat_are_what_was_recorded(self):
        for name, recording in self.load("/v1/chat/completions".__eq__):
            body = recording["request"]["body"]
            if body is None or not body.get("stream"):
                continue
            with self.subTest(name):
                whole = recording["response"]["body"].encode()
                step = max(1, len(whole) // 50)
                pieces = [whole[i:i + step] for i in range(0, len(whole), step)]
                outcome, sent = self.exchange(recording, "chat", "--stream", pieces=pieces)
                self.check_request(recording, sent)
                if recording["response"]["status"] >= 400:
                    self.check_error(recording, outcome)
                    self.passed["error"] += 1
                    continue
                events = events_of(recording["response"]["body"])
                chunks = [json.loads(event) for event in events if event != "[DONE]"]
                if events[-1] != "[DONE]" or any("error" in chunk for chunk in chunks):
                    self.assertNotEqual(outcome.code, 0)
                    self.assertFalse(outcome.last.get("partial", {}).get("aikit", {}).get("complete"))
                    self.passed["broken stream"] += 1
                    continue
                self.assertEqual(outcome.code, 0, outcome.err)
                reply = outcome.last
                self.assertEqual(reply["object"], "chat.completion")
                self.assertTrue(reply["aikit"]["complete"])
                choices, usage = assemble(chunks)
                self.assertEqual(len(reply["choices"]), len(choices))
                for choice in reply["choices"]:
                    expected = choices[choice["index"]]
                    self.assertEqual(choice["message"].get("content") or "", expected["content"])
                    self.assertEqual(choice["message"].get("refusal") or "", expected["refusal"])
                    self.assertEqual(choice["finish_reason"], expected["finish_reason"])
                    calls = [{"id": call["id"], **call["function"]} for call in choice["message"].get("tool_calls") or []]
                    wanted = [{"id": call["id"], "name": call["name"], "arguments": call["arguments"] or "{}"}
                              for call in expected["calls"].values()]
                    self.assertEqual(calls, wanted)
                    tokens = ((choice.get("logprobs") or {}).get("content")) or []
                    self.assertEqual(tokens, expected["tokens"])
                if usage:
                    self.assertEqual(reply["usage"], usage)
                shown, _ = assemble([json.loads(line) for line in outcome.lines[:-1]])
                for index, expected in choices.items():
                    self.assertEqual(shown[index]["content"], expected["content"])
                    self.assertEqual(shown[index]["finish_reason"], expected["finish_reason"])
                self.passed["stream"] += 1

    def test_embeddings_are_what_was_recorded(self):
        import base64
        import struct
        for name, recording in self.load("/v1/embeddings".__eq__):
            with self.subTest(name):
                outcome, sent = self.exchange(recording, "embed")
                if recording["response"]["status"] >= 400:
                    self.check_error(recording, outcome)
                    self.passed["error"] += 1
                    continue
                self.assertEqual(outcome.code, 0, outcome.err)
                expected = json.loads(recording["response"]["body"])
                reply = outcome.last
                self.assertEqual(sent["model"], recording["request"]["body"]["model"])
                self.assertEqual(sent["input"], recording["request"]["body"]["input"])
                self.assertEqual(reply["usage"], expected["usage"])
                for ours, theirs in zip(reply["data"], expected["data"], strict=True):
                    vector = theirs["embedding"]
                    if isinstance(vector, str):
                        raw = base64.b64decode(vector)
                        vector = list(struct.unpack("<%df" % (len(raw) // 4), raw))
                    single = struct.unpack("<%df" % len(vector), struct.pack("<%df" % len(vector), *vector))
                    got = struct.unpack("<%df" % len(vector), struct.pack("<%df" % len(vector), *ours["embedding"]))
                    self.assertEqual(got, single)
                self.passed["embedding"] += 1

    def test_moderations_are_what_was_recorded(self):
        for name, recording in self.load("/v1/moderations".__eq__):
            with self.subTest(name):
                outcome, sent = self.exchange(recording, "moderate")
                if recording["response"]["status"] >= 400:
                    self.check_error(recording, outcome)
                    self.passed["error"] += 1
                    continue
                self.assertEqual(outcome.code, 0, outcome.err)
                self.assertEqual(sent["input"], recording["request"]["body"]["input"])
                reply = outcome.last
                reply.pop("aikit")
                self.assertEqual(reply, json.loads(recording["response"]["body"]))
                self.passed["moderation"] += 1

    def test_errors_without_a_known_request_are_what_was_recorded(self):
        for name, recording in self.load("/v1/chat/completions".__eq__):
            if recording["request"]["body"] is not None:
                continue
            with self.subTest(name):
                stream = "text/event-stream" in (recording["response"].get("headers") or {}).get("content-type", "") \
                    or recording["response"]["body"].startswith("data:")
                recording["request"]["body"] = {"model": "gpt-4o", "messages": [{"role": "user", "content": "Hello"}]}
                outcome, _ = self.exchange(recording, "chat", *(["--stream"] if stream else []))
                if recording["response"]["status"] >= 400:
                    self.check_error(recording, outcome)
                    self.passed["error"] += 1
                elif stream:
                    events = events_of(recording["response"]["body"])
                    whole = events and events[-1] == "[DONE]" and not any("error" in json.loads(e) for e in events[:-1])
                    self.assertEqual(outcome.code == 0, bool(whole), outcome.err)
                    self.passed["stream" if whole else "broken stream"] += 1
                else:
                    reply = outcome.last
                    reply.pop("aikit")
                    self.assertEqual(reply, json.loads(recording["response"]["body"]))
                    self.passed["chat"] += 1


if __name__ == "__main__":
    unittest.main()
