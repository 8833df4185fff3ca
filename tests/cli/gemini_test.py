# SPDX-License-Identifier: MIT
"""Every recorded exchange with Gemini, by its own API and by Vertex AI, goes out and comes in as it was recorded.

The oracle is the recording: its request is put into OpenAI's form here, and has to leave the command as it stood; its
answer is put together here from its own pieces.
"""

import collections
import json
import pathlib
import tempfile
import unittest

from loopback import Answer, Recordings, Server, aikit
from recordings_test import events_of

KEY = "gemini-canary-5d27c90e4b1fa863"
FIELDS = {"temperature": "temperature", "topP": "top_p", "maxOutputTokens": "max_tokens", "seed": "seed",
          "candidateCount": "n", "stopSequences": "stop"}
FINISH = {"STOP": "stop", "MAX_TOKENS": "length", "SAFETY": "content_filter", "RECITATION": "content_filter",
          "PROHIBITED_CONTENT": "content_filter"}


# ---- a recorded request in OpenAI's form ----

def messages_of(contents, names):
    out = []
    for content in contents:
        parts = content["parts"] if isinstance(content["parts"], list) else [content["parts"]]
        if content.get("role") == "model":
            message = {"role": "assistant"}
            plain = all(set(part) <= {"text", "functionCall"} and (part.get("text") != "") for part in parts)
            calls = []
            for part in parts:
                if "functionCall" in part:
                    call = part["functionCall"]
                    identifier = call.get("id") or "call_%d" % len(names)
                    names.append((identifier, call["name"]))
                    calls.append({"id": identifier, "type": "function",
                                  "function": {"name": call["name"], "arguments": json.dumps(call.get("args") or {})}})
            if calls:
                message["tool_calls"] = calls
            if plain:
                message["content"] = "".join(part.get("text", "") for part in parts)
            else:
                message["native_content"] = {"gemini": parts}
            out.append(message)
            continue
        rest = []
        for part in parts:
            if "functionResponse" in part and set(part["functionResponse"]) <= {"name", "response", "id"}:
                response = part["functionResponse"]
                waiting = [one for one in names if one[1] == response["name"]]
                identifier = response.get("id") or (waiting[0][0] if waiting else "call_0")
                names[:] = [one for one in names if one[0] != identifier] or names
                out.append({"role": "tool", "tool_call_id": identifier, "content": json.dumps(response["response"])})
            elif set(part) == {"text"}:
                rest.append({"type": "text", "text": part["text"]})
            elif set(part) == {"inlineData"} and part["inlineData"]["mimeType"].startswith("image/"):
                data = part["inlineData"]
                rest.append({"type": "image_url", "image_url": {"url": "data:%s;base64,%s" % (data["mimeType"], data["data"])}})
            else:
                rest.append({"type": "gemini", "gemini": part})
        if rest:
            out.append({"role": "user", "content": rest})
    return out


def in_openai_form(body, model):
    out = {key: value for key, value in body.items() if key not in ("contents", "systemInstruction", "generationConfig", "tools")}
    out["model"] = model
    system = body.get("systemInstruction")
    out["messages"] = [{"role": "system", "content": [{"type": "text", "text": part["text"]} for part in system["parts"]]}] if system else []
    out["messages"] += messages_of(body["contents"], [])
    rest = {}
    for name, value in (body.get("generationConfig") or {}).items():
        (out if name in FIELDS else rest)[FIELDS.get(name, name)] = value
    if rest:
        out["generationConfig"] = rest
    tools = []
    for tool in body.get("tools") or []:
        for function in tool.get("functionDeclarations") or []:
            schema = function.get("parameters") or function.get("parametersJsonSchema") or function.get("parameters_json_schema")
            tools.append({"type": "function", "function": {"name": function["name"], "description": function.get("description") or "",
                                                           **({"parameters": schema} if schema else {})}})
        for name, value in tool.items():
            if name != "functionDeclarations":
                tools.append({"type": name, name: value})
    if tools:
        out["tools"] = tools
    return out


def without_nothing(value):
    if isinstance(value, dict):
        return {key: without_nothing(one) for key, one in value.items() if one is not None}
    if isinstance(value, list):
        return [without_nothing(one) for one in value]
    return value


