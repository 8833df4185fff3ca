# SPDX-License-Identifier: MIT
"""Batches from their requests to their bill, files and counts, as the providers' documentations have them."""

import json
import pathlib
import tempfile
import unittest

from jobs_test import KEY, command, form_of, jsonl, provider_of
from loopback import Answer, Server


def openai_result(identifier, text, tokens):
    return {"id": "batch_req_" + identifier, "custom_id": identifier, "error": None, "response": {"status_code": 200, "request_id": "r", "body": {
        "id": "chatcmpl-" + identifier, "object": "chat.completion", "created": 1760000000, "model": "gpt-4o-mini-2024-07-18",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": tokens, "completion_tokens": tokens, "total_tokens": 2 * tokens}}}}


class OpenAiBatch(unittest.TestCase):
    """A batch from its requests to its bill, as OpenAI's documentation has it."""

    def serve(self, answers, errors=(), status="completed", total=None):
        def script(method, path, body):
            if method == "POST" and path == "/v1/files":
                return Answer(body=json.dumps({"id": "file-in", "object": "file", "bytes": len(body), "created_at": 1, "filename": "batch.jsonl",
                                               "purpose": "batch", "status": "processed"}))
            if path.endswith("/content"):
                return Answer(headers={"content-type": "application/octet-stream"}, body=jsonl(answers if "file-out" in path else errors))
            batch = {"id": "batch_1", "object": "batch", "endpoint": "/v1/chat/completions", "input_file_id": "file-in", "status": status,
                     "output_file_id": "file-out" if answers else None, "error_file_id": "file-err" if errors else None,
                     "created_at": 1760000000, "request_counts": {"total": len(answers) + len(errors) if total is None else total,
                                                                  "completed": len(answers) if total is None else total, "failed": len(errors)}}
            return Answer(body=json.dumps(batch))
        return Server(script)

    def run_in(self, server, *arguments, files=None, store=None):
        return command({"name": "openai", "base_url": server.base_url, "api_key": "env:KEY", "price_as": "openai"}, *arguments, files=files,
                       store=store)

    def test_requests_become_a_file_and_a_batch(self):
        lines = [{"custom_id": "a", "body": {"model": "gpt-4o-mini", "messages": [{"role": "user", "content": "Zwölf\nLines"}]}},
                 {"body": {"model": "openai/gpt-4o-mini", "messages": [{"role": "user", "content": "2"}], "tools": [
                     {"type": "function", "function": {"name": "f", "parameters": {"type": "object"}}}]}}]
        with self.serve([]) as server:
            outcome = self.run_in(server, "batch", "create", "FOLDER/b.jsonl", "--user", "ann", files={"b.jsonl": jsonl(lines)})
            self.assertEqual(outcome.code, 0, outcome.err)
            self.assertEqual([(method, path) for method, path, *_ in server.seen], [("POST", "/v1/files"), ("POST", "/v1/batches")])
            form = form_of(server.seen[0][2], server.seen[0][3])
            self.assertEqual(form["purpose"][2], b"batch")
            sent = [json.loads(line) for line in form["file"][2].decode().splitlines()]
            self.assertEqual([(line["custom_id"], line["method"], line["url"]) for line in sent],
                             [("a", "POST", "/v1/chat/completions"), ("1", "POST", "/v1/chat/completions")])
            self.assertEqual(sent[0]["body"], lines[0]["body"])
            self.assertEqual(sent[1]["body"]["model"], "gpt-4o-mini")
            self.assertEqual(json.loads(server.seen[1][3]), {"input_file_id": "file-in", "endpoint": "/v1/chat/completions",
                                                             "completion_window": "24h"})
            handle = outcome.last["handle"]
            self.assertEqual((handle["model"], handle["caller"]), ("gpt-4o-mini", {"user": "ann"}))

    def test_results_are_priced_as_a_batch_and_billed_once_however_often_they_are_read(self):
        answers = [openai_result("b", "Two", 1000), openai_result("a", "One", 2000)]
        failed = [{"id": "batch_req_c", "custom_id": "c", "response": {"status_code": 400, "request_id": "r", "body": {
                      "error": {"message": "No.", "type": "invalid_request_error", "code": None}}}, "error": None},
                  {"id": "batch_req_d", "custom_id": "d", "response": None, "error": {"code": "batch_expired", "message": "Too late."}}]
        handle = json.dumps({"provider": "openai", "kind": "batch", "id": "batch_1", "caller": {"user": "ann"}})
        with tempfile.TemporaryDirectory() as folder, self.serve(answers, failed) as server:
            store = folder + "/store.db"
            for _ in range(2):
                outcome = self.run_in(server, "batch", "results", handle, store=store)
                self.assertEqual(outcome.code, 0, outcome.err)
                results = {one["custom_id"]: one for one in map(json.loads, outcome.lines[:-1])}
                self.assertEqual(results["a"]["reply"]["choices"][0]["message"]["content"], "One")
                # Half of 0.15 and 0.60 dollars for a million tokens.
                self.assertEqual(results["a"]["reply"]["aikit"]["cost"]["usd"], "0.00075")
                self.assertEqual(results["b"]["reply"]["aikit"]["cost"]["usd"], "0.000375")
                self.assertEqual(results["c"]["error"]["code"], "invalid_request")
                self.assertEqual(results["c"]["error"]["http_status"], 400)
                self.assertEqual((results["d"]["error"]["code"], results["d"]["error"]["provider_code"]), ("timeout", "batch_expired"))
                self.assertEqual((outcome.last["count"], outcome.last["failed"]), (4, 2))
            report = self.run_in(server, "cost", "--by", "user", store=store).last
            self.assertEqual((report["total"]["calls"], report["total"]["failed"], report["total"]["cost_usd"]), (4, 2, "0.001125"))
            self.assertEqual(report["lines"][0]["key"], "ann")

    def test_results_that_are_missing_are_told(self):
        with self.serve([openai_result("a", "One", 1)], total=3) as server:
            outcome = self.run_in(server, "batch", "results", "batch_1")
            self.assertEqual(outcome.last["error"]["code"], "incomplete")
            self.assertEqual(json.loads(outcome.lines[0])["custom_id"], "a")

    def test_a_batch_without_results_says_how_it_stands(self):
        with self.serve([], status="in_progress") as server:
            outcome = self.run_in(server, "batch", "results", "batch_1")
            self.assertEqual(outcome.last["error"]["code"], "invalid_state")
            self.assertIn("running", outcome.last["error"]["message"])

    def test_a_request_that_makes_no_sense_is_named_and_nothing_is_sent(self):
        good = {"model": "m", "messages": [{"role": "user", "content": "1"}]}
        for lines in ([{"custom_id": "a", "body": good}, {"custom_id": "a", "body": good}], [{"body": good}, {"body": {"messages": "x"}}],
                      [{"body": good}, {"body": {**good, "model": ""}}], [], [{"custom_id": 7, "body": good}], [{"custom_id": "a"}]):
            with self.subTest(lines), self.serve([]) as server:
                outcome = self.run_in(server, "batch", "create", "FOLDER/b.jsonl", files={"b.jsonl": jsonl(lines)})
                self.assertEqual(outcome.last["error"]["code"], "invalid_argument")
                self.assertIn("requests", outcome.last["error"]["message"])
                self.assertEqual(server.seen, [])

    def test_a_price_that_is_not_known_is_refused_before_anything_is_sent(self):
        line = {"body": {"model": "no-such-model", "messages": [{"role": "user", "content": "1"}]}}
        with self.serve([]) as server:
            outcome = self.run_in(server, "batch", "create", "FOLDER/b.jsonl", "--unknown-price", "deny", files={"b.jsonl": jsonl([line])})
            self.assertEqual(outcome.last["error"]["code"], "unknown_price")
            self.assertEqual(server.seen, [])


class OtherPlaces(unittest.TestCase):
    def test_azure_has_them_where_its_resource_keeps_them(self):
        batch = {"id": "batch_1", "object": "batch", "status": "validating", "input_file_id": "f", "created_at": 1, "request_counts": None}
        for version, path in (("2024-10-21", "/openai/batches/batch_1?api-version=2024-10-21"), (None, "/openai/v1/batches/batch_1")):
            with self.subTest(version), Server(lambda *_: Answer(body=json.dumps(batch))) as server:
                provider = {"name": "azure", "base_url": server.base_url[:-len("/v1")], "api_key": "env:KEY"}
                if version:
                    provider["api_version"] = version
                outcome = command(provider, "batch", "status", "batch_1")
                self.assertEqual(outcome.last["status"], "waiting", outcome.err)
                self.assertEqual(server.seen[0][1], path)
                self.assertEqual(server.seen[0][2]["api-key"], KEY)

    def test_what_a_provider_does_not_have_is_unsupported_and_asks_nobody(self):
        ollama, gemini, anthropic = ("ollama", ""), ("gemini", "/v1beta"), ("anthropic", "")
        for (name, path), arguments in ((ollama, ("batch", "list")), (ollama, ("files", "list")), (ollama, ("count", "Hi", "--model", "m")),
                                        (gemini, ("tune", "list")), (anthropic, ("tune", "list")),
                                        (anthropic, ("batch", "create", "--input-file", "f"))):
            with self.subTest(name=name, arguments=arguments), Server(lambda *_: Answer(body="{}")) as server:
                provider = {"name": name, "base_url": server.base_url[:-len("/v1")] + path}
                if name != "ollama":
                    provider["api_key"] = "env:KEY"
                outcome = command(provider, *arguments)
                self.assertEqual(outcome.last["error"]["code"], "unsupported")
                self.assertEqual(server.seen, [])

    def test_a_training_that_failed_says_why_and_is_no_failed_question(self):
        told = {"id": "ft", "object": "fine_tuning.job", "status": "failed", "model": "m", "created_at": 1,
                "error": {"code": "bad_file", "message": "Line 7.", "param": None}}
        with Server(lambda *_: Answer(body=json.dumps(told))) as server:
            outcome = command(provider_of("openai", server.base_url), "tune", "status", "ft")
            self.assertEqual(outcome.code, 0, outcome.err)
            self.assertEqual((outcome.last["status"], outcome.last["error"]["provider_code"]), ("failed", "bad_file"))

    def test_only_what_is_read_is_sent_to_be_counted(self):
        # The service refuses what does not belong to counting: limits, sampling, the end of the answer.
        with Server(lambda *_: Answer(body='{"input_tokens": 5}')) as server:
            chat = {"model": "claude-sonnet-4-5", "messages": [{"role": "user", "content": "Hi"}], "temperature": 0.5,
                    "max_tokens": 5000, "stop": ["x"], "user": "u", "reasoning_effort": "low"}
            outcome = command(provider_of("anthropic", server.base_url), "count", "--request", "FOLDER/r.json", files={"r.json": chat})
            self.assertEqual(outcome.last["input_tokens"], 5, outcome.err)
            self.assertEqual(set(json.loads(server.seen[0][3])), {"model", "messages", "thinking"})

    def test_a_count_that_is_none_is_a_protocol_error(self):
        for surface, member in (("anthropic", "input_tokens"), ("gemini-api", "totalTokens")):
            for value in (None, "many", -1, 1.5, [], {}, True):
                with self.subTest(surface=surface, value=value), \
                        Server(lambda *_, told=json.dumps({member: value}): Answer(body=told)) as server:
                    outcome = command(provider_of(surface, server.base_url), "count", "Hi", "--model", "m")
                    self.assertEqual(outcome.last["error"]["code"], "protocol")

    def test_a_file_s_content_comes_as_it_is(self):
        data = bytes(range(256)) * 40
        with tempfile.TemporaryDirectory() as folder, \
                Server(lambda *_: Answer(headers={"content-type": "application/octet-stream"}, body=data)) as server:
            target = folder + "/out"
            outcome = command(provider_of("openai", server.base_url), "files", "content", "file-1", "--output", target)
            self.assertEqual(outcome.code, 0, outcome.err)
            self.assertEqual(pathlib.Path(target).read_bytes(), data)
            self.assertEqual(server.seen[0][1], "/v1/files/file-1/content")

    def test_an_id_cannot_leave_its_place_in_the_address(self):
        with Server(lambda *_: Answer(404, body="{}")) as server:
            for identifier in ("../../x", "a/b?c=d#e", "ü"):
                command(provider_of("openai", server.base_url), "files", "get", identifier)
            self.assertEqual([path for _, path, *_ in server.seen],
                             ["/v1/files/..%2F..%2Fx", "/v1/files/a%2Fb%3Fc%3Dd%23e", "/v1/files/%C3%BC"])


if __name__ == "__main__":
    unittest.main()
