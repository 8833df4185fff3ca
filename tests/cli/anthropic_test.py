# SPDX-License-Identifier: MIT
"""Every recorded exchange with Anthropic's Messages API goes out, and comes in, as it was recorded; and its own ways.

The oracle is the recording: its request is put into OpenAI's form here, by Anthropic's documentation, and has to leave
the command as it stood; its answer is assembled here from its own bytes.
"""

import base64
import json
import unittest

from loopback import KEY, Answer, Server, aikit
from replay import Broken, Choice, Failure, Replay, Reply, events_of, recordings

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
    """A block of a user's message, or of a tool's result; whatever has no form there stands as it is."""
    source = block.get("source") or {}
    rest = {key: value for key, value in block.items() if key not in ("type", "source", "title")}
    if block["type"] == "image":
        url = {"base64": "data:%s;base64,%s" % (source.get("media_type"), source.get("data")), "url": source.get("url")}.get(source["type"])
        return {"type": "image_url", "image_url": {"url": url} if url else {"file_id": source["file_id"]}, **rest}
    if block["type"] == "document" and source["type"] in ("base64", "url", "file", "text"):
        data = base64.b64encode(source["data"].encode()).decode() if source["type"] == "text" else source.get("data")
        file = {"url": {"file_url": source.get("url")}, "file": {"file_id": source.get("file_id")}}.get(source["type"]) or {
            "file_data": "data:%s;base64,%s" % (source["media_type"], data)}
        return {"type": "file", "file": {**file, **({"filename": block["title"]} if block.get("title") else {})}, **rest}
    return block


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
    schema = (body.get("output_config") or {}).get("format") or body.get("output_format")
    if schema:
        out["response_format"] = {"type": "json_schema", "json_schema": {"name": "reply", "schema": schema["schema"]}}
        out.pop("output_format", None)
        out["output_config"] = {key: value for key, value in (body.get("output_config") or {}).items() if key != "format"}
    if body.get("thinking") == {"type": "enabled", "budget_tokens": 1024}:
        out["reasoning_effort"] = "minimal"
        out.pop("thinking")
    return out


def canonical(body, did):
    """The same request, however it is spelled."""
    def without(value, empty, rule):
        kept = {key: one for key, one in value.items() if not any(one is nothing or one == nothing and type(one) is type(nothing) for nothing in empty)}
        if len(kept) != len(value):
            did(rule)
        return kept

    def texts(content):
        if isinstance(content, str):
            did("a text is a list of one block")
        return listed(content)

    out = without(body, (None, [], False), "members that say the default")
    out["system"] = texts(out.get("system") or [])
    messages = []
    for message in out["messages"]:
        blocks = []
        for block in texts(message["content"]):
            block = without(block, (None,), "null members of a block")
            if block.pop("caller", None) is not None:
                did("caller of a server's tool")
            if block["type"] == "tool_result":
                block["content"] = texts(block.get("content") or [])
                if block.get("is_error") is False:
                    did("is_error: false")
                    block.pop("is_error")
            if block["type"] != "text" or block["text"]:
                blocks.append(block)
            else:
                did("empty texts")
        if messages and messages[-1]["role"] == message["role"]:
            did("messages of one side in a row are one")
            messages[-1]["content"] += blocks
        else:
            messages.append({"role": message["role"], "content": blocks})
    for message in messages:
        content = sorted(message["content"], key=lambda block: block["type"] != "tool_result")
        if content != message["content"]:
            did("results stand in front")
        message["content"] = content
    out["messages"] = messages
    tools = []
    for tool in out.get("tools") or []:
        tool = without(tool, (None, ""), "null or empty members of a tool")
        if tool.get("type") == "custom":
            did("type: custom of a tool")
            tool.pop("type")
        tools.append(tool)
    out["tools"] = tools
    if "output_format" in out:
        did("output_format is output_config.format")
        out["output_config"] = {"format": out.pop("output_format")}
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


def block_of_thought(block):
    if block["type"] == "redacted_thinking":
        return {"text": "", "signature": block["data"], "redacted": True}
    return {"text": block["thinking"], **({"signature": block["signature"]} if block["signature"] else {})}


