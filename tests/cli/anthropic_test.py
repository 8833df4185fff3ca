# SPDX-License-Identifier: MIT
"""Every recorded exchange with Anthropic's Messages API goes out, and comes in, as it was recorded.

The oracle is the recording: its request is put into OpenAI's form here, by Anthropic's documentation, and has to leave
the command as it stood; its answer is assembled here from its own bytes.
"""

import json
import pathlib
import tempfile
import unittest

from loopback import Answer, Recordings, Server, aikit
from recordings_test import events_of

KEY = "sk-ant-canary-93b1f0c27d5e4a68"

# What the numbered set of errors says of each of Anthropic's types.
CODES = {"invalid_request_error": "invalid_request", "authentication_error": "authentication", "permission_error": "permission",
         "not_found_error": "not_found", "rate_limit_error": "rate_limited", "overloaded_error": "overloaded",
         "api_error": "server_error", "request_too_large": "invalid_request", "billing_error": "quota_exceeded"}
FINISH = {"end_turn": "stop", "stop_sequence": "stop", "max_tokens": "length", "model_context_window_exceeded": "length",
          "tool_use": "tool_calls", "refusal": "content_filter", "pause_turn": "pause_turn"}
CHOICE = {"auto": "auto", "any": "required", "none": "none"}


def listed(content):
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


# ---- a recorded request in OpenAI's form ----

def part_of(block):
    """A block of a user's message, or of a tool's result."""
    source = block.get("source") or {}
    if block["type"] == "image" and source.get("type") == "base64":
        return {"type": "image_url", "image_url": {"url": "data:%s;base64,%s" % (source["media_type"], source["data"])}}
    if block["type"] == "image" and source.get("type") == "url":
        return {"type": "image_url", "image_url": {"url": source["url"]}}
    return block  # texts, and whatever has no form there


def messages_of(message):
    """One of their messages as one or several of OpenAI's."""
    blocks = listed(message["content"])
    if message["role"] == "user":
        out = [{"role": "tool", "tool_call_id": block["tool_use_id"],
                "content": [part_of(part) for part in listed(block.get("content") or "")],
                **({"aikit": {"failed": True}} if block.get("is_error") else {}),
                **({"cache_control": block["cache_control"]} if "cache_control" in block else {})}
               for block in blocks if block["type"] == "tool_result"]
        rest = [part_of(block) for block in blocks if block["type"] != "tool_result"]
        return out + ([{"role": "user", "content": rest}] if rest else [])
    out = {"role": "assistant"}
    known = ("text", "tool_use", "thinking", "redacted_thinking")
    if any(block["type"] not in known for block in blocks):
        return [{"role": "assistant", "content": None, "native_content": {"anthropic": blocks}}]
    texts = [block for block in blocks if block["type"] == "text"]
    if texts:
        out["content"] = texts
    calls = [{"id": block["id"], "type": "function",
              "function": {"name": block["name"], "arguments": json.dumps(block["input"])}}
             for block in blocks if block["type"] == "tool_use"]
    if calls:
        out["tool_calls"] = calls
    reasoning = [{"text": block["thinking"], "signature": block["signature"]} if block["type"] == "thinking"
                 else {"text": "", "signature": block["data"], "redacted": True}
                 for block in blocks if block["type"] in ("thinking", "redacted_thinking")]
    if reasoning:
        out["aikit"] = {"reasoning": reasoning}
    return [out]


def in_openai_form(body):
    out = dict(body)
    system = out.pop("system", None)
    out["messages"] = [{"role": "system", "content": listed(system)}] if system else []
    for message in body["messages"]:
        out["messages"] += messages_of(message)
    if "tools" in out:
        out["tools"] = [tool if tool.get("type") not in (None, "custom") else
                        {"type": "function", "function": {"name": tool["name"], "description": tool.get("description", ""),
                                                          "parameters": tool["input_schema"],
                                                          **({"strict": tool["strict"]} if "strict" in tool else {})},
                         **{key: tool[key] for key in ("cache_control", "defer_loading") if key in tool}}
                        for tool in out["tools"]]
    choice = out.pop("tool_choice", None)
    if choice:
        out["tool_choice"] = CHOICE.get(choice["type"]) or {"type": "function", "function": {"name": choice["name"]}}
        if choice.get("disable_parallel_tool_use"):
            out["parallel_tool_calls"] = False
    if "stop_sequences" in out:
        out["stop"] = out.pop("stop_sequences")
    return out


