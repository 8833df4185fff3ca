# SPDX-License-Identifier: MIT
"""Every recorded exchange with Gemini, by its own API and by Vertex AI, goes out and comes in as it was recorded.

The oracle is the recording: its request is put into OpenAI's form here, and has to leave the command as it stood; its
answer is put together here from its own pieces.
"""

import base64
import collections
import json
import pathlib
import re
import subprocess
import tempfile
import unittest
import urllib.parse

from loopback import KEY, Answer, Server, aikit
from replay import Broken, Choice, Failure, Replay, Reply, events_of

FIELDS = {"temperature": "temperature", "topP": "top_p", "maxOutputTokens": "max_tokens", "seed": "seed",
          "candidateCount": "n", "stopSequences": "stop", "presencePenalty": "presence_penalty", "frequencyPenalty": "frequency_penalty"}
FINISH = {"STOP": "stop", "MAX_TOKENS": "length", "SAFETY": "content_filter", "RECITATION": "content_filter",
          "PROHIBITED_CONTENT": "content_filter"}
# Of google.rpc.Code, what the service says in the middle of a stream.
STATUSES = {"CANCELLED": ("invalid_request", "server_error"), "UNAVAILABLE": ("overloaded",), "INTERNAL": ("server_error",),
            "RESOURCE_EXHAUSTED": ("rate_limited",), "INVALID_ARGUMENT": ("invalid_request",)}


# ---- a recorded request in OpenAI's form ----

OWN_WORDS = {"args", "response", "parameters", "parametersJsonSchema", "parameters_json_schema", "responseSchema", "responseJsonSchema",
             "schema", "labels"}


def camel(name):
    head, *rest = name.split("_")
    return head + "".join(word.capitalize() for word in rest)


def camel_case(value, did=lambda rule: None):
    """Members under the names that the documentation has; the service takes them in snake_case too."""
    if isinstance(value, list):
        return [camel_case(one, did) for one in value]
    if not isinstance(value, dict):
        return value
    if any(camel(name) != name for name in value):
        did("members in snake_case")
    return {camel(name): one if camel(name) in OWN_WORDS else camel_case(one, did) for name, one in value.items()}


def media_of(part):
    """A part that holds, or names, a picture, a document or a sound; nothing for others."""
    if set(part) == {"inlineData"}:
        data = part["inlineData"]
        url = "data:%s;base64,%s" % (data["mimeType"], data["data"])
    elif set(part) == {"fileData"} and part["fileData"]["fileUri"].startswith("http"):
        data = part["fileData"]
        url = data["fileUri"]
    else:
        return None
    kind = data["mimeType"].split("/")[0]
    if kind == "image":
        return {"type": "image_url", "image_url": {"url": url}}
    if data["mimeType"] == "application/pdf":
        return {"type": "file", "file": {"file_data" if url.startswith("data:") else "file_url": url}}
    if kind == "audio" and "inlineData" in part:
        return {"type": "input_audio", "input_audio": {"data": data["data"], "format": data["mimeType"].split("/")[1]}}
    return None


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
            elif set(part) == {"text"} or set(part) == {"text", "thought"} and not part["thought"]:
                rest.append({"type": "text", "text": part["text"]})
            elif media_of(part):
                rest.append(media_of(part))
            else:
                rest.append({"type": "gemini", "gemini": part})
        if rest:
            out.append({"role": "user", "content": rest})
    return out


class Efforts:
    """What thinking comes to in OpenAI's words, where it has one."""

    def __contains__(self, config):
        return self[config] is not None

    def __getitem__(self, config):
        config = config or {}
        if config.get("thinkingLevel") and config.get("includeThoughts"):
            return config["thinkingLevel"].lower()
        return "none" if config.get("thinkingBudget") == 0 and not config.get("includeThoughts") else None


EFFORTS = Efforts()


