# SPDX-License-Identifier: MIT
"""Recorded counts of tokens, batches, files and trainings go out, and come in, as they were recorded.

The oracle is the recording: what was asked is put into our public fields here and has to mean the same when it leaves the
command; the answer has to come out as the service gave it ("native"), and what we make of it is worked out here again, by
each provider's documentation.
"""

import base64
import collections
import datetime
import email.parser
import email.policy
import json
import os
import pathlib
import re
import tempfile
import unittest

import anthropic_test
import gemini_test
import responses_test
from loopback import SHARED, Answer, Server, aikit
from replay import recordings

KEY = "jobs-canary-7c2e90b14d5fa836"
KINDS = ("count_tokens", "batch", "files", "fine_tuning")
CODES = {400: "invalid_request", 401: "authentication", 403: "permission", 404: "not_found", 413: "invalid_request",
         429: "rate_limited", 500: "server_error", 503: "overloaded"}
STATUS = {"validating": "waiting", "in_progress": "running", "finalizing": "running", "completed": "succeeded",
          "failed": "failed", "expired": "expired", "cancelling": "cancelling", "cancelled": "cancelled",
          "validating_files": "waiting", "queued": "waiting", "running": "running", "succeeded": "succeeded",
          "paused": "paused", "canceling": "cancelling", "PENDING": "waiting", "RUNNING": "running", "SUCCEEDED": "succeeded",
          "FAILED": "failed", "CANCELLED": "cancelled", "EXPIRED": "expired"}


def quiet(_):
    """The rules of comparison are counted where chats are compared."""


def seconds(value):
    """Seconds since 1970 of a number or an RFC 3339 text; None for nothing."""
    if not isinstance(value, str):
        return value or None
    whole = re.sub(r"\.\d+", "", value).replace("Z", "+00:00")
    return int(datetime.datetime.fromisoformat(whole).timestamp())


def provider_of(surface, base_url):
    """A provider's configuration, at a server on loopback."""
    root = base_url[:-len("/v1")]
    if surface == "anthropic":
        return {"name": "anthropic", "base_url": root, "api_key": "env:KEY"}
    if surface == "gemini-api":
        return {"name": "gemini", "base_url": root + "/v1beta", "api_key": "env:KEY"}
    if surface == "vertex":
        return {"name": "vertex", "base_url": root, "project": "PROJECT", "location": "us-central1", "auth_token": "env:KEY"}
    return {"name": "openai", "base_url": base_url, "api_key": "env:KEY"}


def command(provider, *arguments, files=None, store=None):
    """Runs the command with that provider alone; `files` stand in a folder whose path replaces "FOLDER"."""
    with tempfile.TemporaryDirectory() as folder:
        for name, content in (files or {}).items():
            data = content if isinstance(content, bytes) else json.dumps(content).encode()
            (pathlib.Path(folder) / name).write_bytes(data)
        config = pathlib.Path(folder) / "aikit.json"
        config.write_text(json.dumps({"providers": [provider], "unknown_price": "allow"}))
        given = [str(one).replace("FOLDER", folder) for one in arguments]
        outcome = aikit("--config", config, *given, "--json", env={"KEY": KEY, "OPENAI_API_KEY": None}, store=store)
    assert KEY not in outcome.out + outcome.err
    return outcome


def form_of(headers, body):
    """The parts of a multipart body: name -> (file name, type, bytes)."""
    head = b"Content-Type: " + headers["Content-Type"].encode() + b"\r\n\r\n"
    message = email.parser.BytesParser(policy=email.policy.HTTP).parsebytes(head + body)
    assert message.is_multipart()
    return {part.get_param("name", header="content-disposition"):
            (part.get_filename(), part.get_content_type(), part.get_payload(decode=True)) for part in message.iter_parts()}