def canonical(body):
    """The same request, however it is spelled."""
    out = {key: value for key, value in without_nothing(body).items() if value not in ({}, [])}
    contents = []
    for content in out["contents"]:
        parts = content["parts"] if isinstance(content["parts"], list) else [content["parts"]]
        role = "model" if content.get("role") == "model" else "user"
        parts = [part for part in parts if part != {"text": ""} or role == "model"]
        for part in parts:
            if not (part.get("functionCall") or {}).get("args", True):
                part["functionCall"] = {**part["functionCall"], "args": {}}
        if contents and contents[-1]["role"] == role:
            contents[-1]["parts"] += parts
        else:
            contents.append({"role": role, "parts": parts})
    for content in contents:  # texts in a row are one; results stand where their messages did
        content["parts"] = [part for part in content["parts"] if "functionResponse" in part] + \
            joined([part for part in content["parts"] if "functionResponse" not in part])
    out["contents"] = contents
    if "systemInstruction" in out:
        out["systemInstruction"] = [part["text"] for part in out["systemInstruction"]["parts"]]
    functions, own = [], []
    for tool in out.pop("tools", []):
        for function in tool.get("functionDeclarations") or []:
            schema = function.get("parameters") or function.get("parametersJsonSchema") or function.get("parameters_json_schema")
            functions.append((function["name"], function.get("description") or "", json.dumps(schema, sort_keys=True) if schema else ""))
        own += [{name: value} for name, value in tool.items() if name != "functionDeclarations"]
    out["functions"], out["own"] = functions, own
    return out


def joined(parts):
    out = []
    for part in parts:
        if set(part) == {"text"} and out and set(out[-1]) == {"text"}:
            out[-1] = {"text": out[-1]["text"] + part["text"]}
        else:
            out.append(part)
    return out


# ---- a recorded answer ----

def chunks_of(body):
    if body.lstrip().startswith("["):
        return json.loads(body)
    return [json.loads(event) for event in events_of(body)]


def assemble(chunks):
    candidates, usage, facts = collections.OrderedDict(), None, {}
    for chunk in chunks:
        usage = chunk.get("usageMetadata") or usage
        for key in ("modelVersion", "responseId"):
            facts.setdefault(key, chunk.get(key))
        for position, given in enumerate(chunk.get("candidates") or []):
            one = candidates.setdefault(given.get("index", position), {"text": "", "thought": "", "calls": [], "finish": None})
            for part in (given.get("content") or {}).get("parts") or []:
                if "text" in part:
                    one["thought" if part.get("thought") else "text"] += part["text"]
                elif "name" in part.get("functionCall", {}):
                    one["calls"].append((part["functionCall"]["name"], part["functionCall"].get("args") or {}))
            reason = given.get("finishReason")
            one["finish"] = {1: "STOP"}.get(reason, reason) or one["finish"]
    return candidates, usage, facts


