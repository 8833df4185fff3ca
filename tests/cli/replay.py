# SPDX-License-Identifier: MIT
"""Replays recorded exchanges over loopback through the command, in one form for all dialects.

A dialect's test says of a recording: where it is asked for (`place`), how its request stands in our public fields
(`in_openai_form`), what else means the same (`canonical`), and what its answer comes to (`expected`). The rest is here:
what was sent is compared with what was recorded, what came out with what the service said. What goes around the public
fields is named in golden/passthrough.json, what the comparison of requests leaves out or rewrites in
golden/canonical.json; anything else fails.
"""

import collections
import functools
import json
import os
import pathlib
import tempfile
import unittest

from loopback import KEY, ROOT, SHARED, Answer, Server, aikit

GOLDEN = ROOT / "tests" / "golden"
RETRYABLE = {"rate_limited", "overloaded", "server_error", "timeout", "connection", "incomplete", "busy"}


class Recording:
    """One recorded exchange."""

    def __init__(self, name, document):
        self.name, self.document = name, document
        self.provider, self.surface, self.kind = (document[key] for key in ("provider", "surface", "kind"))
        request, response = document["request"], document["response"]
        self.method, self.path = request["method"], request["path"]
        self.route = self.path.split("?")[0]
        self.body = request["body"]
        self.known = isinstance(self.body, dict) and request.get("known") is not False
        self.status, self.headers, self.answer = response["status"], response.get("headers") or {}, response["body"]

    def answered(self, status, body, path=None):
        """The same exchange with another answer, and at another path where one is named."""
        document = {**self.document, "response": {"status": status, "headers": {}, "body": body}}
        document["request"] = {**document["request"], "path": path or self.path}
        return Recording(self.name, document)


def recordings(*folders):
    """The recordings of some folders, in order; all without a folder."""
    for file in sorted((SHARED / "recordings").glob("*/*.json")):
        if not folders or file.parent.name in folders:
            yield Recording(file.parent.name + "/" + file.stem, json.loads(file.read_text()))


def events_of(body):
    """The data of each server-sent event."""
    events = []
    for block in body.replace("\r\n", "\n").split("\n\n"):
        data = [line[5:].lstrip(" ") for line in block.split("\n") if line.startswith("data:")]
        if data:
            events.append("\n".join(data))
    return events