def given_form(recording):
    """What is known of a recorded upload: its parts' names, file name and type, from the beginning of its body."""
    body = recording.body or ""
    raw = body.encode()
    if not body.startswith("--"):
        raw = base64.b64decode(body[:len(body) // 4 * 4])
    heads = re.findall(rb'Content-Disposition: form-data; name="([^"]+)"(?:; filename="([^"]+)")?\r?\n((?:[^\r\n]+\r?\n)*)\r?\n([^\r\n]*)', raw)
    out = {}
    for name, file, rest, value in heads:
        kind = re.search(rb"Content-Type: ([^\r\n]+)", rest)
        out[name.decode()] = (file.decode() or None, kind[1].decode() if kind else None, value.decode("latin-1"))
    return out


class Jobs(unittest.TestCase):
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.passed = {}
        if not (SHARED / "recordings").is_dir():
            print("[skipped] ../shared/recordings is not here")
            raise unittest.SkipTest("../shared/recordings is not here")

    @classmethod
    def tearDownClass(cls):
        print("recordings passed:", dict(collections.Counter(cls.passed.values())), "total", len(cls.passed))
        folder = os.environ.get("AIKIT_RECORDINGS_REPORT")
        if folder:
            pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
            text = json.dumps({"dialect": "jobs", "passed": cls.passed, "passthrough": {}, "canonical": {}})
            (pathlib.Path(folder) / "Jobs.json").write_text(text)

    def test_each_recording_goes_out_and_comes_in_as_it_was_recorded(self):
        for recording in recordings():
            if recording.kind not in KINDS:
                continue
            replay = {"count_tokens": self.count, "batch": self.batch, "files": self.files,
                      "fine_tuning": self.training}[recording.kind]
            with self.subTest(recording.name):
                label = replay(recording)
                if label:
                    self.passed[recording.name] = label if recording.body is not None or recording.method == "GET" else label + ", request not known"
        self.assertTrue(self.passed)

    # ---- one exchange ----

    def ask(self, recording, *arguments, files=None, other=None):
        """Runs a command against a server that answers the recorded path as recorded, others by `other`."""
        def script(method, path, body):
            if other is not None:
                answer = other(method, path, body, server)
                if answer is not None:
                    return answer
            return Answer(recording.status, recording.headers, recording.answer)
        with Server(script) as server:
            outcome = command(provider_of(recording.surface, server.base_url), *arguments, "--max-retries", "0", files=files)
            self.seen = server.seen
        method, path, headers, body = self.seen[-1]
        self.assertEqual(method, recording.method)
        self.assertEqual(path.split("?")[0].split("/", 2)[2], recording.route.split("/", 2)[2])
        if recording.status >= 400:
            self.assertEqual(outcome.last["error"]["code"], CODES[recording.status])
            self.assertEqual(outcome.last["error"]["http_status"], recording.status)
            return None, headers, body
        self.assertEqual(outcome.code, 0, outcome.err)
        return outcome, headers, body

    # ---- counts ----

    def chat_of(self, surface, body, model=None):
        if surface == "anthropic":
            return anthropic_test.in_openai_form(body)
        if surface == "openai":
            return responses_test.in_chat_form(body)
        inner = body.get("generateContentRequest", body)
        return gemini_test.in_openai_form({key: value for key, value in inner.items() if key != "model"}, model)

    def same(self, surface, body):
        """A chat's body in a form that can be compared."""
        if surface == "anthropic":
            return anthropic_test.canonical(body, quiet)
        if surface == "openai":
            return responses_test.canonical(body, quiet)
        inner = body.get("generateContentRequest", body)
        return gemini_test.canonical({key: value for key, value in inner.items() if key != "model"}, quiet)

    def count(self, recording):
        surface = recording.surface
        model = recording.route.split("/models/")[1].split(":")[0] if "/models/" in recording.route else None
        outcome, _, body = self.ask(recording, "count", "--request", "FOLDER/r.json",
                                    files={"r.json": self.chat_of(surface, recording.body, model)})
        self.assertEqual(self.same(surface, json.loads(body)), self.same(surface, recording.body))
        told = json.loads(recording.answer)
        self.assertEqual(outcome.last["input_tokens"], told.get("input_tokens", told.get("totalTokens")))
        for key in set(told) - {"totalTokens"}:
            self.assertEqual(outcome.last[key], told[key])
        return "count"

    # ---- batches ----

    def check_batch(self, surface, reply, told):
        self.assertEqual(reply["native"], told)
        metadata = told.get("metadata") or {} if surface == "gemini-api" else told
        word = metadata.get("state", "").split("_")[-1] or told.get("status") or told.get("processing_status")
        if word != "ended":
            self.assertEqual(reply["status"], STATUS[word])
        self.assertEqual(reply["id"], told.get("id") or told.get("name"))
        self.assertEqual(reply["created_at"], seconds(metadata.get("created_at") or metadata.get("createTime")))
        self.assertEqual(reply["handle"]["id"], reply["id"])
        self.assertEqual(reply["handle"]["created"], reply["created_at"])
        counts = told.get("request_counts") or {}
        if surface == "anthropic":
            self.assertEqual(reply["counts"]["total"], sum(counts.values()))
            self.assertEqual(reply["counts"]["failed"], counts["errored"])
        elif surface == "gemini-api":
            self.assertEqual(reply["counts"]["total"], int(metadata["batchStats"]["requestCount"]))
        else:
            self.assertEqual(reply["counts"]["total"], counts["total"])
            self.assertEqual(reply["input_file_id"], told["input_file_id"])

    def batch(self, recording):
        route, surface = recording.route, recording.surface
        if recording.method == "POST" and route.endswith(("/cancel", ":cancel")):
            outcome, _, _ = self.ask(recording, "batch", "cancel", re.split(r"/cancel|:cancel", route)[0].split("batches/")[1])
            if outcome and surface != "gemini-api":
                self.check_batch(surface, outcome.last, json.loads(recording.answer))
            return "batch cancel"
        if recording.method == "POST":
            return self.batch_begun(recording)
        if route.endswith("/batches"):
            outcome, _, _ = self.ask(recording, "batch", "list")
            told = json.loads(recording.answer)
            self.assertEqual([one["native"] for one in outcome.last["data"]], told.get("data") or told.get("operations") or [])
            return "batch list"
        identifier = route.split("batches/")[1]
        if identifier.endswith("/results"):
            return self.batch_results(recording, identifier[:-len("/results")])
        outcome, _, _ = self.ask(recording, "batch", "status", identifier)
        if outcome:
            self.check_batch(surface, outcome.last, json.loads(recording.answer))
            if surface == "gemini-api" and outcome.last["has_results"]:
                self.inlined_results(recording, identifier)
        return "batch status"

    def batch_begun(self, recording):
        surface, body = recording.surface, recording.body
        if surface == "anthropic":
            lines = [{"custom_id": one["custom_id"], "body": self.chat_of(surface, one["params"])} for one in body["requests"]]
            outcome, _, sent = self.ask(recording, "batch", "create", "FOLDER/b.jsonl", files={"b.jsonl": jsonl(lines)})
            compared = [[(one["custom_id"], self.same(surface, one["params"])) for one in side["requests"]]
                        for side in (json.loads(sent), body)]
            self.assertEqual(*compared)
        elif surface == "gemini-api":
            model = recording.route.split("/models/")[1].split(":")[0]
            listed = body["batch"]["inputConfig"]["requests"]["requests"]
            key = lambda one: next(iter(one["metadata"].values()))  # clients choose the name
            lines = [{"custom_id": key(one), "body": self.chat_of(surface, one["request"], model)} for one in listed]
            outcome, _, sent = self.ask(recording, "batch", "create", "FOLDER/b.jsonl", "--name", body["batch"]["displayName"],
                                        files={"b.jsonl": jsonl(lines)})
            sent = json.loads(sent)["batch"]
            self.assertEqual(sent["displayName"], body["batch"]["displayName"])
            compared = [[(key(one), one["request"]["model"], self.same(surface, one["request"])) for one in side]
                        for side in (sent["inputConfig"]["requests"]["requests"], listed)]
            self.assertEqual(*compared)
        else:
            more = ["--metadata", json.dumps(body["metadata"])] if body.get("metadata") else []
            outcome, _, sent = self.ask(recording, "batch", "create", "--input-file", body["input_file_id"], "--endpoint",
                                        body["endpoint"], *more)
            self.assertEqual(json.loads(sent), body)
        if outcome:
            self.check_batch(surface, outcome.last, json.loads(recording.answer))
        return "batch create"

    def batch_results(self, recording, identifier):
        lines = [json.loads(line) for line in recording.answer.splitlines() if line.strip()]
        begun = {"id": identifier, "type": "message_batch", "processing_status": "ended", "created_at": "2026-08-19T14:47:10Z",
                 "request_counts": {"processing": 0, "succeeded": len(lines), "errored": 0, "canceled": 0, "expired": 0},
                 "results_url": "somewhere"}
        outcome, _, _ = self.ask(recording, "batch", "results", identifier,
                                 other=lambda _, path, *__: None if path.endswith("/results") else Answer(body=json.dumps(begun)))
        ours = [json.loads(line) for line in outcome.lines]
        self.assertEqual(ours[-1]["count"], len(lines))
        for got, given in zip(ours, lines):
            self.assertEqual(got["custom_id"], given["custom_id"])
            message = given["result"].get("message")
            if message is None:
                self.assertIn("error", got)
                continue
            texts = "".join(block["text"] for block in message["content"] if block["type"] == "text")
            self.assertEqual(got["reply"]["choices"][0]["message"]["content"], texts)
            self.assertEqual(got["reply"]["id"], message["id"])
            self.assertEqual(got["reply"]["aikit"]["usage"]["output"], message["usage"]["output_tokens"])
            self.assertEqual(got["reply"]["aikit"]["usage"]["input"], message["usage"]["input_tokens"])
        return "batch results"

    def inlined_results(self, recording, identifier):
        outcome, _, _ = self.ask(recording, "batch", "results", identifier)
        given = json.loads(recording.answer)["response"]["inlinedResponses"]["inlinedResponses"]
        ours = [json.loads(line) for line in outcome.lines]
        self.assertEqual(ours[-1]["count"], len(given))
        for got, one in zip(ours, given):
            self.assertEqual(got["custom_id"], next(iter(one["metadata"].values())))
            parts = one["response"]["candidates"][0]["content"]["parts"]
            self.assertEqual(got["reply"]["choices"][0]["message"]["content"], "".join(part.get("text", "") for part in parts))
            usage = one["response"]["usageMetadata"]
            self.assertEqual(got["reply"]["aikit"]["usage"]["input"], usage["promptTokenCount"])
            self.assertEqual(got["reply"]["aikit"]["usage"]["output"],
                             usage["candidatesTokenCount"] + usage.get("thoughtsTokenCount", 0))

    # ---- files ----

    def check_file(self, reply, told):
        file = told.get("file", told)
        self.assertEqual(reply["native"], file)
        self.assertEqual(reply["id"], file.get("id") or file.get("name"))
        self.assertEqual(reply["filename"], file.get("filename") or file.get("displayName"))
        self.assertEqual(reply["bytes"], int(file.get("bytes") or file.get("size_bytes") or file.get("sizeBytes") or 0))
        self.assertEqual(reply["created_at"], seconds(file.get("created_at") or file.get("createTime")))
        self.assertEqual(reply["expires_at"], seconds(file.get("expires_at") or file.get("expirationTime")))
        self.assertEqual(reply["media_type"], file.get("mime_type") or file.get("mimeType"))

    def files(self, recording):
        route = recording.route
        if recording.method == "POST":
            outcome = self.gemini_upload(recording) if route.startswith("/upload/") else self.form_upload(recording)
            if outcome:
                self.check_file(outcome.last, json.loads(recording.answer))
            return "file upload"
        if route.endswith("/files"):
            outcome, _, _ = self.ask(recording, "files", "list")
            told = json.loads(recording.answer)
            if outcome:
                self.assertEqual([one["native"] for one in outcome.last["data"]], told.get("data") or told.get("files") or [])
            return "file list"
        identifier = route.split("/files/")[1]
        if identifier.endswith("/content"):
            outcome, _, _ = self.ask(recording, "files", "content", identifier[:-len("/content")])
            if outcome:
                self.assertEqual(base64.b64decode(outcome.last["data"]), recording.answer.encode())
            return "file content"
        deletes = recording.method == "DELETE"
        outcome, _, _ = self.ask(recording, "files", "delete" if deletes else "get", identifier)
        if outcome and not deletes:
            self.check_file(outcome.last, json.loads(recording.answer))
        return "file delete" if deletes else "file"

    def form_upload(self, recording):
        given = given_form(recording)
        name, kind, _ = given.get("file", ("notes.pdf", "application/pdf", ""))
        purpose = given.get("purpose", (None, None, "user_data"))[2]
        flags = ["--purpose", purpose] if recording.surface == "openai" else []
        data = b"%PDF-1.3\r\n\x00\xff--\r\nnot the end"
        outcome, headers, body = self.ask(recording, "files", "upload", "FOLDER/some", "--name", name, "--media-type", kind, *flags,
                                          files={"some": data})
        form = form_of(headers, body)
        self.assertEqual(form["file"], (name, kind, data))
        self.assertEqual(set(form), {"file", "purpose"} if recording.surface == "openai" else {"file"})
        if recording.surface == "openai":
            self.assertEqual(form["purpose"][2], purpose.encode())
        else:
            self.assertIn("files-api-2025-04-14", headers["anthropic-beta"])
        return outcome

    def gemini_upload(self, recording):
        told = json.loads(recording.answer)["file"]
        data = recording.body.encode() if isinstance(recording.body, str) else b"bytes"
        def begin(_, path, body, server):
            if "upload_id" in path:
                return None
            return Answer(headers={"x-goog-upload-url": server.base_url[:-len("/v1")] + recording.path}, body="{}")
        outcome, headers, body = self.ask(recording, "files", "upload", "FOLDER/some", "--name", told["displayName"],
                                          "--media-type", told["mimeType"], files={"some": data}, other=begin)
        self.assertEqual(body, data)
        self.assertEqual(headers["X-Goog-Upload-Command"], "upload, finalize")
        self.assertNotIn(KEY, json.dumps(headers))
        _, path, first, begun = self.seen[0]
        self.assertEqual(path, "/upload/v1beta/files")
        self.assertEqual(first["X-Goog-Upload-Header-Content-Length"], str(len(data)))
        self.assertEqual(first["X-Goog-Upload-Header-Content-Type"], told["mimeType"])
        self.assertEqual(json.loads(begun), {"file": {"displayName": told["displayName"]}})
        return outcome

    # ---- trainings ----

    def training(self, recording):
        route = recording.route
        told = json.loads(recording.answer)
        if recording.method == "POST" and route.endswith("/jobs"):
            flags = []
            for key, value in recording.body.items():
                if key in ("training_file", "validation_file", "suffix", "seed", "model"):
                    flags += ["--" + key.replace("_", "-"), value]
            extra = {key: value for key, value in recording.body.items() if "--" + key.replace("_", "-") not in flags}
            outcome, _, body = self.ask(recording, "tune", "create", *flags, *(["--extra", json.dumps(extra)] if extra else []))
            self.assertEqual(json.loads(body), recording.body)
        elif route.endswith("/jobs"):
            outcome, _, _ = self.ask(recording, "tune", "list")
            self.assertEqual([one["native"] for one in outcome.last["data"]], told["data"])
            return "training list"
        elif route.endswith("/events"):
            outcome, _, _ = self.ask(recording, "tune", "events", route.split("/jobs/")[1].split("/")[0])
            self.assertEqual([one["native"] for one in outcome.last["data"]], told["data"])
            return "training events"
        else:
            identifier, _, rest = route.split("/jobs/")[1].partition("/")
            if rest not in ("", "cancel"):
                return None
            outcome, _, _ = self.ask(recording, "tune", "cancel" if rest else "status", identifier)
        if outcome:
            reply = outcome.last
            self.assertEqual(reply["native"], told)
            self.assertEqual(reply["status"], STATUS[told["status"]])
            self.assertEqual(reply["fine_tuned_model"], told["fine_tuned_model"])
            self.assertEqual(reply["created_at"], told["created_at"])
            self.assertEqual(reply["error"] is not None, bool((told.get("error") or {}).get("message")))
        return "training"


def jsonl(lines):
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


if __name__ == "__main__":
    unittest.main()