class Gemini(Recordings):
    folder = "vertex"

    def recorded(self, *ends):
        return (one for one in self.load(lambda path: path.endswith(ends)) if one[1]["surface"] in ("gemini-api", "vertex"))

    def exchange(self, recording, request, *flags, pieces=None):
        response = recording["response"]
        headers = response.get("headers") or {}
        if "content-type" not in headers:
            headers = {**headers, "content-type": "text/event-stream" if pieces is not None else "application/json"}
        answer = Answer(response["status"], headers, response["body"], chunked=pieces is not None, pieces=pieces)
        path = recording["request"]["path"]
        vertex = recording["surface"] == "vertex"
        with tempfile.TemporaryDirectory() as folder, Server(lambda *_: answer) as server:
            root = server.base_url[:-len("/v1")]
            provider = {"name": "vertex", "base_url": root, "project": "PROJECT", "auth_token": "env:TOKEN",
                        "location": path.split("/locations/")[1].split("/")[0]} if vertex else \
                       {"name": "gemini", "base_url": root + "/v1beta", "api_key": "env:TOKEN"}
            config = pathlib.Path(folder) / "aikit.json"
            config.write_text(json.dumps({"providers": [provider], "unknown_price": "allow"}))
            file = pathlib.Path(folder) / "request.json"
            file.write_text(json.dumps(request))
            outcome = aikit("--config", config, "chat", "--json", "--max-retries", "0", "--request", file, *flags,
                            env={"TOKEN": KEY, "OPENAI_API_KEY": None})
            self.assertEqual(len(server.seen), 1, outcome.err)
            _, sent_path, sent_headers, body = server.seen[0]
            sent_headers = {name.lower(): value for name, value in sent_headers.items()}
            self.assertEqual(sent_path.split("?")[0], path.split("?")[0].replace("/v1beta1/", "/v1/"))
            self.assertEqual("alt=sse" in sent_path, "stream" in sent_path)
            self.assertEqual(sent_headers.get("authorization" if vertex else "x-goog-api-key"), ("Bearer " if vertex else "") + KEY)
            self.assertNotIn(KEY, outcome.out + outcome.err)
            return outcome, json.loads(body)

    def check_reply(self, reply, chunks):
        candidates, usage, facts = assemble(chunks)
        self.assertTrue(reply["aikit"]["complete"])
        self.assertEqual(reply["id"], facts["responseId"] or "")
        self.assertEqual(len(reply["choices"]), len(candidates))
        for choice in reply["choices"]:
            expected = candidates[choice["index"]]
            message = choice["message"]
            self.assertEqual(message.get("content") or "", expected["text"])
            thoughts = "".join(part["text"] for part in (message.get("aikit") or {}).get("reasoning") or [])
            self.assertEqual(thoughts, expected["thought"])
            calls = [(call["function"]["name"], json.loads(call["function"]["arguments"])) for call in message.get("tool_calls") or []]
            self.assertEqual(calls, expected["calls"])
            finish = expected["finish"]
            wanted = "tool_calls" if calls and finish == "STOP" else FINISH.get(finish, finish)
            self.assertEqual(choice.get("finish_reason"), wanted)
        if usage:
            prompt = usage.get("promptTokenCount", 0) + usage.get("toolUsePromptTokenCount", 0)
            output = usage.get("candidatesTokenCount", 0) + usage.get("thoughtsTokenCount", 0)
            got = reply["usage"]
            self.assertEqual((got["prompt_tokens"], got["completion_tokens"]), (prompt, output))
            self.assertEqual(got["prompt_tokens_details"]["cached_tokens"], usage.get("cachedContentTokenCount", 0))
            self.assertEqual(got["completion_tokens_details"]["reasoning_tokens"], usage.get("thoughtsTokenCount", 0))

    def check_error(self, recording, outcome):
        self.assertNotEqual(outcome.code, 0)
        error = outcome.last["error"]
        status = recording["response"]["status"]
        self.assertEqual(error["http_status"], status)
        theirs = json.loads(recording["response"]["body"])
        theirs = (theirs[0] if isinstance(theirs, list) else theirs)["error"]
        key = any(detail.get("reason") == "API_KEY_INVALID" for detail in theirs.get("details") or [])
        wanted = {400: "authentication" if key else "invalid_request", 403: "permission", 404: "not_found", 429: "rate_limited",
                  503: "overloaded"}[status]
        self.assertEqual(error["code"], wanted)
        if not key:
            self.assertEqual(error["provider_code"], theirs["status"])
        for detail in theirs.get("details") or []:
            if "retryDelay" in detail:
                self.assertEqual(error["retry_after_ms"], round(1000 * float(detail["retryDelay"].rstrip("s"))))

    def test_each_exchange_goes_out_and_comes_in_as_it_was_recorded(self):
        for name, recording in self.recorded(":generateContent", ":streamGenerateContent"):
            with self.subTest(name):
                asked, body = recording["request"]["body"], recording["response"]["body"]
                path = recording["request"]["path"].split("?")[0]
                model = path.split("/models/")[1].split(":")[0]
                known = isinstance(asked, dict) and "body_cut_chars" not in recording["request"]
                stream = path.endswith(":streamGenerateContent")
                request = in_openai_form(asked, model) if known else {"model": model, "messages": [{"role": "user", "content": "Hello"}]}
                raw = body.encode()
                step = max(1, len(raw) // 60)
                pieces = [raw[i:i + step] for i in range(0, len(raw), step)] if stream else None
                outcome, sent = self.exchange(recording, request, *(["--stream"] if stream else []), pieces=pieces)
                if known:
                    self.assertEqual(canonical(sent), canonical(asked))
                if recording["response"]["status"] >= 400:
                    self.check_error(recording, outcome)
                    self.passed["error"] += 1
                    continue
                try:
                    chunks = chunks_of(body) if stream else [json.loads(body)]
                except json.JSONDecodeError:
                    chunks = None
                candidates = assemble(chunks)[0] if chunks else {}
                blocked = chunks and any("blockReason" in (chunk.get("promptFeedback") or {}) for chunk in chunks) and not candidates
                odd = any("partialArgs" in json.dumps(chunk) or '"willContinue"' in json.dumps(chunk) for chunk in chunks or [])
                if blocked:
                    self.assertEqual(outcome.last["error"]["code"], "content_filtered", outcome.err)
                    self.passed["blocked"] += 1
                elif odd:  # asked for by a member that is refused
                    self.assertEqual(outcome.last["error"]["code"], "protocol")
                    self.passed["pieces of arguments"] += 1
                elif chunks is None or '"error"' in body or not all(one["finish"] for one in candidates.values()) and stream:
                    self.assertNotEqual(outcome.code, 0)
                    self.assertFalse((outcome.last.get("partial") or {"aikit": {}})["aikit"].get("complete", False))
                    self.passed["broken stream"] += 1
                else:
                    self.assertEqual(outcome.code, 0, outcome.err)
                    self.check_reply(outcome.last, chunks)
                    self.check_way_back(recording, outcome.last, chunks, model)
                    self.passed["stream" if stream else "chat"] += 1

    def check_way_back(self, recording, reply, chunks, model):
        """A reply that becomes a part of the conversation goes back with every part and every signature."""
        parts = [part for chunk in chunks for candidate in (chunk.get("candidates") or [])[:1]
                 for part in (candidate.get("content") or {}).get("parts") or []]
        if not any("thoughtSignature" in part for part in parts) or len(reply["choices"]) != 1:
            return
        answer = {**recording, "response": {"status": 200, "body": json.dumps(
            {"candidates": [{"content": {"parts": [{"text": "x"}]}, "finishReason": "STOP"}]})}}
        answer["request"] = {"path": recording["request"]["path"].split("?")[0].replace(":streamGenerateContent", ":generateContent")}
        request = {"model": model, "messages": [{"role": "user", "content": "Go on"}, reply["choices"][0]["message"],
                                                {"role": "user", "content": "And now?"}]}
        _, sent = self.exchange(answer, request)
        sent_back = sent["contents"][1]["parts"]
        self.assertEqual([part["thoughtSignature"] for part in sent_back if "thoughtSignature" in part],
                         [part["thoughtSignature"] for part in parts if "thoughtSignature" in part])
        for kind in ("functionCall", "executableCode", "codeExecutionResult", "inlineData"):
            self.assertEqual([part[kind] for part in sent_back if kind in part], [part[kind] for part in parts if kind in part])

    def test_embeddings_go_in_batches_and_come_back_in_order(self):
        def script(_, path, body):
            asked = json.loads(body)["requests"]
            return Answer(200, {"content-type": "application/json"}, json.dumps(
                {"embeddings": [{"values": [float(one["content"]["parts"][0]["text"]), 1.0]} for one in asked]}))

        with tempfile.TemporaryDirectory() as folder, Server(script) as server:
            config = pathlib.Path(folder) / "aikit.json"
            config.write_text(json.dumps({"providers": [{"name": "gemini", "base_url": server.base_url, "api_key": "env:TOKEN"}],
                                          "unknown_price": "allow"}))
            request = pathlib.Path(folder) / "request.json"
            request.write_text(json.dumps({"model": "gemini-embedding-001", "input": [str(i) for i in range(250)], "dimensions": 2}))
            outcome = aikit("--config", config, "embed", "--json", "--request", request, env={"TOKEN": KEY, "OPENAI_API_KEY": None})
            self.assertEqual(outcome.code, 0, outcome.err)
            self.assertEqual([one["embedding"][0] for one in outcome.last["data"]], list(range(250)))
            self.assertEqual([len(json.loads(body)["requests"]) for _, _, _, body in server.seen], [100, 100, 50])
            self.assertEqual(server.seen[0][1], "/v1/models/gemini-embedding-001:batchEmbedContents")
            self.assertEqual(json.loads(server.seen[0][3])["requests"][0]["outputDimensionality"], 2)

    def test_models_are_what_was_recorded(self):
        for name, recording in self.recorded("/models"):
            with self.subTest(name), Server(lambda *_: Answer(200, {"content-type": "application/json"}, json.dumps(
                    {key: value for key, value in json.loads(recording["response"]["body"]).items() if key != "nextPageToken"}))) as server, \
                    tempfile.TemporaryDirectory() as folder:
                config = pathlib.Path(folder) / "aikit.json"
                config.write_text(json.dumps({"providers": [{"name": "gemini", "base_url": server.base_url, "api_key": "env:TOKEN"}]}))
                outcome = aikit("--config", config, "models", "--json", env={"TOKEN": KEY, "OPENAI_API_KEY": None})
                self.assertEqual(outcome.code, 0, outcome.err)
                expected = [model["name"].removeprefix("models/") for model in json.loads(recording["response"]["body"])["models"]]
                self.assertEqual([model["id"] for model in outcome.last["data"]], expected)
                self.passed["models"] += 1


if __name__ == "__main__":
    unittest.main()