def in_openai_form(body, model):
    body = camel_case(body)
    out = {key: value for key, value in body.items() if key not in ("contents", "systemInstruction", "generationConfig", "tools")}
    out["model"] = model
    system = body.get("systemInstruction")
    out["messages"] = [{"role": "system", "content": [{"type": "text", "text": part["text"]} for part in system["parts"]]}] if system else []
    out["messages"] += messages_of(body["contents"], [])
    rest = {}
    for name, value in (body.get("generationConfig") or {}).items():
        (out if name in FIELDS else rest)[FIELDS.get(name, name)] = value
    schema = rest.get("responseJsonSchema") or rest.get("responseSchema")
    if rest.get("responseMimeType") == "application/json":
        out["response_format"] = {"type": "json_schema", "json_schema": {"name": "reply", "schema": schema}} if schema else {"type": "json_object"}
        rest = {key: value for key, value in rest.items() if key not in ("responseMimeType", "responseJsonSchema", "responseSchema")}
    if rest.get("thinkingConfig") in EFFORTS:
        out["reasoning_effort"] = EFFORTS[rest.pop("thinkingConfig")]
    if rest:
        out["generationConfig"] = rest
    tools = []
    for tool in body.get("tools") or []:
        for function in tool.get("functionDeclarations") or []:
            schema = schema_of(function)
            tools.append({"type": "function", "function": {"name": function["name"], "description": function.get("description") or "",
                                                           **({"parameters": schema} if schema else {})}})
        for name, value in tool.items():
            if name != "functionDeclarations":
                tools.append({"type": name, name: value})
    if tools:
        out["tools"] = tools
    return out


def without_null(value, did):
    if isinstance(value, dict):
        if any(one is None for one in value.values()):
            did("null members")
        return {key: without_null(one, did) for key, one in value.items() if one is not None}
    if isinstance(value, list):
        return [without_null(one, did) for one in value]
    return value


def schema_of(function):
    return function.get("parameters") or function.get("parametersJsonSchema") or function.get("parameters_json_schema")


def canonical(body, did):
    """The same request, however it is spelled."""
    body = camel_case(without_null(body, did), did)
    out = {key: value for key, value in body.items() if value not in ({}, [])}
    if len(out) != len(body):
        did("empty members")
    contents = []
    for content in out["contents"]:
        parts = content["parts"]
        if not isinstance(parts, list):
            did("parts that are one part")
            parts = [parts]
        role = "model" if content.get("role") == "model" else "user"
        kept = [part for part in parts if part != {"text": ""} or role == "model"]
        if len(kept) != len(parts):
            did("empty texts of the user")
        for part in kept:
            if part.get("thought") is False:
                did("thought: false")
                part.pop("thought")
            data = part.get("inlineData") or {}
            if set("-_") & set(data.get("data", "")):
                did("base64 in the alphabet for URLs")
                data["data"] = data["data"].replace("-", "+").replace("_", "/")
            if "functionCall" in part and not part["functionCall"].get("args"):
                did("calls without arguments")
                part["functionCall"] = {**part["functionCall"], "args": {}}
        if contents and contents[-1]["role"] == role:
            did("contents of one side in a row are one")
            contents[-1]["parts"] += kept
        else:
            contents.append({"role": role, "parts": kept})
    for content in contents:
        parts = [part for part in content["parts"] if "functionResponse" in part] + \
            [part for part in content["parts"] if "functionResponse" not in part]
        if parts != content["parts"]:
            did("results stand in front")
        content["parts"] = joined(parts)
        if content["parts"] != parts:
            did("texts in a row are one")
    out["contents"] = contents
    config = dict(out.get("generationConfig") or {})
    if "responseSchema" in config:
        did("the member that a schema of replies stands in")
        config["responseJsonSchema"] = config.pop("responseSchema")
    thinking = config.get("thinkingConfig") or {}
    if thinking.get("includeThoughts") is False:
        did("includeThoughts: false")
        thinking.pop("includeThoughts")
    if thinking.get("thinkingLevel", "").islower():
        did("letters of a level")
        thinking["thinkingLevel"] = thinking["thinkingLevel"].upper()
    if config:
        out["generationConfig"] = config
    if "systemInstruction" in out:
        if "role" in out["systemInstruction"]:
            did("role of the instruction")
        out["systemInstruction"] = [part["text"] for part in out["systemInstruction"]["parts"]]
    functions, own = [], []
    for tool in out.pop("tools", []):
        for function in tool.get("functionDeclarations") or []:
            schema = schema_of(function)
            if "description" in function and not function["description"]:
                did("empty description of a tool")
            if schema and "parameters" not in function:
                did("the member that a tool's schema stands in")
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


