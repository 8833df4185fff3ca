# SPDX-License-Identifier: MIT
"""Every recorded exchange by the Responses API, of OpenAI, Azure and DeepSeek, goes out and comes in as it was recorded.

The oracle is the recording: its request is put into OpenAI's chat form here, and has to leave the command as it stood;
what its answer says is read here out of its own response object, for streams the one that ends them.
"""

import json
import pathlib
import tempfile
import unittest

from loopback import KEY, Answer, Server, aikit
from openai_form import CODES, WORDS, OpenAiForm
from replay import Choice, Failure, Replay, Reply, events_of, recordings

OWN = ("message", "function_call", "custom_tool_call")


# ---- a recorded request in OpenAI's chat form ----

def without(value, *names):
    return {key: one for key, one in value.items() if key not in names}


def part_of(part):
    kind = part["type"]
    if kind in ("input_text", "output_text"):
        return {"type": "text", "text": part["text"]}
    if kind == "input_image":
        image = {"url": part["image_url"]} if "image_url" in part else {}
        return {"type": "image_url", "image_url": {**image, **without(part, "type", "image_url")}}
    if kind == "input_file":
        return {"type": "file", "file": without(part, "type")}
    return part


def messages_of(items):
    """What the model wrote in a row, thoughts first and calls last, is one message of the assistant's."""
    if isinstance(items, str):
        return [{"role": "user", "content": items}]
    out = []

    def assistant(*later):
        if not out or out[-1]["role"] != "assistant" or any(name in out[-1] for name in later):
            out.append({"role": "assistant"})
        return out[-1]

    for item in items:
        kind = item.get("type", "message")
        if kind == "message":
            content = item["content"]
            content = content if isinstance(content, str) else [part_of(part) for part in content]
            if item["role"] == "assistant":
                assistant("content", "tool_calls")["content"] = content
            else:
                out.append({"role": item["role"], "content": content})
        elif kind == "function_call":
            calls = assistant().setdefault("tool_calls", [])
            calls.append({"id": item["call_id"], "type": "function", "function": {"name": item["name"], "arguments": item["arguments"]}})
        elif kind == "function_call_output":
            out.append({"role": "tool", "tool_call_id": item["call_id"], "content": item["output"]})
        elif kind == "reasoning":
            thoughts = assistant("content", "tool_calls").setdefault("aikit", {}).setdefault("reasoning", [])
            text = "".join(part["text"] for part in item["summary"])
            thoughts.append({"text": text, "signature": item["encrypted_content"], "source": "encrypted_content"})
        else:
            raise AssertionError(kind)
    return out


def tool_of(tool):
    if tool["type"] == "function":
        return {"type": "function", "function": without(tool, "type")}
    if tool["type"] == "custom":
        custom, form = without(tool, "type"), tool.get("format")
        if form and form["type"] == "grammar":
            custom["format"] = {"type": "grammar", "grammar": without(form, "type")}
        return {"type": "custom", "custom": custom}
    return tool


def choice_of(choice):
    if isinstance(choice, str):
        return choice
    if choice["type"] == "allowed_tools":
        return {"type": "allowed_tools", "allowed_tools": {"mode": choice["mode"], "tools": [tool_of(tool) for tool in choice["tools"]]}}
    return tool_of(choice)


def in_chat_form(body):
    out = without(body, "input", "stream", "max_output_tokens", "text")
    if "max_output_tokens" in body:
        out["max_tokens"] = body["max_output_tokens"]
    form = (body.get("text") or {}).get("format")
    if form:
        inner = without(form, "type")
        out["response_format"] = {"type": form["type"], **({"json_schema": inner} if inner else {})}
    if "tools" in body:
        out["tools"] = [tool_of(tool) for tool in body["tools"]]
    if "tool_choice" in body:
        out["tool_choice"] = choice_of(body["tool_choice"])
    if "prompt" in body:  # it has its own words, and its own model, which a kit always names
        return {**out, "model": "o4-mini", "messages": [{"role": "user", "content": []}]}
    return {**out, "messages": messages_of(body["input"])}


# ---- two ways to say the same ----

