# SPDX-License-Identifier: MIT
"""Every recorded chat, embedding and list of models of Ollama's own API goes out, and comes in, as it was recorded.

The oracle is the recording: its request is put into OpenAI's form here, and has to leave the command as it stood; its
answer is put together here from its own lines.
"""

import json
import pathlib
import tempfile
import unittest

from loopback import Answer, Recordings, Server, aikit

OPTIONS = {"num_predict": "max_tokens", "temperature": "temperature", "top_p": "top_p", "seed": "seed", "stop": "stop",
           "presence_penalty": "presence_penalty", "frequency_penalty": "frequency_penalty"}


def message_of(message, calls):
    out = {"role": message["role"]}
    content = message.get("content") or ""
    if message.get("images"):
        content = [{"type": "text", "text": content}] if content else []
        content += [{"type": "image_url", "image_url": {"url": "data:image/png;base64," + image}} for image in message["images"]]
    out["content"] = content
    if message.get("thinking"):
        out["reasoning"] = message["thinking"]
    if message.get("tool_calls"):
        out["tool_calls"] = []
        for call in message["tool_calls"]:
            calls.append(call.get("id") or "call_%d" % len(calls))
            out["tool_calls"].append({"id": calls[-1], "type": "function", "function": {
                "name": call["function"]["name"], "arguments": json.dumps(call["function"]["arguments"])}})
        out["_ids"] = calls[-len(message["tool_calls"]):]
    return out


def in_openai_form(body):
    out = {key: value for key, value in body.items() if key not in ("messages", "options", "stream")}
    messages, calls, waiting = [], [], []
    for message in body["messages"]:
        one = message_of(message, calls)
        waiting += one.pop("_ids", [])
        if message["role"] == "tool":
            one["tool_call_id"] = message.get("tool_call_id") or (waiting.pop(0) if waiting else "call_0")
        messages.append(one)
    out["messages"] = messages
    rest = {}
    for name, value in (body.get("options") or {}).items():
        (out if name in OPTIONS else rest)[OPTIONS.get(name, name)] = value
    if rest:
        out["options"] = rest
    return out


def canonical(body):
    """The same request, however it is spelled."""
    out = {key: value for key, value in body.items() if value not in (None, [], {}, "")}
    messages = []
    for message in body["messages"]:
        message = {key: value for key, value in message.items() if value not in (None, [], "")}
        message.pop("tool_name", None)  # said by the name, by the id, or by the order
        message.pop("name", None)
        message.pop("tool_call_id", None)
        message["tool_calls"] = [{"name": call["function"]["name"], "arguments": call["function"]["arguments"]}
                                 for call in message.get("tool_calls") or []]
        messages.append(message)
    out["messages"] = messages
    if "stop" in (out.get("options") or {}) and isinstance(out["options"]["stop"], str):
        out["options"] = {**out["options"], "stop": [out["options"]["stop"]]}
    out["tools"] = [{key: value for key, value in tool["function"].items() if value not in (None, "")}
                    for tool in out.get("tools") or []]
    return out


def assemble(body):
    """The whole answer of a stream; nothing when it is not whole."""
    whole = None
    message = {"content": "", "thinking": "", "tool_calls": []}
    for line in body.splitlines():
        if not line.strip():
            continue
        chunk = json.loads(line)
        if "error" in chunk:
            return None
        piece = chunk.get("message") or {}
        message["content"] += piece.get("content") or ""
        message["thinking"] += piece.get("thinking") or ""
        message["tool_calls"] += piece.get("tool_calls") or []
        if chunk["done"]:
            whole = {**chunk, "message": message}
    return whole