def put_piece(at, piece):
    """One piece of arguments: a text goes on where one is."""
    steps = [name or int(index) for name, index in re.findall(r"\.([^.\[]+)|\[(\d+)\]", piece["jsonPath"])]
    for step, following in zip(steps, steps[1:]):
        if isinstance(step, int) and step == len(at):
            at.append([] if isinstance(following, int) else {})
        elif not isinstance(step, int):
            at.setdefault(step, [] if isinstance(following, int) else {})
        at = at[step]
    value = next((piece[name] for name in ("numberValue", "boolValue") if name in piece), None)
    if "stringValue" in piece:
        value = (at[steps[-1]] if not isinstance(at, list) and steps[-1] in at or isinstance(at, list) and steps[-1] < len(at) else "") + piece["stringValue"]
    if isinstance(at, list) and steps[-1] == len(at):
        at.append(value)
    else:
        at[steps[-1]] = value


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
                    one["calls"].append((part["functionCall"].get("id"), part["functionCall"]["name"], part["functionCall"].get("args") or {}))
                for piece in part.get("functionCall", {}).get("partialArgs") or []:
                    put_piece(one["calls"][-1][2], piece)
            reason = given.get("finishReason")
            one["finish"] = {1: "STOP"}.get(reason, reason) or one["finish"]
    return candidates, usage, facts