def canonical_item(item, did):
    kind = item.get("type", "message")
    if kind == "function_call" and ("id" in item or "status" in item):
        did("what numbers a reply's items")
        return without(item, "id", "status")
    if kind != "message":
        return item
    content = item["content"]
    if isinstance(content, str):
        did("a text is a list of one part")
        content = [{"type": "output_text" if item["role"] == "assistant" else "input_text", "text": content}]
    if "id" in item or "status" in item:
        did("what numbers a reply's items")
    if "type" in item:
        did("type: message")
    return {"role": item["role"], "content": content}


def canonical(body, did):
    out = dict(body)
    if out.get("stream") is False:
        did("stream: false")
        out.pop("stream")
    if isinstance(out.get("input"), str):
        did("an input that is a text")
        out["input"] = [{"role": "user", "content": out["input"]}]
    if "input" in out:
        out["input"] = [canonical_item(item, did) for item in out["input"]]
    if "prompt" in out and out.pop("model", None) is not None:
        did("the model beside a stored prompt")
    tools = []
    for tool in out.get("tools") or []:
        tools.append({key: value for key, value in tool.items() if value is not None})
        if tools[-1] != tool:
            did("null members of a tool")
    return {**out, **({"tools": tools} if tools else {})}


# ---- what an answer says ----

def thought_of(item):
    text = "\n\n".join(part["text"] for part in (item.get("content") or []) + item["summary"] if part["text"])
    sealed = item.get("encrypted_content")
    return {"text": text, **({"signature": sealed} if sealed else {}), **({"redacted": True} if sealed and not text else {})}


def choice_said(response, thoughts):
    parts = [part for item in response["output"] if item["type"] == "message" for part in item["content"]]
    calls = [(item["call_id"], item["name"], item["input"] if item["type"] == "custom_tool_call" else json.loads(item["arguments"] or "{}"))
             for item in response["output"] if item["type"] in OWN[1:] and item.get("status") != "incomplete"]
    finish = "tool_calls" if calls else "stop"
    if response["status"] == "incomplete":
        finish = {"max_output_tokens": "length", "content_filter": "content_filter"}[response["incomplete_details"]["reason"]]
    return Choice("".join(part["text"] for part in parts if part["type"] == "output_text"),
                  [thought for thought in map(thought_of, thoughts) if thought != {"text": ""}],
                  "".join(part["refusal"] for part in parts if part["type"] == "refusal"), calls, finish,
                  [token for part in parts for token in part.get("logprobs") or []])


