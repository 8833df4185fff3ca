# SPDX-License-Identifier: MIT
"""Every recorded chat and embedding of Hugging Face's router, its inference API and its servers goes out, and comes in, as it
was recorded; and their own ways.

The oracle is the recording: chats are in OpenAI's form, vectors are lists of numbers.
"""

import json
import pathlib
import tempfile
import unittest

from loopback import KEY, Answer, Server, aikit
from openai_form import OpenAiForm
from replay import Broken, Failure, Recording, Reply

# Text generation without messages: the answer is that of every stream, the request is of an operation aikit has not.
CODES = {"validation": "invalid_request", "template_error": "invalid_request"}


class HuggingFace(OpenAiForm):
    dialect = "huggingface"
    folders = ("huggingface",)
    ends_with_done = False

    def claims(self, recording):
        if recording.route.endswith("/completions") and not recording.route.endswith("/chat/completions"):
            return None
        if recording.kind == "embeddings":
            return "embed"
        return None if "tapas" in recording.route else "chat"

    def place(self, recording, root):
        return ["--provider", "huggingface", "--base-url", root + "/v1"], {"OPENAI_API_KEY": None, "HF_TOKEN": KEY}, None

    def replay(self, recording, command):
        if recording.known and command == "chat" and "messages" not in recording.body:
            document = recording.document
            recording = Recording(recording.name, {**document, "request": {**document["request"], "known": False}})
        super().replay(recording, command)

    def model(self, recording):
        """Named in the path, where it is not in the body."""
        for lead in ("/models/", "/feature-extraction/"):
            if lead in recording.route:
                return recording.route.split(lead)[1].removesuffix("/v1/chat/completions")
        return recording.body["model"]

    def path_of(self, recording):
        if recording.kind == "embeddings":
            return "/hf-inference/models/%s/pipeline/feature-extraction" % self.model(recording)
        return "/v1/chat/completions"

    def is_stream(self, recording):
        return recording.body["stream"] if recording.known and "stream" in recording.body else recording.answer.startswith("data:")

    def in_openai_form(self, recording):
        if recording.kind == "embeddings":
            return {"model": self.model(recording), "input": recording.body["inputs"],
                    **{key: value for key, value in recording.body.items() if key not in ("inputs", "model")}}
        return {"model": self.model(recording), **super().in_openai_form(recording)}

    def canonical(self, body, did):
        if "inputs" in body:
            if "model" in body:
                did("the model stands in the path")
            return {key: value for key, value in body.items() if key != "model"}
        body = super().canonical(body, did)
        if "stream" not in body and "stream_options" in body:
            did("stream_options")
        if body.get("tools") == []:
            did("no tools")
            body.pop("tools")
        if not body.pop("model", None):
            did("the model stands in the path")
        messages = []
        for message in body["messages"]:
            kept = {key: value for key, value in message.items() if value is not None}
            if isinstance(kept["content"], list):
                kept["content"] = [{key: value for key, value in part.items() if value is not None} for part in kept["content"]]
            if kept != message:
                did("null members")
            messages.append(kept)
        return {**body, "messages": messages}

    def failure(self, recording):
        try:
            body = json.loads(recording.answer)
        except json.JSONDecodeError:
            return Failure("invalid_request", recording.status)
        if isinstance(body["error"], dict):
            return super().failure(recording)
        code = CODES.get(body.get("error_type")) or {404: "not_found", 422: "invalid_request"}[recording.status]
        return Failure(code, recording.status, body.get("error_type"), None, recording.headers.get("x-request-id"))

    def expected(self, recording):
        if recording.status >= 400:
            return self.failure(recording)
        if recording.kind == "embeddings":
            return Reply({}, body=[json.loads(recording.answer)])
        if recording.kind == "in_stream_error":
            told = json.loads(recording.answer.removeprefix("data:"))["error"]
            return Broken("context_length" if "`max_new_tokens` must be" in told else "invalid_request")
        if self.is_stream(recording):
            try:
                return self.stream(recording)
            except json.JSONDecodeError:  # the recording ends in the middle of an event
                return Broken("protocol", "incomplete")
        return self.whole(recording)

    def stream(self, recording):
        expected = super().stream(recording)
        for choice in expected.choices.values():
            choice.finish = {"eos": "stop", "eos_token": "stop"}.get(choice.finish, choice.finish)
        return expected

    def whole(self, recording):
        expected = super().whole(recording)
        for choice in expected.choices.values():
            choice.finish = {"eos": "stop", "eos_token": "stop"}.get(choice.finish, choice.finish)
        return Reply(expected.choices, expected.usage, exactly=True, id=json.loads(recording.answer)["id"],
                     model=json.loads(recording.answer)["model"])


def json_answer(value, status=200):
    return Answer(status, {"content-type": "application/json"}, json.dumps(value))