class Anthropic(Replay):
    dialect = "anthropic"
    folders = ("anthropic",)
    secret = {"ANTHROPIC_API_KEY": KEY}

    def claims(self, recording):
        return {"/v1/messages": "chat", "/v1/models": "models"}.get(recording.route)

    def place(self, recording, root):
        return ["--provider", "anthropic", "--base-url", root], {"OPENAI_API_KEY": None, **self.secret}, None

    def path_of(self, recording):
        return "/v1/models?limit=1000" if recording.route == "/v1/models" else "/v1/messages"

    def check_headers(self, recording, headers):
        self.assertEqual(headers["x-api-key"], KEY)
        self.assertEqual(headers["anthropic-version"], "2023-06-01")
        self.assertNotIn("authorization", headers)

    def is_stream(self, recording):
        return recording.known and recording.body.get("stream", False) or recording.answer.startswith("event:")

    def stand_in(self, recording):
        return {"model": "claude-sonnet-4-5", "messages": [{"role": "user", "content": "Hello"}], "max_tokens": 100}

    def in_openai_form(self, recording):
        return in_openai_form({key: value for key, value in recording.body.items() if key != "stream"})

    def canonical(self, body, did):
        return canonical(body, did)

    def failure(self, recording):
        theirs = json.loads(recording.answer)["error"]
        code = "context_length" if "prompt is too long" in theirs["message"] else CODES[theirs["type"]]
        return Failure(code, recording.status, theirs["type"], None, recording.headers.get("request-id"))

    def message(self, recording):
        if self.is_stream(recording):
            return assemble([json.loads(event) for event in events_of(recording.answer)])
        return json.loads(recording.answer)

    def expected(self, recording):
        if recording.status >= 400:
            return self.failure(recording)
        if recording.route == "/v1/models":
            return Reply({}, body=[model["id"] for model in json.loads(recording.answer)["data"]])
        message = self.message(recording)
        if message is None:
            return Broken("incomplete", "overloaded", "server_error")
        content = message["content"]
        choice = Choice("".join(block["text"] for block in content if block["type"] == "text"),
                        [block_of_thought(block) for block in content if block["type"] in ("thinking", "redacted_thinking")], "",
                        [(block["id"], block["name"], block["input"]) for block in content if block["type"] == "tool_use"],
                        FINISH[message["stop_reason"]])
        return Reply({0: choice}, expected_usage(message["usage"]), id=message["id"], model=message["model"])

    def check_more(self, recording, outcome, expected):
        if recording.route != "/v1/messages":
            return
        message = self.message(recording)
        [choice] = outcome.last["choices"]
        self.assertEqual(choice.get("stop_sequence"), message.get("stop_sequence"))
        own = ("text", "tool_use", "thinking", "redacted_thinking")
        if any(block["type"] not in own or block.get("citations") for block in message["content"]):
            self.assertEqual(choice["message"]["native_content"]["anthropic"], message["content"])
        self.check_way_back(recording, message, choice["message"])

    def check_way_back(self, recording, message, again):
        """A reply that becomes a part of the conversation goes back with every block, in order, signatures and all."""
        if not any(block["type"] != "text" or block["text"] for block in message["content"]):
            return
        answer = recording.answered(200, json.dumps({**message, "content": [], "stop_reason": "end_turn"}))
        request = {"model": "claude-sonnet-4-5", "max_tokens": 100,
                   "messages": [{"role": "user", "content": "Go on"}, again, {"role": "user", "content": "And now?"}]}
        _, sent = self.ask(answer, "chat", request)
        ignore = lambda rule: None  # noqa: E731
        got = canonical({"messages": [sent["messages"][1]]}, ignore)["messages"][0]
        wanted = canonical({"messages": [{"role": "assistant", "content": message["content"]}]}, ignore)["messages"][0]
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
        recording = next(one for one in recordings("anthropic") if self.claims(one) == "chat" and one.known and one.status == 200)
        self.secret = {"ANTHROPIC_AUTH_TOKEN": KEY}
        self.ask(recording, "chat", self.stand_in(recording))
        self.assertEqual(self.sent_headers["authorization"], "Bearer " + KEY)
        self.assertNotIn("x-api-key", self.sent_headers)

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
