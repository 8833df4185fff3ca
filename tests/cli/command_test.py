# SPDX-License-Identifier: MIT
"""What the command does with good calls, bad calls and broken networks: words, exit codes, JSON."""

import json
import os
import pathlib
import random
import signal
import socket
import subprocess
import tempfile
import threading
import time
import unittest

from loopback import COMMAND, KEY, Answer, Server, aikit

JSON = {"content-type": "application/json", "x-request-id": "req_1"}
STREAM = {"content-type": "text/event-stream", "x-request-id": "req_1"}
ERRORS = ["invalid_argument", "authentication", "permission", "not_found", "invalid_request", "context_length",
          "content_filtered", "rate_limited", "quota_exceeded", "overloaded", "server_error", "timeout", "connection",
          "incomplete", "protocol", "budget_exceeded", "unknown_price", "unsupported", "cancelled", "storage", "busy",
          "invalid_state", "out_of_memory", "internal"]


def exit_code(name):
    return 130 if name == "cancelled" else 11 + ERRORS.index(name)


def reply(text="Hello there.", **usage):
    return json.dumps({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1760000000, "model": "gpt-4o-mini-2024-07-18",
        "choices": [{"index": 0, "message": {"role": "assistant", "content": text, "refusal": None}, "logprobs": None,
                     "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": 1500, **usage}})


def stream_body(words, finish="stop", done=True):
    def chunk(choices, **more):
        return "data: " + json.dumps({"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1760000000,
                                      "model": "gpt-4o-mini-2024-07-18", "choices": choices, **more}) + "\n\n"
    out = chunk([{"index": 0, "delta": {"role": "assistant", "content": ""}, "finish_reason": None}])
    for word in words:
        out += chunk([{"index": 0, "delta": {"content": word}, "finish_reason": None}])
    out += chunk([{"index": 0, "delta": {}, "finish_reason": finish}])
    out += chunk([], usage={"prompt_tokens": 1000, "completion_tokens": 500, "total_tokens": 1500})
    return out + ("data: [DONE]\n\n" if done else "")


def chat(server, *flags, **more):
    return aikit("chat", "--provider", "openai", "--base-url", server.base_url, "--model", "gpt-4o-mini", *flags, **more)


class Answers(unittest.TestCase):
    def test_the_answer_stands_alone_on_standard_output_and_its_cost_on_standard_error(self):
        with Server(lambda *_: Answer(200, JSON, reply())) as server:
            outcome = chat(server, "Hi")
        self.assertEqual((outcome.code, outcome.out), (0, "Hello there.\n"))
        # gpt-4o-mini: 0.15 and 0.60 USD per million tokens; 1000 in, 500 out.
        self.assertIn("$0.00045", outcome.err)

    def test_quiet_leaves_only_the_answer(self):
        with Server(lambda *_: Answer(200, JSON, reply())) as server:
            outcome = chat(server, "--quiet", "Hi")
        self.assertEqual((outcome.out, outcome.err), ("Hello there.\n", ""))

    def test_a_prompt_comes_from_standard_input_and_flags_work_before_and_after_the_command(self):
        with Server(lambda *_: Answer(200, JSON, reply())) as server:
            outcome = aikit("--json", "chat", "-", "--provider", "openai", "--base-url", server.base_url, "--model",
                            "gpt-4o-mini", "--system", "Be brief.", "--max-tokens", "7", stdin="Grüße".encode())
            sent = json.loads(server.seen[0][3])
        self.assertEqual(outcome.code, 0, outcome.err)
        self.assertEqual([m["content"] for m in sent["messages"]], ["Be brief.", "Grüße"])
        self.assertEqual(sent["max_tokens"], 7)

    def test_the_aikit_object_tells_provider_usage_and_cost(self):
        with Server(lambda *_: Answer(200, JSON, reply(prompt_tokens_details={"cached_tokens": 200}))) as server:
            info = chat(server, "--json", "Hi").last["aikit"]
        self.assertEqual(info["provider"], "openai")
        self.assertEqual((info["usage"]["input"], info["usage"]["cache_read"], info["usage"]["output"]), (800, 200, 500))
        # 800 * 0.15 + 200 * 0.075 + 500 * 0.60 USD per million
        self.assertEqual((info["cost"]["usd"], info["cost"]["exact"]), ("0.000435", True))
        self.assertTrue(info["complete"])

    def test_a_stream_prints_chunks_and_then_the_whole_reply(self):
        with Server(lambda *_: Answer(200, STREAM, stream_body(["Hel", "lo"]), chunked=True)) as server:
            plain = chat(server, "--stream", "Hi")
            outcome = chat(server, "--stream", "--json", "Hi")
        self.assertEqual((plain.code, plain.out), (0, "Hello\n"))
        chunks = [json.loads(line) for line in outcome.lines[:-1]]
        self.assertTrue(all(chunk["object"] == "chat.completion.chunk" for chunk in chunks))
        self.assertEqual(outcome.last["choices"][0]["message"]["content"], "Hello")
        self.assertTrue(outcome.last["aikit"]["complete"])

    def test_an_answer_in_json_is_held_against_its_schema_and_asked_for_again(self):
        answers = iter(['{"city": 1}', 'Gladly:\n```json\n{"city": "Rome"}\n```', "Rome.", "Rome."])
        with tempfile.TemporaryDirectory() as folder, \
                Server(lambda *_: Answer(200, JSON, reply(next(answers)))) as server:
            path = pathlib.Path(folder, "trip.json")
            path.write_text('{"type": "object", "properties": {"city": {"type": "string", "minLength": 2}}}')
            outcome = chat(server, "--schema", str(path), "--repairs", "1", "--json", "Where to?")
            sent = [json.loads(seen[3]) for seen in server.seen]
            failed = chat(server, "--schema", str(path), "--repairs", "1", "Where to?")
        self.assertEqual(outcome.code, 0, outcome.err)
        self.assertEqual(outcome.last["choices"][0]["message"]["content"], '{"city": "Rome"}')
        self.assertEqual((outcome.last["aikit"]["repairs"], outcome.last["usage"]["prompt_tokens"]), (1, 2000))
        self.assertEqual(outcome.last["aikit"]["cost"]["usd"], "0.0009")
        # As strict mode takes it: https://platform.openai.com/docs/guides/structured-outputs.
        self.assertEqual(sent[0]["response_format"]["json_schema"], {"name": "reply", "strict": True, "schema": {
            "type": "object", "properties": {"city": {"type": ["string", "null"]}}, "required": ["city"],
            "additionalProperties": False}})
        self.assertIn("$.city must be of type string", sent[1]["messages"][-1]["content"])
        self.assertTrue(any("minLength" in warning for warning in outcome.last["aikit"]["warnings"]))
        self.assertEqual(failed.code, exit_code("protocol"))
        self.assertIn("it holds no JSON document", failed.err)

    def test_a_stream_of_json_shows_the_document_while_it_is_written(self):
        body = stream_body(['{"city": "Ro', 'me", "da', 'ys": 3}'])
        with tempfile.TemporaryDirectory() as folder, Server(lambda *_: Answer(200, STREAM, body)) as server:
            path = pathlib.Path(folder, "trip.json")
            path.write_text('{"type": "object"}')
            outcome = chat(server, "--schema", str(path), "--stream", "--json", "Where to?")
        self.assertEqual(outcome.code, 0, outcome.err)
        chunks = [json.loads(line) for line in outcome.out.splitlines()]
        self.assertEqual([chunk["aikit"]["partial"] for chunk in chunks if "partial" in chunk.get("aikit", {})],
                         [{"city": "Ro"}, {"city": "Rome"}, {"city": "Rome", "days": 3}])

    def test_every_attempt_has_its_row_in_the_ledger(self):
        answers = [Answer(500, JSON, "{}"), Answer(200, JSON, reply())]
        with tempfile.TemporaryDirectory() as folder, Server(lambda *_: answers.pop(0)) as server:
            store = folder + "/s.db"
            outcome = chat(server, "--json", "--user", "ada", "Hi", store=store)
            report = aikit("cost", "--by", "user", "--json", store=store).last
        self.assertEqual(len(outcome.last["aikit"]["attempts"]), 2)
        self.assertEqual(report["lines"][0]["key"], "ada")
        self.assertEqual((report["total"]["calls"], report["total"]["failed"]), (2, 1))
        self.assertEqual(report["total"]["cost_usd"], "0.00045")


class Failures(unittest.TestCase):
    def check(self, outcome, code):
        self.assertEqual(outcome.code, exit_code(code), outcome.err)
        self.assertRegex(outcome.err, r"\Aaikit: [^\n]+\n\Z")
        if outcome.out:
            error = outcome.last["error"]
            self.assertEqual(error["code"], code)
            self.assertEqual(set(error), {"code", "message", "provider", "http_status", "provider_code", "request_id",
                                          "retryable", "retry_after_ms"})
        self.assertNotIn(KEY, outcome.out + outcome.err)

    def test_statuses_become_error_classes_and_exit_codes(self):
        table = [(400, {"code": "context_length_exceeded"}, "context_length"), (401, {"code": "invalid_api_key"}, "authentication"),
                 (403, {}, "permission"), (404, {"code": "model_not_found"}, "not_found"),
                 (429, {"code": "rate_limit_exceeded"}, "rate_limited"), (429, {"code": "insufficient_quota"}, "quota_exceeded"),
                 (500, {}, "server_error"), (503, {}, "overloaded"), (400, {"code": "content_policy_violation"}, "content_filtered")]
        for status, error, code in table:
            with self.subTest(status=status, code=code):
                body = json.dumps({"error": {"message": "words of " + KEY[:4], "type": "t", **error}})
                with Server(lambda *_: Answer(status, JSON, body)) as server:
                    self.check(chat(server, "--json", "--max-retries", "0", "Hi"), code)
                    self.check(chat(server, "--json", "--stream", "--max-retries", "0", "Hi"), code)

    def test_retries_are_as_many_as_asked_and_wait_as_told(self):
        for retries in (0, 1, 2):
            with self.subTest(retries=retries), Server(lambda *_: Answer(503, {**JSON, "retry-after-ms": "30"}, "{}")) as server:
                outcome = chat(server, "--json", "--max-retries", retries, "Hi")
                self.assertEqual(len(server.seen), 1 + retries)
                self.check(outcome, "overloaded")
                self.assertEqual(outcome.last["error"]["retry_after_ms"], 30)

    def test_nobody_listening_is_a_connection_error(self):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.check(aikit("chat", "--json", "--provider", "openai", "--base-url", f"http://127.0.0.1:{port}/v1", "--model",
                         "gpt-4o-mini", "--max-retries", "0", "Hi"), "connection")

    def test_a_wrong_base_url_is_said_so(self):
        for url in ("nonsense", "ftp://127.0.0.1/v1", "http://", "http://user:pw@127.0.0.1/v1", "http://127.0.0.1:99999/v1"):
            with self.subTest(url):
                self.check(aikit("chat", "--json", "--provider", "openai", "--base-url", url, "--model", "gpt-4o-mini",
                                 "--max-retries", "0", "Hi"), "invalid_argument")

    def test_a_missing_key_is_told_before_anything_is_sent(self):
        outcome = aikit("chat", "--json", "--provider", "openai", "--model", "gpt-4o-mini", "Hi", env={"OPENAI_API_KEY": None})
        self.check(outcome, "authentication")
        self.assertIn("OPENAI_API_KEY", outcome.err)

    def test_a_limit_of_time_ends_the_call(self):
        def slow(*_):
            time.sleep(3)
            return Answer(200, JSON, reply())
        with Server(slow) as server:
            start = time.monotonic()
            outcome = chat(server, "--json", "--timeout", "0.3", "--max-retries", "0", "Hi")
            self.assertLess(time.monotonic() - start, 2.5)
            self.check(outcome, "timeout")

    def test_mistakes_in_the_arguments_exit_with_2(self):
        for arguments in ([], ["chat"], ["nonsense"], ["chat", "--nonsense", "x"], ["search", "kb"], ["chat", "a", "--request", "b"],
                          ["search", "kb", "q", "--mode", "wild"], ["chat", "--max-retries", "99", "x"]):
            with self.subTest(arguments):
                outcome = aikit(*arguments)
                self.assertEqual(outcome.code, 2)
                self.assertTrue(outcome.err.startswith("aikit: "))

    def test_a_bad_request_file_is_named_with_the_member_that_is_wrong(self):
        cases = [(b"{", None), (b"[]", None), (b'{"model":"m"}', "messages"), (b'{"model":"m","messages":[{"role":"wizard","content":"x"}]}', "role"),
                 (b'{"model":"m","messages":[{"role":"user","content":"x"}],"aikit":{"nonsense":1}}', "nonsense"), (b"\xff\xfe", None)]
        for body, word in cases:
            with self.subTest(body):
                outcome = aikit("chat", "--json", "--provider", "builtin", "--request", "-", stdin=body)
                self.check(outcome, "invalid_argument")
                if word:
                    self.assertIn(word, outcome.err)
        self.check(aikit("chat", "--json", "--request", "/nonexistent/request.json"), "not_found")

    def test_a_damaged_foreign_or_unwritable_store_is_refused_and_left_alone(self):
        with tempfile.TemporaryDirectory() as folder:
            foreign = pathlib.Path(folder) / "letter.txt"
            foreign.write_bytes(b"Dear Ada, this is no database. " * 200)
            self.check(aikit("cost", "--json", store=str(foreign)), "storage")
            self.assertEqual(foreign.read_bytes(), b"Dear Ada, this is no database. " * 200)
            self.assertEqual(aikit("cost", store=folder + "/no/such/folder/s.db").code, exit_code("not_found"))
            self.assertNotEqual(aikit("cost", store=folder).code, 0)

    def test_the_key_is_nowhere_in_what_is_printed_or_stored(self):
        body = json.dumps({"error": {"message": "Incorrect API key provided: " + KEY, "code": "invalid_api_key"}})
        with tempfile.TemporaryDirectory() as folder, Server(lambda *_: Answer(401, JSON, body)) as server:
            store = folder + "/s.db"
            outcome = chat(server, "--json", "Hi", store=store)
            self.assertEqual(outcome.code, exit_code("authentication"))
            self.assertNotIn(KEY, outcome.out + outcome.err)
            for file in pathlib.Path(folder).iterdir():
                if file.is_file():
                    self.assertNotIn(KEY.encode(), file.read_bytes())


class Proxies(unittest.TestCase):
    """A proxy that keeps the head of what comes and answers as it is told."""

    class Proxy:
        def __init__(self, answer):
            self.answer, self.heads = answer, []
            self.listener = socket.create_server(("127.0.0.1", 0))
            self.address = "127.0.0.1:%d" % self.listener.getsockname()[1]

        def __enter__(self):
            threading.Thread(target=self.serve, daemon=True).start()
            return self

        def __exit__(self, *_):
            self.listener.close()

        def serve(self):
            while True:
                try:
                    connection, _ = self.listener.accept()
                except OSError:
                    return
                with connection:
                    self.heads.append(connection.recv(65536))
                    connection.sendall(self.answer)

    def test_what_the_environment_says_about_proxies_is_done_and_nothing_goes_around_them(self):
        forwarded = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s" % (len(reply()), reply().encode())
        with Server(lambda *_: Answer(200, JSON, reply())) as server:
            secure = server.base_url.replace("http://", "https://")
            for variable, url, answer, code in (
                    ("http_proxy", server.base_url, forwarded, 0), ("https_proxy", secure, b"HTTP/1.1 407 No\r\n\r\n", exit_code("connection")),
                    ("HTTPS_PROXY", secure, b"HTTP/1.1 503 No\r\n\r\n", exit_code("connection")),
                    ("HTTPS_PROXY", secure, b"garbage\r\n\r\n", exit_code("protocol"))):
                with self.subTest(variable=variable, answer=answer), self.Proxy(answer) as proxy:
                    outcome = aikit("chat", "--provider", "openai", "--base-url", url, "--model", "gpt-4o-mini", "--max-retries", "0", "Hi",
                                    env={variable: "http://user:pw@" + proxy.address})
                    self.assertEqual(outcome.code, code, outcome.err)
                    self.assertEqual(len(proxy.heads), 1)
                    self.assertTrue(proxy.heads[0].startswith(b"CONNECT 127.0.0.1:" if url == secure else b"POST http://127.0.0.1:"))
                    self.assertIn(b"\r\nProxy-Authorization: Basic dXNlcjpwdw==\r\n", proxy.heads[0])
                    self.assertEqual(KEY.encode() in proxy.heads[0], url != secure)  # a tunnel shows no key
                    self.assertEqual(server.seen, [])
            with self.Proxy(forwarded) as proxy:
                for name in ("no_proxy", "NO_PROXY"):
                    self.assertEqual(chat(server, "Hi", env={"http_proxy": "http://" + proxy.address, name: "127.0.0.0/8"}).code, 0)
                self.assertEqual((proxy.heads, len(server.seen)), ([], 2))

    def test_a_redirect_is_an_error_and_nobody_else_hears_of_the_call(self):
        with Server(lambda *_: Answer(200, JSON, reply())) as other:
            for status in (301, 302, 303, 307, 308):
                with self.subTest(status), Server(lambda *_: Answer(status, {"location": other.base_url}, b"")) as server:
                    for arguments in (["chat", "Hi"], ["models"]):
                        outcome = aikit(*arguments, "--provider", "openai", "--base-url", server.base_url, "--max-retries", "0",
                                        *(["--model", "gpt-4o-mini"] if arguments[0] == "chat" else []))
                        self.assertEqual(outcome.code, exit_code("protocol"), outcome.err)
                        self.assertIn(str(status), outcome.err)
            self.assertEqual(other.seen, [])


class BrokenStreams(unittest.TestCase):
    def test_a_stream_cut_anywhere_is_never_complete_however_it_is_cut(self):
        body = stream_body([f" word{i}" for i in range(12)]).encode()
        end = len(body) - len(b"\n")  # from here on the terminal marker is whole: its line has ended
        boundaries = [i + 2 for i in range(len(body)) if body.startswith(b"\n\n", i)]
        cuts = {cut for edge in boundaries for cut in (edge - 1, edge, edge + 1)} | {random.Random(7).randrange(len(body)) for _ in range(50)}
        cuts = sorted(cut for cut in cuts if 0 < cut < end - 1)
        # Early ends of the connection, and, with "whole" in chunks, a last chunk that comes too early.
        ways = [("fin", True), ("reset", True), ("whole", True), ("fin", False), ("reset", False)]
        for number, cut in enumerate(cuts):
            ending, chunked = ways[number % len(ways)]
            answer = Answer(200, STREAM, body, chunked=chunked, pieces=[body[:cut]], ending=ending)
            with self.subTest(cut=cut, ending=ending, chunked=chunked), Server(lambda *_: answer) as server:
                outcome = chat(server, "--stream", "--json", "--max-retries", "0", "Hi")
                self.assertIn(outcome.code, (exit_code("incomplete"), exit_code("connection")), outcome.err)
                self.assertFalse(outcome.last.get("partial", {"aikit": {"complete": False}})["aikit"]["complete"])

    def test_a_stream_without_its_terminal_marker_is_incomplete_with_the_partial_text(self):
        with Server(lambda *_: Answer(200, STREAM, stream_body(["Hel", "lo"], done=False), chunked=True)) as server:
            outcome = chat(server, "--stream", "--json", "--max-retries", "0", "Hi")
        self.assertEqual(outcome.code, exit_code("incomplete"))
        self.assertEqual(outcome.last["error"]["code"], "incomplete")
        self.assertEqual(outcome.last["partial"]["choices"][0]["message"]["content"], "Hello")
        self.assertEqual(outcome.last["error"]["request_id"], "req_1")

    def test_an_error_inside_a_stream_is_that_error(self):
        body = stream_body(["Hel"], done=False).rsplit("data: ", 2)[0]
        body += 'data: {"error":{"message":"The server had an error","type":"server_error","code":null}}\n\n'
        with Server(lambda *_: Answer(200, STREAM, body, chunked=True)) as server:
            outcome = chat(server, "--stream", "--json", "--max-retries", "0", "Hi")
        self.assertEqual(outcome.code, exit_code("server_error"), outcome.err)
        self.assertEqual(outcome.last["partial"]["choices"][0]["message"]["content"], "Hel")

    def test_ctrl_c_ends_a_stream_with_130_and_the_bill_is_written(self):
        pieces_sent = threading.Event()

        class Slow(Answer):
            @property
            def pieces(self):
                def drip():
                    for word in ("one ", "two ", "three "):
                        yield ("data: " + json.dumps({"id": "c", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o-mini",
                                                      "choices": [{"index": 0, "delta": {"content": word}, "finish_reason": None}]}) + "\n\n").encode()
                    pieces_sent.set()
                    time.sleep(20)
                return drip()

            @pieces.setter
            def pieces(self, _):
                pass

        with tempfile.TemporaryDirectory() as folder, Server(lambda *_: Slow(200, STREAM, b"", chunked=True)) as server:
            store = folder + "/s.db"
            running = subprocess.Popen([COMMAND, "--store", store, "chat", "--stream", "--provider", "openai", "--base-url",
                                        server.base_url, "--model", "gpt-4o-mini", "Hi"], stdout=subprocess.PIPE,
                                       stderr=subprocess.PIPE, env={**os.environ, "OPENAI_API_KEY": KEY, "HOME": folder})
            self.assertTrue(pieces_sent.wait(10))
            self.assertEqual(running.stdout.read(4), b"one ")
            running.send_signal(signal.SIGINT)
            out, err = running.communicate(timeout=10)
            self.assertEqual(running.returncode, 130, err)
            report = aikit("cost", "--json", store=store).last
        # Cancelled or dropped, as the signal met it; either way one row, counted here.
        self.assertEqual((report["total"]["calls"], report["total"]["estimated"]), (1, 1))
        self.assertGreater(report["total"]["output_tokens"], 0)


class Builtin(unittest.TestCase):
    def test_version_is_one_line(self):
        self.assertRegex(aikit("version").out, r"\Aaikit \d+\.\d+\.\d+\n\Z")
        self.assertRegex(aikit("version", "--json").last["version"], r"\A\d+\.\d+\.\d+\Z")

    def test_the_built_in_provider_says_what_it_is_embeds_moderates_and_lists_its_models(self):
        outcome = aikit("chat", "--json", "Hello!", env={"OPENAI_API_KEY": None})
        self.assertEqual(outcome.code, 0, outcome.err)
        self.assertEqual(outcome.last["aikit"]["provider"], "builtin")
        self.assertEqual(outcome.last["aikit"]["cost"]["usd"], "0")
        embedded = aikit("embed", "--json", "--provider", "builtin", "wing", "tail").last
        self.assertEqual([len(item["embedding"]) for item in embedded["data"]], [1024, 1024])
        moderated = aikit("moderate", "--json", "--provider", "builtin", "What a lovely day").last
        self.assertFalse(moderated["results"][0]["flagged"])
        models = aikit("models", "--json", "--provider", "builtin").last
        self.assertEqual({model["id"] for model in models["data"]}, {"extractive-1", "lexical-1", "patterns-1"})


if __name__ == "__main__":
    unittest.main()