class OwnWays(unittest.TestCase):
    def run_with(self, script, *arguments, type="huggingface", tail="/v1", **more):
        with Server(script) as server, tempfile.TemporaryDirectory() as folder:
            config = pathlib.Path(folder) / "aikit.json"
            config.write_text(json.dumps({"providers": [{"name": "face", "type": type, "api_key": "env:TOKEN",
                                                         "base_url": server.base_url[:-len("/v1")] + tail, **more}],
                                          "unknown_price": "allow"}))
            arguments = [pathlib.Path(folder) / "request.json" if one is self.request else one for one in arguments]
            (pathlib.Path(folder) / "request.json").write_text(json.dumps(self.request))
            outcome = aikit("--config", config, *arguments, "--json", "--max-retries", "0", env={"TOKEN": KEY, "OPENAI_API_KEY": None})
            return outcome, server.seen

    request = {}

    def test_embeddings_go_to_the_place_that_the_configuration_says(self):
        def script(_, path, body):
            texts = json.loads(body)["inputs"]
            return json_answer([[float(text.split()[0]), 0.5] for text in texts])

        self.request = {"model": "org/name", "input": ["%d text" % i for i in range(70)], "normalize": True, "truncate": True}
        for type, tail, path in (("huggingface", "/v1", "/hf-inference/models/org/name/pipeline/feature-extraction"),
                                 ("huggingface", "", "/hf-inference/models/org/name/pipeline/feature-extraction"),
                                 ("huggingface", "/hf-inference", "/hf-inference/models/org/name/pipeline/feature-extraction"),
                                 ("huggingface", "/hf-inference/models/org/name", "/hf-inference/models/org/name/pipeline/feature-extraction"),
                                 ("tei", "", "/embed"), ("tei", "/v1", "/embed"), ("tei", "/below", "/below/embed")):
            with self.subTest(type=type, tail=tail):
                outcome, seen = self.run_with(script, "embed", "--request", self.request, type=type, tail=tail)
                self.assertEqual(outcome.code, 0, outcome.err)
                self.assertEqual({one[1] for one in seen}, {path})
                self.assertEqual([one["embedding"] for one in outcome.last["data"]], [[float(i), 0.5] for i in range(70)])
                bodies = sorted((json.loads(body) for _, _, _, body in seen), key=lambda body: int(body["inputs"][0].split()[0]))
                self.assertEqual([len(body["inputs"]) for body in bodies], [32, 32, 6])
                self.assertTrue(all(body["normalize"] is True and body["truncate"] is True for body in bodies))

    def test_the_length_of_vectors_is_chosen_where_that_is_possible(self):
        self.request = {"model": "org/name", "input": ["1"], "dimensions": 2, "odd": 1}
        for type, sent in (("tei", 2), ("huggingface", None)):
            outcome, seen = self.run_with(lambda *_: json_answer([[1.0, 2.0]]), "embed", "--request", self.request, type=type)
            self.assertEqual(outcome.code, 0, outcome.err)
            self.assertEqual(json.loads(seen[0][3]).get("dimensions"), sent)
            warnings = " ".join(outcome.last["aikit"]["warnings"])
            self.assertEqual("dimensions" in warnings, sent is None)
            self.assertIn("odd", warnings)

    def test_what_is_no_vector_of_each_text_is_refused(self):
        self.request = {"model": "org/name", "input": ["a", "b"]}
        for body, code in (([[1.0]], "protocol"), ([[1.0], [2.0], [3.0]], "protocol"), ([[1.0], [2.0, 3.0]], "protocol"),
                           ([1.0, 2.0], "protocol"), ([["a"], ["b"]], "protocol"), ([[], []], "protocol"), ({}, "protocol"),
                           ([], "protocol"), ("text", "protocol"), ([[[1.0], [2.0]], [[3.0]]], "unsupported"),
                           ({"error": "it broke", "error_type": "backend"}, "server_error"),
                           ({"error": ["first", "second"]}, "server_error")):
            with self.subTest(body=body):
                outcome, _ = self.run_with(lambda *_: json_answer(body), "embed", "--request", self.request)
                self.assertEqual(outcome.last["error"]["code"], code, outcome.err)
        self.request = {"model": "org/name", "input": "a"}
        outcome, seen = self.run_with(lambda *_: json_answer([[1.0], [2.0]]), "embed", "--request", self.request)
        self.assertEqual(outcome.last["error"]["code"], "unsupported")
        self.assertEqual(json.loads(seen[0][3])["inputs"], "a")

    def test_a_models_name_that_leaves_its_path_is_refused_before_anything_is_sent(self):
        for model in ("../../v1/secret", "org/../x", "org/name?x", "org/name#x", "/org", "org/", "org//name", "org/na me"):
            with self.subTest(model):
                self.request = {"model": model, "input": ["a"]}
                outcome, seen = self.run_with(lambda *_: json_answer([[1.0]]), "embed", "--request", self.request)
                self.assertEqual(outcome.last["error"]["code"], "invalid_argument")
                self.assertEqual(seen, [])
        for tail, code in (("fastest", None), ("hf-inference", None), ("groq", "unsupported")):
            self.request = {"model": "org/name:" + tail, "input": ["a"]}
            outcome, seen = self.run_with(lambda *_: json_answer([[1.0]]), "embed", "--request", self.request)
            if code:
                self.assertEqual((outcome.last["error"]["code"], seen), (code, []))
            else:
                self.assertIn("/models/org/name/pipeline", seen[0][1])

    def test_errors_are_told_in_their_own_ways(self):
        for status, body, code, retryable, wait in (
                (503, {"error": "Model org/name is currently loading", "estimated_time": 20.5}, "overloaded", True, 20500),
                (503, {"error": "Model is unhealthy", "error_type": "unhealthy"}, "overloaded", True, None),
                (429, {"error": "Model is overloaded", "error_type": "overloaded"}, "overloaded", True, None),
                (424, {"error": "Request failed during generation", "error_type": "generation"}, "server_error", True, None),
                (422, {"error": "Input validation error: `temperature` must be strictly positive", "error_type": "validation"},
                 "invalid_request", False, None),
                (422, {"error": "Input validation error: `inputs` must have less than 1024 tokens. Given: 2000", "error_type": "validation"},
                 "context_length", False, None),
                (413, {"error": "batch size 33 > maximum allowed batch size 32", "error_type": "Validation"}, "invalid_request", False, None),
                (500, {"error": "Incomplete generation", "error_type": "incomplete_generation"}, "server_error", True, None),
                (400, {"error": ["Error in `inputs`: field required"]}, "invalid_request", False, None),
                (402, {"error": "You have exceeded your monthly included credits"}, "quota_exceeded", False, None),
                (403, {"error": "Cannot access gated repo"}, "permission", False, None)):
            with self.subTest(body=body):
                outcome, _ = self.run_with(lambda *_: json_answer(body, status), "chat", "Hi", "--model", "org/name")
                error = outcome.last["error"]
                self.assertEqual((error["code"], error["retryable"], error["retry_after_ms"]), (code, retryable, wait))

    def test_older_servers_stream_in_their_own_ways(self):
        first = {"object": "text_completion", "id": "", "created": 1, "model": "tgi", "system_fingerprint": "2.0",
                 "choices": [{"index": 0, "delta": {"role": "assistant", "content": "Hel"}, "logprobs": None, "finish_reason": None}]}
        last = {**first, "choices": [{"index": 0, "delta": {"role": "assistant", "content": "lo"}, "logprobs": None, "finish_reason": "eos_token"}]}
        whole = "data:%s\n\ndata:%s\n\n" % (json.dumps(first), json.dumps(last))
        error = 'data:{"error":"Request failed during generation: out of memory","error_type":"generation"}\n\n'
        for body, code in ((whole, None), (whole.split("\n\n")[0] + "\n\n", "incomplete"), (whole.split("\n\n")[0] + "\n\n" + error, "server_error"),
                           (error, "server_error")):
            with self.subTest(body=body):
                outcome, _ = self.run_with(lambda *_: Answer(200, {"content-type": "text/event-stream"}, body, chunked=True), "chat", "Hi",
                                           "--model", "tgi", "--stream", tail="")
                if code:
                    self.assertEqual(outcome.last["error"]["code"], code, outcome.err)
                else:
                    self.assertEqual(outcome.last["choices"][0]["message"]["content"], "Hello")
                    self.assertEqual(outcome.last["choices"][0]["finish_reason"], "stop")

    def test_arguments_that_are_objects_are_read_too(self):
        call = {"id": 0, "type": "function", "function": {"description": None, "name": "look", "arguments": {"at": [1, 2]}}}
        outcome, seen = self.run_with(lambda *_: json_answer({"object": "text_completion", "id": "", "created": 1, "model": "tgi", "choices": [
            {"index": 0, "message": {"role": "assistant", "tool_calls": [call]}, "logprobs": None, "finish_reason": "eos_token"}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3}}), "chat", "Hi", "--model", "tgi", tail="")
        self.assertEqual(outcome.code, 0, outcome.err)
        self.assertEqual(seen[0][1], "/v1/chat/completions")
        told = outcome.last["choices"][0]["message"]["tool_calls"][0]
        self.assertEqual(json.loads(told["function"]["arguments"]), {"at": [1, 2]})

    def test_who_pays_is_told(self):
        _, seen = self.run_with(lambda *_: json_answer([[1.0]]), "embed", "Hi", "--model", "org/name", organization="an-org")
        headers = {name.lower(): value for name, value in seen[0][2].items()}
        self.assertEqual((headers["x-hf-bill-to"], headers["authorization"]), ("an-org", "Bearer " + KEY))


if __name__ == "__main__":
    unittest.main()