def pieces_of(body, count=60):
    """A body in about so many pieces, cut without regard to what it says."""
    raw = body.encode()
    step = max(1, len(raw) // count)
    return [raw[i:i + step] for i in range(0, len(raw), step)]


# ---- what goes around the public fields ----

REQUEST = {"model", "messages", "max_tokens", "max_completion_tokens", "temperature", "top_p", "presence_penalty",
           "frequency_penalty", "seed", "n", "stop", "logprobs", "top_logprobs", "reasoning_effort", "tools", "tool_choice",
           "parallel_tool_calls", "response_format", "service_tier", "stream", "aikit"}
MESSAGE = {"role", "name", "content", "refusal", "tool_calls", "tool_call_id", "reasoning", "reasoning_content", "aikit"}
PARTS = {"text": {"type", "text"}, "refusal": {"type", "refusal"}, "image_url": {"type", "image_url"}, "file": {"type", "file"},
         "input_audio": {"type", "input_audio"}, "audio_url": {"type", "audio_url"}}
CALL = {"id", "type", "function", "custom", "index"}
FUNCTION = {"name", "description", "parameters", "strict"}
OTHERS = {"embed": {"model", "input", "dimensions", "aikit"}, "moderate": {"model", "input", "aikit"}}


def said(value):
    return value is not None and value != [] and value != {}


def around(command, request):
    """The places of a request that have no public field of their own and go by `extra`, raw parts or native_content."""
    if command != "chat":
        return {key for key, value in request.items() if said(value) and key not in OTHERS[command]}
    out = set()
    for key, value in request.items():
        if said(value) and key not in REQUEST:
            out |= {"%s.%s" % (key, name) for name in value} if isinstance(value, dict) and key in ("generationConfig", "options") else {key}
    for message in request["messages"]:
        for key, value in message.items():
            if key == "native_content":
                out |= {"messages[].native_content.%s" % dialect for dialect in value}
            elif said(value) and key not in MESSAGE:
                out.add("messages[].%s" % key)
        content = message.get("content")
        for part in content if isinstance(content, list) else []:
            if part["type"] not in PARTS:
                inner = part.get(part["type"])
                out |= {"messages[].content[%s].%s" % (part["type"], name) for name in inner} if isinstance(inner, dict) else \
                    {"messages[].content[%s]" % part["type"]}
            else:
                out |= {"messages[].content[].%s" % key for key, value in part.items() if said(value) and key not in PARTS[part["type"]]}
        for call in message.get("tool_calls") or []:
            out |= {"messages[].tool_calls[].%s" % key for key, value in call.items() if said(value) and key not in CALL}
    for tool in request.get("tools") or []:
        if tool.get("type") != "function" or "function" not in tool:
            out.add("tools[%s]" % tool.get("type"))
            continue
        out |= {"tools[].%s" % key for key, value in tool.items() if said(value) and key not in ("type", "function")}
        out |= {"tools[].function.%s" % key for key, value in tool["function"].items() if said(value) and key not in FUNCTION}
    choice = request.get("tool_choice")
    if isinstance(choice, dict) and choice.get("type") != "function":
        out.add("tool_choice[%s]" % choice.get("type"))
    return out


@functools.lru_cache(None)
def golden(name):
    return json.loads((GOLDEN / name).read_text())


# ---- what a recorded answer comes to ----

class Failure:
    """The call fails, and this is how."""

    def __init__(self, code, status, provider_code=None, retry_after_ms=None, request_id=None, retryable=None):
        self.code, self.status, self.provider_code = code, status, provider_code
        self.retry_after_ms, self.request_id = retry_after_ms, request_id
        self.retryable = code in RETRYABLE if retryable is None else retryable
        self.label = "error"


class Broken:
    """A stream that never came to its end, or failed within: an error of one of these classes, and no complete reply."""

    def __init__(self, *codes, label="broken stream"):
        self.codes, self.label = codes, label


class Choice:
    """One choice of a reply: its texts, its calls as (id or None, name, arguments), and OpenAI's word for its end."""

    def __init__(self, text="", reasoning=(), refusal="", calls=(), finish=None, logprobs=()):
        self.text, self.reasoning, self.refusal = text, list(reasoning), refusal
        self.calls, self.finish, self.logprobs = list(calls), finish, list(logprobs)


class Reply:
    """A whole reply. `usage` holds counts in OpenAI's names, or with `exactly` their own object; `body` the whole answer
    where it has to come out as it came in."""

    def __init__(self, choices, usage=None, exactly=False, id=None, model=None, body=None, members=None):
        self.choices, self.usage, self.exactly, self.id, self.model, self.body = choices, usage, exactly, id, model, body
        self.members = members or {}


COUNTS = {"cached_tokens": "prompt_tokens_details", "cache_write_tokens": "prompt_tokens_details",
          "reasoning_tokens": "completion_tokens_details"}


def plain(content):
    if isinstance(content, list):
        return "".join(part.get("text", "") for part in content if part["type"] == "text")
    return content or ""


def thoughts(message):
    """What was thought, as our reply has it."""
    listed = (message.get("aikit") or {}).get("reasoning")
    if listed is not None:
        return [{key: value for key, value in part.items() if key != "source"} for part in listed]
    text = message.get("reasoning_content") or message.get("reasoning") or ""
    return [{"text": text}] if text else []


class Replay(unittest.TestCase):
    """The recordings that a dialect's test claims, each asked for again. Subclasses say what their dialect is."""

    maxDiff = None
    dialect = ""      # its name in the golden tables
    folders = ()

    @classmethod
    def setUpClass(cls):
        cls.passed, cls.went_around, cls.rewritten = {}, {}, {}
        if cls.claims is Replay.claims:
            raise unittest.SkipTest("a form that dialects share")
        if not (SHARED / "recordings").is_dir():
            print("[skipped] ../shared/recordings is not here")
            raise unittest.SkipTest("../shared/recordings is not here")

    @classmethod
    def tearDownClass(cls):
        print("recordings passed:", dict(collections.Counter(cls.passed.values())), "total", len(cls.passed))
        folder = os.environ.get("AIKIT_RECORDINGS_REPORT")
        if folder and cls.dialect:
            pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
            text = json.dumps({"dialect": cls.dialect, "passed": cls.passed,
                               "passthrough": {key: len(names) for key, names in cls.went_around.items()},
                               "canonical": {key: len(names) for key, names in cls.rewritten.items()}})
            (pathlib.Path(folder) / (cls.__name__ + ".json")).write_text(text)

    # ---- what a dialect says ----

    def claims(self, recording):
        """The command that asks for it: chat, embed, moderate, models. None: not this test's."""
        raise NotImplementedError

    def place(self, recording, root):
        """Arguments, environment and configuration (or None) of a call to the server at `root`."""
        raise NotImplementedError

    def in_openai_form(self, recording):
        """The recorded request in our public fields."""
        return recording.body

    def canonical(self, body, did):
        """A request without what makes no difference; `did` is told each rule that changed something."""
        return body

    def expected(self, recording):
        """A Reply, a Failure or a Broken."""
        raise NotImplementedError

    def is_stream(self, recording):
        return bool(recording.known and recording.body.get("stream"))

    def path_of(self, recording):
        """The path that we ask for."""
        return recording.path

    def check_headers(self, recording, headers):
        self.assertEqual(headers.get("authorization"), "Bearer " + KEY)

    def check_more(self, recording, outcome, expected):
        """What only this dialect can check of a reply."""

    # ---- one exchange ----

    def ask(self, recording, command, request, stream=False):
        """Runs a command against a server that answers as recorded; the outcome, the sent path and body."""
        kind = "text/event-stream" if stream else "application/json"
        headers = {"content-type": kind, **recording.headers}
        answer = Answer(recording.status, headers, recording.answer, chunked=stream, pieces=pieces_of(recording.answer) if stream else None)
        with tempfile.TemporaryDirectory() as folder, Server(lambda *_: answer) as server:
            arguments, env, config = self.place(recording, server.base_url[:-len("/v1")])
            if config:
                file = pathlib.Path(folder) / "aikit.json"
                file.write_text(json.dumps(config))
                arguments = ["--config", file, *arguments]
            if request is not None:
                file = pathlib.Path(folder) / "request.json"
                file.write_text(json.dumps(request))
                arguments = [*arguments, "--request", file, "--max-retries", "0"]
            outcome = aikit(command, "--json", *arguments, *(["--stream"] if stream else []), env=env)
            self.assertEqual(len(server.seen), 1, outcome.err)
            self.sent_method, self.sent_path, sent_headers, body = server.seen[0]
            self.sent_headers = {name.lower(): value for name, value in sent_headers.items()}
            self.assertNotIn(KEY, outcome.out + outcome.err)
            return outcome, json.loads(body) if body else None

    def rule(self, recording):
        def did(name):
            self.assertIn(name, golden("canonical.json").get(self.dialect, {}), "a rule that golden/canonical.json does not name")
            self.rewritten.setdefault(name, set()).add(recording.name)
        return did

    def replay(self, recording, command):
        stream = self.is_stream(recording)
        request = None
        if command != "models":
            request = self.in_openai_form(recording) if recording.known else self.stand_in(recording)
            for place in around(command, request):
                self.assertIn(place, golden("passthrough.json").get(self.dialect, {}), "goes around the public fields")
                self.went_around.setdefault(place, set()).add(recording.name)
        outcome, sent = self.ask(recording, command, request, stream)
        self.assertEqual(self.sent_method, recording.method)
        self.assertEqual(self.sent_path, self.path_of(recording))
        self.check_headers(recording, self.sent_headers)
        if recording.known:
            did = self.rule(recording)
            self.assertEqual(self.canonical(sent, did), self.canonical(recording.body, did))
        expected = self.expected(recording)
        if isinstance(expected, Failure):
            self.check_failure(outcome, expected, recording)
        elif isinstance(expected, Broken):
            self.check_broken(outcome, expected)
        else:
            self.assertEqual(outcome.code, 0, outcome.err)
            {"chat": self.check_chat, "embed": self.check_vectors, "moderate": self.check_body, "models": self.check_models}[command](
                outcome, expected, stream)
            self.check_more(recording, outcome, expected)
        label = getattr(expected, "label", "stream" if stream else command)
        self.passed[recording.name] = label if recording.known or request is None else label + ", request not known"

    def stand_in(self, recording):
        """What is asked where nobody knows what was."""
        return {"model": "some-model", "messages": [{"role": "user", "content": "Hello"}]}

    def test_each_recording_goes_out_and_comes_in_as_it_was_recorded(self):
        for recording in recordings(*self.folders):
            command = self.claims(recording)
            if command:
                with self.subTest(recording.name):
                    self.replay(recording, command)
        self.assertTrue(self.passed)

    # ---- what came out ----

    def check_failure(self, outcome, expected, recording):
        self.assertNotEqual(outcome.code, 0)
        error = outcome.last["error"]
        self.assertEqual(error["code"], expected.code)
        self.assertEqual(error["http_status"], expected.status)
        self.assertEqual(error["retryable"], expected.retryable)
        self.assertTrue(outcome.err.startswith("aikit: "), outcome.err)
        for name in ("provider_code", "retry_after_ms", "request_id"):
            if getattr(expected, name) is not None:
                self.assertEqual(error[name], getattr(expected, name), name)

    def check_broken(self, outcome, expected):
        self.assertNotEqual(outcome.code, 0)
        self.assertIn(outcome.last["error"]["code"], expected.codes)
        partial = outcome.last.get("partial") or {}
        self.assertFalse((partial.get("aikit") or {}).get("complete"))

    def check_chat(self, outcome, expected, stream):
        reply = outcome.last
        self.assertEqual(reply["object"], "chat.completion")
        self.assertTrue(reply["aikit"]["complete"])
        self.assertEqual(len(reply["aikit"]["attempts"]), 1)
        if expected.body is not None:
            self.assertEqual({key: value for key, value in reply.items() if key != "aikit"}, expected.body)
        if expected.id is not None:
            self.assertEqual(reply["id"], expected.id)
        if expected.model is not None:
            self.assertEqual(reply["model"], expected.model)
        for name, value in expected.members.items():
            self.assertEqual(reply.get(name), value, name)
        self.assertEqual([choice["index"] for choice in reply["choices"]], sorted(expected.choices))
        for choice in reply["choices"]:
            self.check_choice(choice, expected.choices[choice["index"]])
        if expected.usage is not None:
            self.check_usage(reply, expected)
        if stream:
            self.check_shown(outcome)

    def check_choice(self, choice, wanted):
        message = choice["message"]
        self.assertEqual(plain(message.get("content")), wanted.text)
        self.assertEqual(message.get("refusal") or "", wanted.refusal)
        self.check_thoughts(message, wanted)
        self.assertEqual(choice.get("finish_reason"), wanted.finish)
        self.assertEqual(((choice.get("logprobs") or {}).get("content")) or [], wanted.logprobs)
        calls = message.get("tool_calls") or []
        self.assertEqual([(call["function"]["name"], json.loads(call["function"]["arguments"])) for call in calls],
                         [(name, arguments) for _, name, arguments in wanted.calls])
        ids = [call["id"] for call in calls]
        self.assertEqual([given for given, call in zip(ids, wanted.calls) if call[0]], [call[0] for call in wanted.calls if call[0]])
        self.assertTrue(all(ids) or any(call[0] == "" for call in wanted.calls), ids)
        self.assertEqual(len(ids), len(set(ids)))

    def check_thoughts(self, message, wanted):
        self.assertEqual(thoughts(message), wanted.reasoning)

    def check_usage(self, reply, expected):
        usage = reply["usage"]
        if expected.exactly:
            return self.assertEqual(usage, expected.usage)
        got = {name: usage[COUNTS[name]][name] if name in COUNTS else usage[name] for name in expected.usage}
        self.assertEqual(got, expected.usage)
        ours = reply["aikit"]["usage"]
        self.assertEqual(ours["input"] + ours["cache_read"] + ours["cache_write_5m"] + ours["cache_write_1h"], usage["prompt_tokens"])
        self.assertEqual(ours["output"], usage["completion_tokens"])

    def check_shown(self, outcome):
        """The chunks that were shown on the way come to the same as the reply at the end."""
        texts, finishes, calls = collections.Counter(), {}, {}
        texts = collections.defaultdict(str)
        for line in outcome.lines[:-1]:
            for choice in json.loads(line).get("choices") or []:
                index, delta = choice["index"], choice["delta"]
                texts[index] += plain(delta.get("content"))
                finishes[index] = choice.get("finish_reason") or finishes.get(index)
                for call in delta.get("tool_calls") or []:
                    known = calls.setdefault((index, call["index"]), ["", ""])
                    known[0] = known[0] or (call.get("function") or {}).get("name") or ""
                    known[1] += (call.get("function") or {}).get("arguments") or ""
        for choice in outcome.last["choices"]:
            index = choice["index"]
            self.assertEqual(texts[index], plain(choice["message"].get("content")))
            self.assertEqual(finishes.get(index), choice["finish_reason"])
            shown = sorted((name, arguments or "{}") for (at, _), (name, arguments) in calls.items() if at == index)
            whole = sorted((call["function"]["name"], call["function"]["arguments"]) for call in choice["message"].get("tool_calls") or [])
            self.assertEqual([(name, json.loads(text)) for name, text in shown], [(name, json.loads(text)) for name, text in whole])

    def check_body(self, outcome, expected, stream):
        self.assertEqual({key: value for key, value in outcome.last.items() if key != "aikit"}, expected.body)

    def check_vectors(self, outcome, expected, stream):
        """Vectors, each number as single precision has it."""
        reply = outcome.last
        self.assertEqual(len(reply["data"]), len(expected.body))
        for place, (ours, theirs) in enumerate(zip(reply["data"], expected.body)):
            self.assertEqual(ours["index"], place)
            self.assertEqual(len(ours["embedding"]), len(theirs))
            for a, b in zip(ours["embedding"], theirs):
                self.assertAlmostEqual(a, b, delta=max(1e-7, abs(b) * 1e-6))
        if expected.usage is not None:
            self.assertEqual({name: reply["usage"][name] for name in expected.usage}, expected.usage)

    def check_models(self, outcome, expected, stream):
        self.assertEqual([model["id"] for model in outcome.last["data"]], expected.body)