class ResponsesForm(Replay):
    """What is said of the API, whoever serves it."""

    dialect = "openai_responses"

    def is_stream(self, recording):
        return super().is_stream(recording) or recording.answer.startswith("event:")

    def in_openai_form(self, recording):
        return in_chat_form(recording.body)

    def canonical(self, body, did):
        return canonical(body, did)

    def response(self, recording):
        """The response object; for streams the one that ends it, which has to say what the pieces said."""
        if not recording.answer.startswith("event:"):
            return json.loads(recording.answer)
        events = [json.loads(event) for event in events_of(recording.answer)]
        return events[-1]["response"]

    def thoughts(self, recording, response):
        """The reasoning items; a stream seals them anew each time it says them, and they are told as they come."""
        items = response["output"]
        if recording.answer.startswith("event:"):
            events = [json.loads(event) for event in events_of(recording.answer)]
            items = [event["item"] for event in events if event["type"] == "response.output_item.done"]
        return [item for item in items if item["type"] == "reasoning"]

    def expected(self, recording):
        if recording.status >= 400:
            word = json.loads(recording.answer)["error"]["code"]
            return Failure(WORDS.get(word, CODES[recording.status]), recording.status, word, None, recording.headers.get("x-request-id"))
        response = self.response(recording)
        if response["status"] == "failed":
            word = response["error"]["code"]
            return Failure(WORDS[word], 200, word)
        usage = response["usage"]
        counts = {"prompt_tokens": usage["input_tokens"], "completion_tokens": usage["output_tokens"], "total_tokens": usage["total_tokens"],
                  "cached_tokens": usage["input_tokens_details"]["cached_tokens"],
                  "reasoning_tokens": usage["output_tokens_details"]["reasoning_tokens"]}
        members = {"created": response["created_at"], "service_tier": response.get("service_tier"),
                   "content_filters": response.get("content_filters")}
        return Reply({0: choice_said(response, self.thoughts(recording, response))}, counts, id=response["id"], model=response["model"], members=members)

    def check_choice(self, choice, wanted):
        """Tools that take a text stand under another name."""
        calls = [{"id": call["id"], "function": {"name": call["custom"]["name"], "arguments": json.dumps(call["custom"]["input"])}}
                 if call["type"] == "custom" else call for call in choice["message"].get("tool_calls") or []]
        super().check_choice({**choice, "message": {**choice["message"], "tool_calls": calls}}, wanted)

    def check_shown(self, outcome):
        """A call that the limit of tokens cut is seen while it comes, and then left out."""
        if outcome.last["choices"][0]["finish_reason"] != "length":
            super().check_shown(outcome)

    def check_more(self, recording, outcome, expected):
        response, message = self.response(recording), outcome.last["choices"][0]["message"]
        notes = [note for item in response["output"] if item["type"] == "message" for part in item["content"]
                 for note in part.get("annotations") or []]
        self.assertEqual([{"type": note["type"], **note[note["type"]]} for note in message.get("annotations") or []], notes)
        self.check_way_back(recording, response, notes, message)

    def check_way_back(self, recording, response, notes, message):
        """A reply that becomes a part of the conversation goes back with every item that the service can read again."""
        request = {"model": "any", "messages": [{"role": "user", "content": "Go on"}, message, {"role": "user", "content": "And now?"}]}
        answer = recording.answered(200, json.dumps({**response, "output": [], "status": "completed"}))
        sent = self.ask(answer, "chat", request)[1]["input"][1:-1]
        kept = response.get("store") is not False
        items = [item for item in response["output"] if item.get("status") != "incomplete" and
                 (item["type"] != "reasoning" or kept or item.get("encrypted_content"))]
        if not notes and all(item["type"] in OWN and not item.get("phase") for item in response["output"]):
            # Texts, refusals and calls need no more than the fields have.
            ignore = lambda rule: None  # noqa: E731
            items = [canonical_item({**item, "content": [without(part, "annotations", "logprobs") for part in item["content"]]}
                                    if "content" in item else item, ignore) for item in items]
            sent = [canonical_item(item, ignore) for item in sent]
        self.assertEqual(sent, items)