class Gemini(Replay):
    dialect = "gemini"
    folders = ("vertex",)

    def claims(self, recording):
        if recording.surface not in ("gemini-api", "vertex"):
            return None
        if recording.route.endswith((":generateContent", ":streamGenerateContent")):
            return "chat"
        if recording.route.endswith((":predict", ":batchEmbedContents")):
            return None if "inline_data" in json.dumps(recording.body) else "embed"
        return "models" if recording.route == "/v1beta/models" else None

    def place(self, recording, root):
        provider = {"name": "gemini", "base_url": root + "/v1beta", "api_key": "env:TOKEN"}
        if recording.surface == "vertex":
            provider = {"name": "vertex", "base_url": root, "project": "PROJECT", "auth_token": "env:TOKEN",
                        "location": recording.path.split("/locations/")[1].split("/")[0]}
        return [], {"TOKEN": KEY, "OPENAI_API_KEY": None}, {"providers": [provider], "unknown_price": "allow"}

    def path_of(self, recording):
        if recording.route == "/v1beta/models":
            return recording.path
        return recording.route.replace("/v1beta1/", "/v1/") + ("?alt=sse" if self.is_stream(recording) else "")

    def check_headers(self, recording, headers):
        vertex = recording.surface == "vertex"
        self.assertEqual(headers.get("authorization" if vertex else "x-goog-api-key"), ("Bearer " if vertex else "") + KEY)

    def is_stream(self, recording):
        return recording.route.endswith(":streamGenerateContent")

    def model(self, recording):
        return recording.route.split("/models/")[1].split(":")[0]

    def stand_in(self, recording):
        return {"model": self.model(recording), "messages": [{"role": "user", "content": "Hello"}]}

    def in_openai_form(self, recording):
        body, model = recording.body, self.model(recording)
        if "instances" in body:
            return {"model": model, "input": [one["content"] for one in body["instances"]]}
        if "requests" in body:
            out = {"model": model, "input": [one["content"]["parts"][0]["text"] for one in body["requests"]]}
            dimensions = body["requests"][0].get("outputDimensionality")
            return {**out, "dimensions": dimensions} if dimensions else out
        return in_openai_form(body, model)

    def canonical(self, body, did):
        return canonical(body, did) if "contents" in body else body

    def ask(self, recording, command, request, stream=False):
        if command == "models":  # the next page is another recording
            body = {key: value for key, value in json.loads(recording.answer).items() if key != "nextPageToken"}
            recording = recording.answered(200, json.dumps(body))
        return super().ask(recording, command, request, stream)

    def failure(self, recording):
        theirs = json.loads(recording.answer)
        theirs = (theirs[0] if isinstance(theirs, list) else theirs)["error"]
        key = any(detail.get("reason") == "API_KEY_INVALID" for detail in theirs.get("details") or [])
        code = {400: "authentication" if key else "invalid_request", 403: "permission", 404: "not_found", 429: "rate_limited",
                503: "overloaded"}[recording.status]
        delays = [detail["retryDelay"] for detail in theirs.get("details") or [] if "retryDelay" in detail]
        return Failure(code, recording.status, None if key else theirs["status"],
                       round(1000 * float(delays[0].rstrip("s"))) if delays else None)

    def expected(self, recording):
        if recording.status >= 400:
            return self.failure(recording)
        if recording.route == "/v1beta/models":
            return Reply({}, body=[model["name"].removeprefix("models/") for model in json.loads(recording.answer)["models"]])
        if recording.kind == "embeddings":
            answer = json.loads(recording.answer)
            if "predictions" not in answer:
                return Reply({}, body=[one["values"] for one in answer["embeddings"]])
            ours = [one["embeddings"] for one in answer["predictions"]]
            tokens = sum(one["statistics"]["token_count"] for one in ours)
            return Reply({}, {"prompt_tokens": tokens, "total_tokens": tokens}, body=[one["values"] for one in ours])
        stream = self.is_stream(recording)
        try:
            chunks = chunks_of(recording.answer) if stream else [json.loads(recording.answer)]
        except json.JSONDecodeError:
            chunks = []
        candidates, usage, facts = assemble(chunks)
        if not candidates and any("blockReason" in (chunk.get("promptFeedback") or {}) for chunk in chunks):
            return Broken("content_filtered", label="blocked")
        if '"error"' in recording.answer:
            return Broken(*STATUSES[re.search(r'"status": *"(\w+)"', recording.answer)[1]])
        if not candidates or stream and not all(one["finish"] for one in candidates.values()):
            return Broken("incomplete")
        self.chunks = chunks
        choices = {}
        for index, one in candidates.items():
            finish = "tool_calls" if one["calls"] and one["finish"] == "STOP" else FINISH.get(one["finish"], one["finish"])
            choices[index] = Choice(one["text"], [], "", [(identifier, name, args) for identifier, name, args in one["calls"]], finish)
            choices[index].thought = one["thought"]
        return Reply(choices, self.usage_of(usage), id=facts["responseId"] or "", model=facts["modelVersion"])

    def usage_of(self, usage):
        if not usage:
            return None
        prompt = usage.get("promptTokenCount", 0) + usage.get("toolUsePromptTokenCount", 0)
        output = usage.get("candidatesTokenCount", 0) + usage.get("thoughtsTokenCount", 0)
        return {"prompt_tokens": prompt, "completion_tokens": output, "total_tokens": prompt + output,
                "cached_tokens": usage.get("cachedContentTokenCount", 0), "reasoning_tokens": usage.get("thoughtsTokenCount", 0)}

    def check_thoughts(self, message, wanted):
        """Signatures stand with the parts that go back; the text is what is told of them."""
        self.assertEqual("".join(part["text"] for part in (message.get("aikit") or {}).get("reasoning") or []), wanted.thought)

    def check_more(self, recording, outcome, expected):
        if recording.route == "/v1beta/models" or recording.kind == "embeddings":
            return
        """A reply that becomes a part of the conversation goes back with every part and every signature."""
        parts = [part for chunk in self.chunks for candidate in (chunk.get("candidates") or [])[:1]
                 for part in (candidate.get("content") or {}).get("parts") or []]
        reply = outcome.last
        if not any("thoughtSignature" in part for part in parts) or len(reply["choices"]) != 1:
            return
        path = recording.route.replace(":streamGenerateContent", ":generateContent")
        answer = recording.answered(200, json.dumps({"candidates": [{"content": {"parts": [{"text": "x"}]}, "finishReason": "STOP"}]}), path)
        request = {"model": self.model(recording), "messages": [
            {"role": "user", "content": "Go on"}, reply["choices"][0]["message"], {"role": "user", "content": "And now?"}]}
        _, sent = self.ask(answer, "chat", request)
        sent_back = sent["contents"][1]["parts"]
        self.assertEqual([part["thoughtSignature"] for part in sent_back if "thoughtSignature" in part],
                         [part["thoughtSignature"] for part in parts if "thoughtSignature" in part])
        if "partialArgs" in recording.answer:  # goes back as if it had come whole
            calls = [part["functionCall"] for part in sent_back if "functionCall" in part]
            self.assertEqual([(call["name"], call["args"]) for call in calls], [(name, args) for _, name, args in expected.choices[0].calls])
            return
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
            self.assertEqual(sorted(len(json.loads(body)["requests"]) for _, _, _, body in server.seen), [50, 100, 100])
            self.assertEqual(server.seen[0][1], "/v1/models/gemini-embedding-001:batchEmbedContents")
            self.assertEqual(json.loads(server.seen[0][3])["requests"][0]["outputDimensionality"], 2)