class Ollama(Recordings):
    folder = "ollama"

    def recorded(self, path):
        # One whose request is not known, and whose answer is in OpenAI's form, came from the compatible surface.
        return (one for one in self.load(path.__eq__) if '"object":"chat.completion"' not in one[1]["response"]["body"])

    def exchange(self, recording, command, request, *flags, pieces=None):
        response = recording["response"]
        headers = {"content-type": "application/json", **(response.get("headers") or {})}
        answer = Answer(response["status"], headers, response["body"], chunked=pieces is not None, pieces=pieces)
        with tempfile.TemporaryDirectory() as folder, Server(lambda *_: answer) as server:
            arguments = []
            if request is not None:
                file = pathlib.Path(folder) / "request.json"
                file.write_text(json.dumps(request))
                arguments = ["--request", file]
            place = server.base_url[len("http://"):-len("/v1")]
            outcome = aikit(command, "--json", "--provider", "ollama", *(["--max-retries", "0"] if request else []), *arguments,
                            *flags, env={"OLLAMA_HOST": place})
            self.assertEqual(len(server.seen), 1, outcome.err)
            _, path, _, body = server.seen[0]
            self.assertEqual(path, recording["request"]["path"])
            return outcome, json.loads(body) if body else None

    def check_reply(self, reply, whole):
        self.assertEqual(reply["model"], whole["model"])
        self.assertTrue(reply["aikit"]["complete"])
        self.assertEqual(reply["aikit"]["cost_usd"] if "cost_usd" in reply["aikit"] else 0, 0)
        [choice] = reply["choices"]
        message = whole["message"]
        self.assertEqual(choice["message"].get("content") or "", message.get("content") or "")
        self.assertEqual(choice["message"].get("reasoning") or "", message.get("thinking") or "")
        calls = [(call["function"]["name"], json.loads(call["function"]["arguments"]))
                 for call in choice["message"].get("tool_calls") or []]
        wanted = [(call["function"]["name"], call["function"].get("arguments") or {}) for call in message.get("tool_calls") or []]
        self.assertEqual(calls, wanted)
        ids = [call["id"] for call in choice["message"].get("tool_calls") or []]
        self.assertEqual(len(ids), len(set(ids)))
        self.assertTrue(all(ids))
        reason = whole.get("done_reason") or "stop"
        self.assertEqual(choice["finish_reason"], "tool_calls" if calls and reason == "stop" else reason)
        if "eval_count" in whole or "prompt_eval_count" in whole:
            self.assertEqual(reply["usage"]["prompt_tokens"], whole.get("prompt_eval_count", 0))
            self.assertEqual(reply["usage"]["completion_tokens"], whole.get("eval_count", 0))
        for name in ("total_duration", "load_duration", "eval_duration"):
            self.assertEqual(reply.get(name), whole.get(name))

    def check_error(self, recording, outcome):
        self.assertNotEqual(outcome.code, 0)
        error = outcome.last["error"]
        status = recording["response"]["status"]
        self.assertEqual(error["http_status"], status)
        theirs = json.loads(recording["response"]["body"])["error"]
        long = "context length" in str(theirs) or "prompt too long" in str(theirs)
        codes = {400: "context_length" if long else "invalid_request", 401: "authentication", 404: "not_found"}
        self.assertEqual(error["code"], codes[status])

    def test_each_chat_goes_out_and_comes_in_as_it_was_recorded(self):
        for name, recording in self.recorded("/api/chat"):
            with self.subTest(name):
                asked = recording["request"]["body"]
                body = recording["response"]["body"]
                known = isinstance(asked, dict)
                stream = asked.get("stream", True) if known else len(body.strip().splitlines()) > 1
                request = in_openai_form(asked) if known else {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}
                raw = body.encode()
                step = max(1, len(raw) // 60)
                pieces = [raw[i:i + step] for i in range(0, len(raw), step)] if stream else None
                outcome, sent = self.exchange(recording, "chat", request, *(["--stream"] if stream else []), pieces=pieces)
                if known:
                    self.assertEqual(canonical(sent), canonical({**asked, "stream": stream}))
                if recording["response"]["status"] >= 400:
                    self.check_error(recording, outcome)
                    self.passed["error"] += 1
                    continue
                whole = assemble(body)
                if whole is None:
                    self.assertNotEqual(outcome.code, 0)
                    self.passed["broken stream"] += 1
                    continue
                self.assertEqual(outcome.code, 0, outcome.err)
                self.check_reply(outcome.last, whole)
                self.passed["stream" if stream else "chat"] += 1

    def test_a_stream_cut_after_any_line_is_incomplete_and_keeps_what_came(self):
        for name, recording in self.recorded("/api/chat"):
            lines = recording["response"]["body"].splitlines(keepends=True)
            if len(lines) < 4 or assemble(recording["response"]["body"]) is None:
                continue
            with self.subTest(name):
                step = max(1, len(lines) // 5)
                for count in range(1, len(lines), step):
                    cut = {**recording, "response": {**recording["response"], "body": "".join(lines[:count])}}
                    request = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}
                    outcome, _ = self.exchange(cut, "chat", request, "--stream", pieces=[cut["response"]["body"].encode()])
                    error = outcome.last["error"]
                    self.assertEqual(error["code"], "incomplete", outcome.err)
                    text = "".join((json.loads(line).get("message") or {}).get("content") or "" for line in lines[:count])
                    partial = (outcome.last.get("partial") or error.get("partial"))["choices"]
                    self.assertEqual((partial[0]["message"].get("content") or "") if partial else "", text)

    def test_an_error_within_a_stream_is_what_it_says(self):
        body = '{"model":"m","created_at":"2025-10-26T17:21:21Z","message":{"role":"assistant","content":"Yes"},"done":false}\n' \
               '{"error":"an error was encountered while running the model"}\n'
        recording = {"request": {"path": "/api/chat"}, "response": {"status": 200, "body": body}}
        request = {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}
        outcome, _ = self.exchange(recording, "chat", request, "--stream", pieces=[body.encode()])
        self.assertEqual(outcome.last["error"]["code"], "server_error")

    def test_embeddings_are_what_was_recorded(self):
        for name, recording in self.recorded("/api/embed"):
            with self.subTest(name):
                asked = recording["request"]["body"]
                outcome, sent = self.exchange(recording, "embed", asked)
                self.assertEqual(outcome.code, 0, outcome.err)
                texts = asked["input"] if isinstance(asked["input"], list) else [asked["input"]]
                self.assertEqual((sent["model"], sent["input"], sent.get("options")), (asked["model"], texts, asked.get("options")))
                expected = json.loads(recording["response"]["body"])
                for ours, theirs in zip(outcome.last["data"], expected["embeddings"], strict=True):
                    for a, b in zip(ours["embedding"], theirs, strict=True):
                        self.assertAlmostEqual(a, b, delta=1e-6)
                self.passed["embedding"] += 1

    def test_models_are_what_was_recorded(self):
        for name, recording in self.recorded("/api/tags"):
            with self.subTest(name):
                outcome, _ = self.exchange(recording, "models", None)
                self.assertEqual(outcome.code, 0, outcome.err)
                expected = json.loads(recording["response"]["body"])["models"]
                self.assertEqual([model["id"] for model in outcome.last["data"]], [model["name"] for model in expected])
                self.passed["models"] += 1


if __name__ == "__main__":
    unittest.main()