class Responses(ResponsesForm):
    folders = ("openai", "azure")

    def claims(self, recording):
        ours = recording.route.endswith("/responses") and '"chat.completion.chunk"' not in recording.answer
        return "chat" if ours else None

    def place(self, recording, root):
        flags = ["--provider", recording.provider, "--api", "responses", "--base-url"]
        if recording.provider == "openai":
            return [*flags, root + "/v1"], {}, None
        version = recording.path.partition("api-version=")[2] or None
        return [*flags, root + "/openai/v1"], {"OPENAI_API_KEY": None, "AZURE_OPENAI_API_KEY": KEY, "OPENAI_API_VERSION": version}, None

    def check_headers(self, recording, headers):
        if recording.provider == "openai":
            return super().check_headers(recording, headers)
        self.assertEqual(headers["api-key"], KEY)
        self.assertNotIn("authorization", headers)

    def test_a_stream_cut_anywhere_is_never_complete(self):
        for recording in recordings("openai"):
            if self.claims(recording) and recording.kind in ("tools_stream", "chat_stream"):
                raw = recording.answer.encode()
                for at in range(1, 10):
                    for ending in ("whole", "fin", "reset"):
                        with self.subTest(recording.name, at=at, ending=ending):
                            self.check_cut(raw[:len(raw) * at // 10], ending)

    def check_cut(self, body, ending):
        answer = Answer(200, {"content-type": "text/event-stream"}, b"", chunked=True, pieces=[body], ending=ending)
        with Server(lambda *_: answer) as server:
            outcome = aikit("chat", "Hello", "--json", "--stream", "--provider", "openai", "--api", "responses", "--model", "any",
                            "--base-url", server.base_url, "--max-retries", "0")
        self.assertNotEqual(outcome.code, 0)
        self.assertIn(outcome.last["error"]["code"], ("incomplete", "connection"))
        partial = outcome.last.get("partial") or {"aikit": {"complete": False}, "choices": []}
        self.assertFalse(partial["aikit"]["complete"])
        self.assertFalse(any(choice["message"].get("tool_calls") for choice in partial["choices"]))

    def test_the_api_is_chosen_by_configuration_too(self):
        reply = {"id": "resp_1", "object": "response", "created_at": 7, "model": "m", "status": "completed",
                 "output": [{"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Hi"}]}]}
        with tempfile.TemporaryDirectory() as folder, \
                Server(lambda *_: Answer(200, {"content-type": "application/json"}, json.dumps(reply))) as server:
            config = pathlib.Path(folder) / "aikit.json"
            for api, path in (("responses", "/v1/responses"), ("chat", "/v1/chat/completions"), (None, "/v1/chat/completions")):
                provider = {"name": "mine", "type": "openai", "base_url": server.base_url, "model": "m"}
                config.write_text(json.dumps({"providers": [{**provider, **({"api": api} if api else {})}], "unknown_price": "allow"}))
                outcome = aikit("--config", config, "chat", "Hello", "--json", env={"OPENAI_API_KEY": None})
                self.assertEqual(server.seen[-1][1], path)
                self.assertEqual(outcome.code == 0, api == "responses", outcome.err)
            config.write_text(json.dumps({"providers": [{"name": "anthropic", "api": "responses"}]}))
            outcome = aikit("--config", config, "chat", "Hello", "--json")
            self.assertEqual(outcome.last["error"]["code"], "invalid_argument")
            self.assertIn("api", outcome.last["error"]["message"])

    def test_a_dated_version_of_azure_has_its_own_place_and_no_deployment_in_it(self):
        with Server(lambda *_: Answer(404, {}, b"{}")) as server:
            for base, version, path in (("", "2025-04-01-preview", "/openai/responses?api-version=2025-04-01-preview"),
                                        ("", None, "/openai/v1/responses"), ("/openai/v1/", "2024-10-21", "/openai/v1/responses"),
                                        ("/openai/v1", "preview", "/openai/v1/responses?api-version=preview")):
                aikit("chat", "Hi", "--json", "--provider", "azure", "--model", "my deployment", "--api", "responses", "--unknown-price", "allow",
                      env={"AZURE_OPENAI_ENDPOINT": server.base_url[:-len("/v1")] + base, "AZURE_OPENAI_API_KEY": KEY, "OPENAI_API_VERSION": version})
                self.assertEqual(server.seen[-1][1], path)
                self.assertEqual(json.loads(server.seen[-1][3])["model"], "my deployment")


class DeepSeekResponses(ResponsesForm):
    """The same API at another maker's, which shows its thoughts and seals none."""

    folders = ("openai-compat",)

    def claims(self, recording):
        return "chat" if recording.surface == "deepseek" and recording.route == "/responses" else None

    def place(self, recording, root):
        return ["--provider", "deepseek", "--api", "responses", "--base-url", root], {"OPENAI_API_KEY": None, "DEEPSEEK_API_KEY": KEY}, None


class ChatAmongResponses(OpenAiForm):
    """A stream of the chat API that was filed under the path of the other."""

    folders = ("azure",)

    def claims(self, recording):
        return "chat" if recording.route.endswith("/responses") and '"chat.completion.chunk"' in recording.answer else None

    def place(self, recording, root):
        return ["--provider", "azure", "--base-url", root + "/openai/v1", "--api", "chat"], {
            "OPENAI_API_KEY": None, "AZURE_OPENAI_API_KEY": KEY}, None

    def is_stream(self, recording):
        return True

    def check_headers(self, recording, headers):
        self.assertEqual(headers["api-key"], KEY)

    def replay(self, recording, command):
        super().replay(recording.answered(recording.status, recording.answer, "/openai/v1/chat/completions"), command)


if __name__ == "__main__":
    unittest.main()