class Vertex(unittest.TestCase):
    """Vertex AI as its users set it up: by the environment, with the key file of a service account."""

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        folder = pathlib.Path(cls.folder.name)
        cls.key, cls.public = folder / "key.pem", folder / "public.pem"
        try:
            subprocess.run(["openssl", "genrsa", "-out", cls.key, "2048"], check=True, capture_output=True)
            subprocess.run(["openssl", "rsa", "-in", cls.key, "-pubout", "-out", cls.public], check=True, capture_output=True)
        except FileNotFoundError:
            print("[skipped] openssl is not here")
            raise unittest.SkipTest("openssl is not here") from None

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def key_file(self, root, **more):
        file = pathlib.Path(self.folder.name) / "account.json"
        file.write_text(json.dumps({"type": "service_account", "project_id": "proj-7", "private_key_id": "kid-7",
                                    "private_key": self.key.read_text(), "client_email": "robot@proj-7.test",
                                    "token_uri": root + "/token", **more}))
        return file

    def script(self, _, path, body):
        if path == "/token":
            self.asked.append(urllib.parse.parse_qs(body.decode()))
            return Answer(200, {"content-type": "application/json"}, json.dumps({"access_token": KEY, "expires_in": 3599}))
        if "publishers/google/models?" in path:
            second = "pageToken=next" in path
            return Answer(200, {"content-type": "application/json"}, json.dumps(
                {"publisherModels": [{"name": "publishers/google/models/" + name, "versionId": "1"}
                                     for name in (["gemini-b"] if second else ["gemini-a", "text-embedding-005"])],
                 **({} if second else {"nextPageToken": "next"})}))
        if path.endswith(":predict"):
            return Answer(200, {"content-type": "application/json"}, json.dumps({"predictions": [
                {"embeddings": {"values": [float(one["content"].split()[0]), 1.0], "statistics": {"token_count": 2, "truncated": False}}}
                for one in json.loads(body)["instances"]]}))
        if path.endswith(":embedContent"):
            text = json.loads(body)["content"]["parts"][0]["text"]
            return Answer(200, {"content-type": "application/json"}, json.dumps(
                {"embedding": {"values": [float(text.split()[0]), 2.0]}, "usageMetadata": {"promptTokenCount": 3}}))
        return Answer(200, {"content-type": "application/json"}, json.dumps(
            {"candidates": [{"content": {"parts": [{"text": "Hello"}]}, "finishReason": "STOP"}]}))

    def run_vertex(self, server, *arguments, **env):
        root = server.base_url[:-len("/v1")]
        self.asked = []
        return aikit(*arguments, "--json", "--provider", "vertex", "--base-url", root,
                     env={"OPENAI_API_KEY": None, "GOOGLE_APPLICATION_CREDENTIALS": str(self.key_file(root)), **env})

    def test_a_service_account_asks_for_its_token_itself(self):
        with Server(self.script) as server:
            outcome = self.run_vertex(server, "chat", "Hi", "--model", "gemini-2.5-flash", GOOGLE_CLOUD_LOCATION="europe-west4")
            self.assertEqual(outcome.code, 0, outcome.err)
            self.assertEqual([path for _, path, _, _ in server.seen], [
                "/token", "/v1/projects/proj-7/locations/europe-west4/publishers/google/models/gemini-2.5-flash:generateContent"])
            self.assertEqual(server.seen[1][2].get("Authorization"), "Bearer " + KEY)
            self.assertNotIn("Authorization", server.seen[0][2])
            self.assertEqual(self.asked[0]["grant_type"], ["urn:ietf:params:oauth:grant-type:jwt-bearer"])
            signed, _, signature = self.asked[0]["assertion"][0].rpartition(".")
            folder = pathlib.Path(self.folder.name)
            (folder / "signature").write_bytes(base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4)))
            verified = subprocess.run(["openssl", "dgst", "-sha256", "-verify", self.public, "-signature", folder / "signature"],
                                      input=signed.encode(), capture_output=True)
            self.assertEqual(verified.returncode, 0, verified.stderr)
            self.assertNotIn(KEY, outcome.out + outcome.err)

    def test_a_file_that_is_none_is_told_without_what_it_holds(self):
        with Server(self.script) as server:
            root = server.base_url[:-len("/v1")]
            for change in ({"type": "external_account"}, {"private_key": self.key.read_text()[:300]}, {"token_uri": "http://elsewhere.test/"}):
                with self.subTest(change=list(change)):
                    outcome = aikit("chat", "Hi", "--json", "--provider", "vertex", "--model", "m", "--base-url", root, env={
                        "OPENAI_API_KEY": None, "GOOGLE_APPLICATION_CREDENTIALS": str(self.key_file(root, **change))})
                    self.assertEqual(outcome.last["error"]["code"], "invalid_argument", outcome.err)
                    self.assertIn(list(change)[0], outcome.err)
                    self.assertNotIn(self.key.read_text().split("\n")[2], outcome.out + outcome.err)
            missing = aikit("chat", "Hi", "--json", "--provider", "vertex", "--model", "m", "--base-url", root, env={
                "OPENAI_API_KEY": None, "GOOGLE_APPLICATION_CREDENTIALS": "/nowhere/account.json"})
            self.assertEqual(missing.last["error"]["code"], "authentication")
            self.assertIn("/nowhere/account.json", missing.err)
            self.assertEqual(server.seen, [])

    def test_embeddings_are_asked_for_as_the_model_wants_them(self):
        texts = ["%d %s" % (i, "x" * 400) for i in range(250)]
        for model, method, batches in (("text-embedding-005", ":predict", None), ("gemini-embedding-001", ":predict", 7),
                                       ("gemini-embedding-2-preview", ":embedContent", 7)):
            some = texts if batches is None else texts[:batches]
            with self.subTest(model), Server(self.script) as server, tempfile.TemporaryDirectory() as folder:
                file = pathlib.Path(folder) / "request.json"
                file.write_text(json.dumps({"model": model, "input": some, "dimensions": 2, "title": "A title"}))
                outcome = self.run_vertex(server, "embed", "--request", file)
                self.assertEqual(outcome.code, 0, outcome.err)
                self.assertEqual([one["embedding"][0] for one in outcome.last["data"]], list(range(len(some))))
                bodies = [json.loads(body) for _, path, _, body in server.seen if path.endswith(method)]
                self.assertEqual(len(self.asked), 1)
                self.assertEqual(len(bodies), len(server.seen) - 1)
                if batches is None:
                    self.assertTrue(all(sum(len(one["content"]) for one in body["instances"]) <= 50_000 for body in bodies))
                    self.assertEqual(sum(len(body["instances"]) for body in bodies), 250)
                    self.assertTrue(all(len(body["instances"]) <= 100 for body in bodies))
                else:
                    self.assertEqual(len(bodies), batches)
                if method == ":predict":
                    self.assertEqual(bodies[0]["parameters"], {"outputDimensionality": 2})
                    self.assertEqual(bodies[0]["instances"][0]["title"], "A title")
                    self.assertEqual(outcome.last["usage"]["prompt_tokens"], 2 * len(some))
                else:
                    self.assertEqual(bodies[0]["embedContentConfig"], {"title": "A title", "outputDimensionality": 2})
                    self.assertEqual(outcome.last["usage"]["prompt_tokens"], 3 * len(some))

    def test_models_are_listed_page_by_page(self):
        with Server(self.script) as server, tempfile.TemporaryDirectory() as folder:
            root = server.base_url[:-len("/v1")]
            config = pathlib.Path(folder) / "aikit.json"
            for tail, beta in (("", "/v1beta1"), ("/v1", "/v1"), ("/v1beta1", "/v1beta1")):
                config.write_text(json.dumps({"providers": [{"name": "vertex", "base_url": root + tail, "project": "p",
                                                             "credentials": "file:" + str(self.key_file(root))}]}))
                self.asked = []
                outcome = aikit("--config", config, "models", "--json", env={"OPENAI_API_KEY": None})
                self.assertEqual(outcome.code, 0, outcome.err)
                self.assertEqual([one["id"] for one in outcome.last["data"]], ["gemini-a", "text-embedding-005", "gemini-b"])
                self.assertEqual(len(self.asked), 1)
                self.assertEqual(server.seen[-2][1], beta + "/publishers/google/models?pageSize=1000")

    def test_a_key_alone_needs_no_project(self):
        with Server(self.script) as server, tempfile.TemporaryDirectory() as folder:
            config = pathlib.Path(folder) / "aikit.json"
            config.write_text(json.dumps({"providers": [{"name": "vertex", "base_url": server.base_url[:-len("/v1")],
                                                         "api_key": "env:TOKEN"}], "unknown_price": "allow"}))
            outcome = aikit("--config", config, "chat", "Hi", "--json", "--model", "gemini-2.5-flash", env={"TOKEN": KEY})
            self.assertEqual(outcome.code, 0, outcome.err)
            self.assertEqual(server.seen[0][1], "/v1/publishers/google/models/gemini-2.5-flash:generateContent")
            self.assertEqual({name.lower(): value for name, value in server.seen[0][2].items()}["x-goog-api-key"], KEY)


if __name__ == "__main__":
    unittest.main()
