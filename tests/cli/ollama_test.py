# SPDX-License-Identifier: MIT
"""Every recorded chat, embedding and list of models of Ollama's own API goes out, and comes in, as it was recorded; and its
own ways.

The oracle is the recording: its request is put into OpenAI's form here, and has to leave the command as it stood; its
answer is put together here from its own lines.
"""

import json
import unittest

from replay import Broken, Choice, Failure, Replay, Reply, recordings

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
    if "think" in out:
        out["reasoning_effort"] = "medium" if out.pop("think") else "none"
    if isinstance(out.get("format"), dict):
        out["response_format"] = {"type": "json_schema", "json_schema": {"name": "reply", "schema": out.pop("format")}}
    return {key: value for key, value in out.items() if value != ""}


def canonical(body, did):
    """The same request, however it is spelled."""
    def without(value, nothing, rule):
        kept = {key: one for key, one in value.items() if one not in nothing}
        if len(kept) != len(value):
            did(rule)
        return kept

    out = without(body, (None, [], {}, ""), "members that say nothing")
    messages, names = [], {}
    for message in out["messages"]:
        message = without(message, (None, [], ""), "members of a message that say nothing")
        # A result says whose it is by a name, by an id, or by its place alone.
        who = [message.pop(key, None) for key in ("tool_name", "name", "tool_call_id")]
        if message["role"] == "tool":
            told = who[0] or who[1] or names.get(who[2])
            if told or who[2]:
                did("how a result says whose it is")
        calls = []
        for call in message.get("tool_calls") or []:
            names[call.get("id")] = call["function"]["name"]
            if set(call) - {"function"} or set(call["function"]) - {"name", "arguments"}:
                did("ids and places of calls")
            calls.append({"name": call["function"]["name"], "arguments": call["function"]["arguments"]})
        message["tool_calls"] = calls
        messages.append(message)
    out["messages"] = messages
    if isinstance((out.get("options") or {}).get("stop"), str):
        did("stop is a list")
        out["options"] = {**out["options"], "stop": [out["options"]["stop"]]}
    out["tools"] = [without(tool["function"], (None, ""), "members of a tool that say nothing") for tool in out.get("tools") or []]
    if isinstance(out.get("input"), str):
        did("input is a list")
        out["input"] = [out["input"]]
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


class Ollama(Replay):
    dialect = "ollama"
    folders = ("ollama",)

    def claims(self, recording):
        # One whose request is not known, and whose answer is in OpenAI's form, came from the compatible surface.
        if '"object":"chat.completion"' in recording.answer:
            return None
        return {"/api/chat": "chat", "/api/embed": "embed", "/api/tags": "models"}.get(recording.route)

    def place(self, recording, root):
        return ["--provider", "ollama"], {"OLLAMA_HOST": root[len("http://"):], "OPENAI_API_KEY": None}, None

    def check_headers(self, recording, headers):
        self.assertNotIn("authorization", headers)

    def is_stream(self, recording):
        if recording.route != "/api/chat":
            return False
        return recording.body.get("stream", True) if recording.known else len(recording.answer.strip().splitlines()) > 1

    def stand_in(self, recording):
        return {"model": "m", "messages": [{"role": "user", "content": "Hello"}]}

    def in_openai_form(self, recording):
        return recording.body if recording.route == "/api/embed" else in_openai_form(recording.body)

    def canonical(self, body, did):
        if "messages" not in body:
            return {**body, "input": [body["input"]] if isinstance(body["input"], str) else body["input"]}
        if "stream" not in body:
            did("a missing stream is true")
        return canonical({"stream": True, **body}, did)

    def expected(self, recording):
        body = json.loads(recording.answer) if recording.status >= 400 or recording.route != "/api/chat" else None
        if recording.status >= 400:
            long = "context length" in str(body["error"]) or "prompt too long" in str(body["error"])
            codes = {400: "context_length" if long else "invalid_request", 401: "authentication", 404: "not_found"}
            return Failure(codes[recording.status], recording.status)
        if recording.route == "/api/embed":
            return Reply({}, body=body["embeddings"])
        if recording.route == "/api/tags":
            return Reply({}, body=[model["name"] for model in body["models"]])
        whole = assemble(recording.answer)
        if whole is None:
            return Broken("incomplete", "server_error")
        message = whole["message"]
        calls = [(call.get("id"), call["function"]["name"], call["function"].get("arguments") or {}) for call in message.get("tool_calls") or []]
        reason = whole.get("done_reason") or "stop"
        thought = message.get("thinking") or ""
        choice = Choice(message.get("content") or "", [{"text": thought}] if thought else [], "", calls,
                        "tool_calls" if calls and reason == "stop" else reason)
        usage = None
        if "eval_count" in whole or "prompt_eval_count" in whole:
            prompt, output = whole.get("prompt_eval_count", 0), whole.get("eval_count", 0)
            usage = {"prompt_tokens": prompt, "completion_tokens": output, "total_tokens": prompt + output}
        return Reply({0: choice}, usage, model=whole["model"],
                     members={name: whole.get(name) for name in ("total_duration", "load_duration", "eval_duration")})

    def test_a_stream_cut_after_any_line_is_incomplete_and_keeps_what_came(self):
        for recording in recordings("ollama"):
            lines = recording.answer.splitlines(keepends=True)
            if self.claims(recording) != "chat" or len(lines) < 4 or assemble(recording.answer) is None:
                continue
            with self.subTest(recording.name):
                step = max(1, len(lines) // 5)
                for count in range(1, len(lines), step):
                    outcome, _ = self.ask(recording.answered(200, "".join(lines[:count])), "chat", self.stand_in(recording), True)
                    error = outcome.last["error"]
                    self.assertEqual(error["code"], "incomplete", outcome.err)
                    text = "".join((json.loads(line).get("message") or {}).get("content") or "" for line in lines[:count])
                    partial = (outcome.last.get("partial") or error.get("partial"))["choices"]
                    self.assertEqual((partial[0]["message"].get("content") or "") if partial else "", text)

    def test_an_error_within_a_stream_is_what_it_says(self):
        body = '{"model":"m","created_at":"2025-10-26T17:21:21Z","message":{"role":"assistant","content":"Yes"},"done":false}\n' \
               '{"error":"an error was encountered while running the model"}\n'
        recording = next(one for one in recordings("ollama") if self.claims(one) == "chat").answered(200, body)
        outcome, _ = self.ask(recording, "chat", self.stand_in(recording), True)
        self.assertEqual(outcome.last["error"]["code"], "server_error")


if __name__ == "__main__":
    unittest.main()
