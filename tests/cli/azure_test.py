# SPDX-License-Identifier: MIT
"""Every recorded chat and embedding of Azure goes out, and comes in, as it was recorded. The oracle is the recording."""

import json
import pathlib
import tempfile
import unittest

from loopback import Answer, Recordings, Server, aikit
from recordings_test import assemble, events_of

KEY = "azure-canary-0f3c52d9a1b84e67"


def place(path):
    """The base URL's path, the deployment and the version that a recorded path was made of."""
    path, _, query = path.replace("//", "/").partition("?")
    version = query.removeprefix("api-version=")
    parts = path.split("/")
    if "deployments" in parts:
        return "", parts[parts.index("deployments") + 1], version
    return ("/models" if parts[1] == "models" else ""), None, version


class Azure(Recordings):
    folder = "azure"

    def exchange(self, recording, command, request, *flags, pieces=None, secret=None):
        response = recording["response"]
        headers = {"content-type": "application/json", **(response.get("headers") or {})}
        answer = Answer(response["status"], headers, response["body"], chunked=pieces is not None, pieces=pieces)
        base, _, version = place(recording["request"]["path"])
        with tempfile.TemporaryDirectory() as folder, Server(lambda *_: answer) as server:
            file = pathlib.Path(folder) / "request.json"
            file.write_text(json.dumps(request))
            secret = secret or {"AZURE_OPENAI_API_KEY": KEY}
            outcome = aikit(command, "--json", "--provider", "azure", "--max-retries", "0", "--request", file,
                            "--unknown-price", "allow", *flags,
                            env={"AZURE_OPENAI_ENDPOINT": server.base_url[:-len("/v1")] + base, "OPENAI_API_VERSION": version, **secret})
            self.assertEqual(len(server.seen), 1, outcome.err)
            _, path, sent_headers, body = server.seen[0]
            self.assertEqual(path, recording["request"]["path"].replace("//", "/"))
            self.headers = {name.lower(): value for name, value in sent_headers.items()}
            self.assertNotIn(KEY, outcome.out + outcome.err)
            return outcome, json.loads(body)

    def request_of(self, recording):
        """What was asked; where the deployment stood in the path alone, it is the model."""
        _, deployment, _ = place(recording["request"]["path"])
        body = recording["request"]["body"]
        if not isinstance(body, dict):
            body = {"messages": [{"role": "user", "content": "Hello"}]}
        return {**body, **({"model": deployment} if deployment else {})}

    def check_error(self, recording, outcome):
        error = outcome.last["error"]
        status = recording["response"]["status"]
        theirs = json.loads(recording["response"]["body"])["error"]
        self.assertNotEqual(outcome.code, 0)
        self.assertEqual(error["http_status"], status)
        self.assertEqual(error["provider"], "azure")
        wanted = {400: "invalid_request", 401: "authentication", 404: "not_found", 429: "rate_limited"}[status]
        self.assertEqual(error["code"], "content_filtered" if theirs.get("code") == "content_filter" else wanted)
        after = (recording["response"].get("headers") or {}).get("retry-after")
        if after:
            self.assertEqual(error["retry_after_ms"], 1000 * int(after))

    def test_each_chat_goes_out_and_comes_in_as_it_was_recorded(self):
        for name, recording in self.load(lambda path: path.endswith("/chat/completions")):
            with self.subTest(name):
                request = self.request_of(recording)
                body = recording["response"]["body"]
                stream = bool(request.pop("stream", False))
                raw = body.encode()
                step = max(1, len(raw) // 50)
                pieces = [raw[i:i + step] for i in range(0, len(raw), step)] if stream else None
                outcome, sent = self.exchange(recording, "chat", request, *(["--stream"] if stream else []), pieces=pieces)
                self.assertEqual(self.headers["api-key"], KEY)
                self.assertNotIn("authorization", self.headers)
                for free in ("stream", "stream_options"):
                    sent.pop(free, None)
                    request.pop(free, None)
                self.assertEqual(sent, request)
                if recording["response"]["status"] >= 400:
                    self.check_error(recording, outcome)
                    self.passed["error"] += 1
                    continue
                self.assertEqual(outcome.code, 0, outcome.err)
                reply = outcome.last
                self.assertTrue(reply["aikit"]["complete"])
                if not stream:
                    reply.pop("aikit")
                    self.assertEqual(reply, json.loads(body))
                    self.passed["chat"] += 1
                    continue
                chunks = [json.loads(event) for event in events_of(body) if event != "[DONE]"]
                choices, usage = assemble(chunks)
                [choice] = reply["choices"]
                self.assertEqual(choice["message"].get("content") or "", choices[0]["content"])
                self.assertEqual(choice["finish_reason"], choices[0]["finish_reason"])
                calls = [(call["function"]["name"], call["function"]["arguments"]) for call in choice["message"].get("tool_calls") or []]
                self.assertEqual(calls, [(call["name"], call["arguments"] or "{}") for call in choices[0]["calls"].values()])
                self.assertEqual(reply["id"], next(chunk["id"] for chunk in chunks if chunk.get("id")))
                if usage:
                    self.assertEqual(reply["usage"], usage)
                self.passed["stream"] += 1

    def test_embeddings_are_what_was_recorded(self):
        for name, recording in self.load(lambda path: path.endswith("/embeddings")):
            with self.subTest(name):
                outcome, sent = self.exchange(recording, "embed", recording["request"]["body"])
                self.assertEqual(outcome.code, 0, outcome.err)
                self.assertEqual(sent["input"], recording["request"]["body"]["input"])
                expected = json.loads(recording["response"]["body"])
                self.assertEqual(len(outcome.last["data"]), len(expected["data"]))
                for ours, theirs in zip(outcome.last["data"], expected["data"], strict=True):
                    if isinstance(theirs["embedding"], list):
                        for a, b in zip(ours["embedding"], theirs["embedding"], strict=True):
                            self.assertAlmostEqual(a, b, delta=1e-6)
                self.passed["embedding"] += 1

    def test_a_token_goes_as_a_bearer_where_there_is_no_key(self):
        _, recording = next(self.load(lambda path: path.endswith("/chat/completions")))
        request = self.request_of(recording)
        request.pop("stream", None)
        self.exchange(recording, "chat", request, secret={"AZURE_OPENAI_AD_TOKEN": KEY})
        self.assertEqual(self.headers["authorization"], "Bearer " + KEY)
        self.assertNotIn("api-key", self.headers)

    def test_a_deployment_of_any_name_stands_escaped_in_the_path(self):
        with Server(lambda *_: Answer(404, {}, b"{}")) as server:
            aikit("chat", "Hi", "--json", "--provider", "azure", "--model", "my deployment/ü?", "--unknown-price", "allow",
                  env={"AZURE_OPENAI_ENDPOINT": server.base_url[:-len("/v1")] + "/", "AZURE_OPENAI_API_KEY": KEY,
                       "OPENAI_API_VERSION": "2024-10-21"})
            self.assertEqual(server.seen[0][1],
                             "/openai/deployments/my%20deployment%2F%C3%BC%3F/chat/completions?api-version=2024-10-21")

    def test_what_azure_does_not_offer_is_unsupported_and_asks_nobody(self):
        with Server(lambda *_: Answer(200, {}, b"{}")) as server:
            outcome = aikit("moderate", "text", "--json", "--provider", "azure",
                            env={"AZURE_OPENAI_ENDPOINT": server.base_url[:-len("/v1")], "AZURE_OPENAI_API_KEY": KEY})
            self.assertEqual(outcome.last["error"]["code"], "unsupported", outcome.err)
            self.assertEqual(server.seen, [])


if __name__ == "__main__":
    unittest.main()