def canonical(body):
    """The same request, however it is spelled: texts as blocks, sides in turn, defaults left out."""
    out = {key: value for key, value in body.items() if value not in (None, [], False)}
    out["system"] = listed(out.get("system") or [])
    messages = []
    for message in out["messages"]:
        blocks = []
        for block in listed(message["content"]):
            block = {key: value for key, value in block.items() if value is not None and key != "caller"}
            if block["type"] == "tool_result":
                block["content"] = listed(block.get("content") or [])
                if not block.get("is_error"):
                    block.pop("is_error", None)
            if block["type"] != "text" or block["text"]:
                blocks.append(block)
        if messages and messages[-1]["role"] == message["role"]:
            messages[-1]["content"] += blocks
        else:
            messages.append({"role": message["role"], "content": blocks})
    for message in messages:  # results stand in front
        message["content"].sort(key=lambda block: block["type"] != "tool_result")
    out["messages"] = messages
    out["tools"] = [{key: value for key, value in tool.items() if value not in (None, "") and (key, value) != ("type", "custom")}
                    for tool in out.get("tools") or []]
    return out


# ---- a recorded answer ----

def assemble(events):
    """The message of a stream, by Anthropic's documentation of its events; nothing when it is not whole."""
    message, blocks, whole = None, {}, False
    for event in events:
        if event["type"] == "message_start" and message is None:
            message = dict(event["message"])
        elif event["type"] == "content_block_start":
            blocks[event["index"]] = {**event["content_block"], "_json": ""}
        elif event["type"] == "content_block_delta":
            block, delta = blocks[event["index"]], event["delta"]
            if delta["type"] == "text_delta":
                block["text"] += delta["text"]
            elif delta["type"] == "thinking_delta":
                block["thinking"] += delta["thinking"]
            elif delta["type"] == "signature_delta":
                block["signature"] = delta["signature"]
            elif delta["type"] == "input_json_delta":
                block["_json"] += delta["partial_json"]
            elif delta["type"] == "citations_delta":
                block["citations"] = (block.get("citations") or []) + [delta["citation"]]
            elif delta["type"] == "compaction_delta":
                block["content"] = (block["content"] or "") + delta["content"]
        elif event["type"] == "message_delta":
            message.update({key: value for key, value in event["delta"].items() if value is not None})
            message["usage"] = {**message["usage"], **{k: v for k, v in event["usage"].items() if v is not None}}
        elif event["type"] == "message_stop":
            whole = True
        elif event["type"] == "error":
            return None
    if not whole:
        return None
    for block in blocks.values():
        text = block.pop("_json")
        if text:
            block["input"] = json.loads(text)
    message["content"] = [blocks[index] for index in sorted(blocks)]
    return message


def expected_usage(usage):
    prompt = usage.get("input_tokens", 0) + (usage.get("cache_creation_input_tokens") or 0) + (usage.get("cache_read_input_tokens") or 0)
    return {"prompt_tokens": prompt, "completion_tokens": usage["output_tokens"], "total_tokens": prompt + usage["output_tokens"],
            "cached_tokens": usage.get("cache_read_input_tokens") or 0,
            "cache_write_tokens": usage.get("cache_creation_input_tokens") or 0}


class Anthropic(Recordings):
    folder = "anthropic"

    def exchange(self, recording, request, *flags, pieces=None):
        response = recording["response"]
        headers = response.get("headers") or {}
        if "content-type" not in headers:
            headers = {**headers, "content-type": "text/event-stream" if pieces is not None else "application/json"}
        answer = Answer(response["status"], headers, response["body"], chunked=pieces is not None, pieces=pieces)
        with tempfile.TemporaryDirectory() as folder, Server(lambda *_: answer) as server:
            file = pathlib.Path(folder) / "request.json"
            file.write_text(json.dumps(request))
            outcome = aikit("chat", "--json", "--provider", "anthropic", "--base-url", server.base_url[:-len("/v1")],
                            "--max-retries", "0", "--request", file, *flags, env={"ANTHROPIC_API_KEY": KEY})
            self.assertEqual(len(server.seen), 1, outcome.err)
            method, path, sent_headers, body = server.seen[0]
            sent_headers = {name.lower(): value for name, value in sent_headers.items()}
            self.assertEqual((method, path), ("POST", "/v1/messages"))
            self.assertEqual(sent_headers["x-api-key"], KEY)
            self.assertEqual(sent_headers["anthropic-version"], "2023-06-01")
            self.assertNotIn("authorization", sent_headers)
            self.assertNotIn(KEY, outcome.out + outcome.err)
            return outcome, json.loads(body)

    def check_reply(self, reply, message):
        self.assertEqual(reply["id"], message["id"])
        self.assertEqual(reply["model"], message["model"])
        self.assertTrue(reply["aikit"]["complete"])
        self.assertEqual(reply["aikit"]["provider"], "anthropic")
        [choice] = reply["choices"]
        self.assertEqual(choice["finish_reason"], FINISH[message["stop_reason"]])
        self.assertEqual(choice.get("stop_sequence"), message.get("stop_sequence"))
        content = message["content"]
        self.assertEqual(choice["message"].get("content") or "",
                         "".join(block["text"] for block in content if block["type"] == "text"))
        calls = [(call["id"], call["function"]["name"], json.loads(call["function"]["arguments"]))
                 for call in choice["message"].get("tool_calls") or []]
        self.assertEqual(calls, [(block["id"], block["name"], block["input"]) for block in content if block["type"] == "tool_use"])
        reasoning = (choice["message"].get("aikit") or {}).get("reasoning") or []
        wanted = [{"text": block["thinking"], **({"signature": block["signature"]} if block["signature"] else {})}
                  if block["type"] == "thinking" else {"text": "", "signature": block["data"], "redacted": True}
                  for block in content if block["type"] in ("thinking", "redacted_thinking")]
        self.assertEqual(reasoning, wanted)
        foreign = [block for block in content
                   if block["type"] not in ("text", "tool_use", "thinking", "redacted_thinking") or block.get("citations")]
        native = (choice["message"].get("native_content") or {}).get("anthropic")
        if foreign:
            self.assertEqual(native, content)
        wanted = expected_usage(message["usage"])
        usage = reply["usage"]
        details = usage["prompt_tokens_details"]
        got = {**{key: usage[key] for key in ("prompt_tokens", "completion_tokens", "total_tokens")},
               "cached_tokens": details["cached_tokens"], "cache_write_tokens": details["cache_write_tokens"]}
        self.assertEqual(got, wanted)
        self.again = choice["message"]

    def check_error(self, recording, outcome):
        self.assertNotEqual(outcome.code, 0)
        error = outcome.last["error"]
        theirs = json.loads(recording["response"]["body"])["error"]
        self.assertEqual(error["http_status"], recording["response"]["status"])
        self.assertEqual(error["provider_code"], theirs["type"])
        too_long = "prompt is too long" in theirs["message"]
        self.assertEqual(error["code"], "context_length" if too_long else CODES[theirs["type"]])
        self.assertTrue(outcome.err.startswith("aikit: "), outcome.err)
        request_id = (recording["response"].get("headers") or {}).get("request-id")
        if request_id:
            self.assertEqual(error["request_id"], request_id)

    def test_each_exchange_goes_out_and_comes_in_as_it_was_recorded(self):
        for name, recording in self.load("/v1/messages".__eq__):
            with self.subTest(name):
                asked = recording["request"]["body"]
                known = isinstance(asked, dict) and "messages" in asked
                body = recording["response"]["body"]
                stream = (asked.get("stream", False) if known else False) or body.startswith("event:")
                request = in_openai_form(asked) if known else {
                    "model": "claude-sonnet-4-5", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 100}
                request.pop("stream", None)
                raw = body.encode()
                step = max(1, len(raw) // 60)
                pieces = [raw[i:i + step] for i in range(0, len(raw), step)] if stream else None
                outcome, sent = self.exchange(recording, request, *(["--stream"] if stream else []), pieces=pieces)
                if known:
                    asked = {**asked, "stream": stream}
                    self.assertEqual(canonical(sent), canonical(asked))
                if recording["response"]["status"] >= 400:
                    self.check_error(recording, outcome)
                    self.passed["error"] += 1
                    continue
                message = assemble([json.loads(event) for event in events_of(body)]) if stream else json.loads(body)
                if message is None:
                    self.assertNotEqual(outcome.code, 0)
                    self.assertFalse((outcome.last.get("partial") or {"aikit": {}})["aikit"].get("complete", False))
                    self.passed["broken stream"] += 1
                    continue
                self.assertEqual(outcome.code, 0, outcome.err)
                self.check_reply(outcome.last, message)
                if stream:
                    shown = [json.loads(line) for line in outcome.lines[:-1]]
                    text = "".join(choice["delta"].get("content") or "" for chunk in shown for choice in chunk.get("choices") or [])
                    self.assertEqual(text, outcome.last["choices"][0]["message"].get("content") or "")
                self.check_way_back(recording, message)
                self.passed["stream" if stream else "chat"] += 1

    def check_way_back(self, recording, message):
        """A reply that becomes a part of the conversation goes back with every block, in order, signatures and all."""
        blocks = [{key: value for key, value in block.items() if value is not None} for block in message["content"]
                  if block["type"] != "text" or block["text"]]
        if not blocks:
            return
        answer = {**recording, "response": {"status": 200, "body": json.dumps({**message, "content": [], "stop_reason": "end_turn"})}}
        request = {"model": "claude-sonnet-4-5", "max_tokens": 100,
                   "messages": [{"role": "user", "content": "Go on"}, self.again, {"role": "user", "content": "And now?"}]}
        _, sent = self.exchange(answer, request)
        got = canonical({"messages": [sent["messages"][1]]})["messages"][0]
        wanted = canonical({"messages": [{"role": "assistant", "content": message["content"]}]})["messages"][0]
        # Texts that stand beside each other may have become one.
        self.assertEqual(joined(got["content"]), joined(wanted["content"]))

    def test_models_are_listed_page_by_page(self):
        pages = [{"data": [{"type": "model", "id": "claude-%d" % page, "display_name": "C", "created_at": "2025-05-14T00:00:00Z"}],
                  "has_more": page < 2, "first_id": "x", "last_id": "claude-%d" % page} for page in range(3)]

        def script(_, path, __):
            page = 0 if "after_id" not in path else int(path[-1]) + 1
            return Answer(200, {"content-type": "application/json"}, json.dumps(pages[page]))

        with Server(script) as server:
            outcome = aikit("models", "--json", "--provider", "anthropic", "--base-url", server.base_url[:-len("/v1")],
                            env={"ANTHROPIC_API_KEY": KEY})
            self.assertEqual(outcome.code, 0, outcome.err)
            self.assertEqual([model["id"] for model in outcome.last["data"]], ["claude-0", "claude-1", "claude-2"])
            self.assertEqual(outcome.last["data"][0]["created"], 1747180800)
            self.assertEqual([path for _, path, _, _ in server.seen],
                             ["/v1/models?limit=1000", "/v1/models?limit=1000&after_id=claude-0",
                              "/v1/models?limit=1000&after_id=claude-1"])

    def test_a_bearer_token_is_sent_where_there_is_no_key(self):
        _, recording = next(self.load("/v1/messages".__eq__))
        answer = Answer(200, {"content-type": "application/json"}, recording["response"]["body"])
        with Server(lambda *_: answer) as server:
            aikit("chat", "Hello", "--json", "--provider", "anthropic", "--model", "claude-sonnet-4-5", "--base-url",
                  server.base_url[:-len("/v1")], env={"ANTHROPIC_AUTH_TOKEN": KEY})
            headers = {name.lower(): value for name, value in server.seen[0][2].items()}
            self.assertEqual(headers["authorization"], "Bearer " + KEY)
            self.assertNotIn("x-api-key", headers)

    def test_what_anthropic_does_not_offer_is_unsupported_and_asks_nobody(self):
        with Server(lambda *_: Answer(200, {}, b"{}")) as server:
            for command in (["embed", "text"], ["moderate", "text"]):
                outcome = aikit(*command, "--json", "--provider", "anthropic", "--model", "claude-sonnet-4-5", "--base-url",
                                server.base_url[:-len("/v1")], env={"ANTHROPIC_API_KEY": KEY})
                self.assertEqual(outcome.last["error"]["code"], "unsupported", outcome.err)
            self.assertEqual(server.seen, [])


def joined(blocks):
    out = []
    for block in blocks:
        plain = block["type"] == "text" and not block.get("citations")
        block = {key: value for key, value in block.items() if key != "citations" or value}
        if plain and out and out[-1]["type"] == "text" and not out[-1].get("citations"):
            out[-1] = {**out[-1], "text": out[-1]["text"] + block["text"]}
        else:
            out.append(block)
    return out


if __name__ == "__main__":
    unittest.main()
