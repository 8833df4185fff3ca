# SPDX-License-Identifier: MIT
"""aikit route, and chats of the command through a router, over real sockets."""

import contextlib
import json
import pathlib
import sqlite3
import tempfile
import unittest

from loopback import Answer, Server, aikit


def reply(text):
    body = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-4o-2024-08-06",
            "choices": [{"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}}
    return Answer(headers={"content-type": "application/json"}, body=json.dumps(body))


def refusal(status, kind):
    return Answer(status=status, headers={"content-type": "application/json"},
                  body=json.dumps({"error": {"message": "no", "type": kind}}))


def stream(words, cut_after=None):
    """The words as a stream of Chat Completions, cut behind so many of them."""
    def chunk(delta, finish=None):
        body = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "gpt-4o-2024-08-06",
                "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
        return f"data: {json.dumps(body)}\n\n".encode()
    pieces = [chunk({"content": word}) for word in words[:cut_after]]
    if cut_after is None:
        pieces += [chunk({}, "stop"), b"data: [DONE]\n\n"]
    return Answer(headers={"content-type": "text/event-stream"}, chunked=True, pieces=pieces,
                  ending="whole" if cut_after is None else "fin")


def anthropic_stream(text):
    events = [{"type": "message_start", "message": {"id": "msg_1", "type": "message", "role": "assistant", "content": [],
                                                    "model": "m", "usage": {"input_tokens": 14, "output_tokens": 1}}},
              {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
              {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": text}},
              {"type": "content_block_stop", "index": 0},
              {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 10}},
              {"type": "message_stop"}]
    return Answer(headers={"content-type": "text/event-stream"}, chunked=True, pieces=[
        f"event: {event['type']}\ndata: {json.dumps(event)}\n\n".encode() for event in events])


class Route(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.first, self.second = reply("from first"), reply("from second")
        self.servers = []
        for name in ("first", "second"):
            server = Server(lambda *_, of=name: getattr(self, of))
            server.__enter__()
            self.addCleanup(server.__exit__)
            self.servers.append(server)

    def run_aikit(self, *arguments, as_json=True, **router):
        names = ("first", "second")
        config = {
            "providers": [{"name": name, "type": "openai", "base_url": server.base_url, "price_as": "openai"}
                          for name, server in zip(names, self.servers)],
            "routers": [{"name": "main", "deployments": [{"model": "first/gpt-4o", "quality": 0.9},
                                                         {"model": "second/gpt-4o-mini", "quality": 0.5}], **router}]}
        (self.folder / "aikit.json").write_text(json.dumps(config))
        return aikit("--config", self.folder / "aikit.json", *(["--json"] if as_json else []), *arguments,
                     store=str(self.folder / "store.db"))

    def memory(self, statement):
        if (self.folder / "store.db").exists():
            with contextlib.closing(sqlite3.connect(self.folder / "store.db")) as store:
                store.execute(statement)
                store.commit()

    def forget(self):
        self.memory("DELETE FROM router_memory")

    def seen(self):
        return [len(server.seen) for server in self.servers]

    def test_what_one_run_learned_the_next_one_knows(self):
        self.first = refusal(401, "invalid_api_key")
        for _ in range(3):
            self.assertEqual(self.run_aikit("chat", "--model", "main", "Hi").code, 0)
        self.assertEqual(self.seen(), [1, 3])
        told = self.run_aikit("route").last["routers"][0]["deployments"]
        self.assertIn("refused", told[0]["reason"])
        self.assertGreater(told[1]["latency_50_ms"], 0)
        # Without that nothing is known.
        self.forget()
        self.run_aikit("chat", "--model", "main", "Hi")
        self.assertEqual(self.seen(), [2, 4])

    def test_what_one_run_learned_is_left_out_where_it_is_damaged(self):
        self.first = refusal(401, "invalid_api_key")
        self.run_aikit("chat", "--model", "main", "Hi")
        self.memory("UPDATE router_memory SET learned = substr(learned, 1, 20)")
        self.assertEqual(self.run_aikit("chat", "--model", "main", "Hi").code, 0)
        self.assertEqual(self.seen(), [2, 2])

    def test_a_stream_that_is_cut_goes_on_with_another_where_it_is_asked_for(self):
        words = ["One ", "small ", "step ", "for a man"]
        self.second = stream(words)
        for pieces in range(1, len(words) + 1):
            for resume in (False, True):
                with self.subTest(pieces=pieces, resume=resume):
                    self.first = stream(words, cut_after=pieces)
                    self.forget()
                    told = self.run_aikit("chat", "--stream", "--model", "main", "Hi", as_json=False, resume=resume)
                    self.assertEqual(told.code, 0 if resume else 10 + 14, told.err)
                    self.assertEqual(told.out.strip(), "".join(words if resume else words[:pieces]).strip())

    def test_a_model_that_goes_on_with_an_answer_is_sent_what_was_written(self):
        config = {"providers": [{"name": "first", "type": "openai", "price_as": "openai",
                                 "base_url": self.servers[0].base_url},
                                {"name": "second", "type": "anthropic", "price_as": "anthropic", "api_key": "env:OPENAI_API_KEY",
                                 "base_url": self.servers[1].base_url.removesuffix("/v1")}],
                  "routers": [{"name": "main", "resume": True}]}
        # By the catalog, and as the configuration says.
        for model, more, prefilled in (("claude-sonnet-4-5", {}, True), ("claude-opus-4-6", {}, False),
                                       ("claude-sonnet-4-5", {"prefill": False}, False),
                                       ("claude-opus-4-6", {"prefill": True}, True)):
            with self.subTest(model=model, **more):
                self.forget()
                self.first = stream(["One ", "small ", "step"], cut_after=2)
                self.second = anthropic_stream(" step for a man" if prefilled else "One small step for a man")
                config["routers"][0]["deployments"] = [{"model": "first/gpt-4o"}, {"model": f"second/{model}", **more}]
                (self.folder / "aikit.json").write_text(json.dumps(config))
                told = aikit("--config", self.folder / "aikit.json", "chat", "--stream", "--model", "main", "Hi",
                             store=str(self.folder / "store.db"))
                self.assertEqual((told.code, told.out.strip()), (0, "One small step for a man"), told.err)
                last = json.loads(self.servers[1].seen[-1][3])["messages"][-1]
                self.assertEqual(last["role"], "assistant" if prefilled else "user")
                if prefilled:
                    self.assertIn("One small", json.dumps(last["content"]))

    def test_a_chat_goes_on_where_one_fails_and_each_attempt_is_in_the_ledger(self):
        for status, kind in ((500, "server_error"), (401, "invalid_api_key"), (429, "rate_limit_exceeded"),
                             (503, "overloaded")):
            with self.subTest(status=status):
                self.first = refusal(status, kind)
                self.forget()
                told = self.run_aikit("chat", "--model", "main", "Hi")
                self.assertEqual(told.code, 0)
                self.assertEqual(told.last["choices"][0]["message"]["content"], "from second")
                self.assertEqual([one["deployment"] for one in told.last["aikit"]["route"]["asked"]],
                                 ["first/gpt-4o", "second/gpt-4o-mini"])
        lines = {line["key"]: line for line in self.run_aikit("cost", "--by", "provider").last["lines"]}
        self.assertEqual((lines["first"]["calls"], lines["first"]["failed"]), (4, 4))
        self.assertEqual((lines["second"]["calls"], lines["second"]["failed"]), (4, 0))

    def test_a_request_that_is_wrong_goes_nowhere_else(self):
        self.first = refusal(400, "invalid_request_error")
        self.assertEqual(self.run_aikit("chat", "--model", "main", "Hi").code, 10 + 5)
        self.assertEqual(self.seen(), [1, 0])

    def test_another_policy_is_named_with_the_model(self):
        told = self.run_aikit("chat", "--model", "main/cheapest", "Hi").last
        self.assertEqual(told["choices"][0]["message"]["content"], "from second")
        self.assertEqual(self.seen(), [0, 1])

    def test_explaining_asks_nobody_and_says_why(self):
        told = self.run_aikit("route", "explain", "--router", "main", "Compare both and evaluate the trade-offs.",
                              least_quality={"complex_reasoning": 0.8}).last
        self.assertEqual(told["grade"], "complex_reasoning")
        self.assertEqual(told["candidates"][0]["deployment"], "first/gpt-4o")
        self.assertGreater(float(told["candidates"][0]["cost_usd"]), 0)
        self.assertIn("quality", told["candidates"][1]["left_out"])
        self.assertEqual(self.seen(), [0, 0])

    def test_a_request_in_a_file_says_who_asks_and_what_may_be_seen(self):
        request = self.folder / "request.json"
        request.write_text(json.dumps({"model": "main/cheapest", "aikit": {"privacy": "sensitive"},
                                       "messages": [{"role": "user", "content": "Hi"}]}))
        told = self.run_aikit("route", "explain", "--request", request).last
        self.assertEqual(told["policy"], "cheapest")
        self.assertTrue(all("sensitive" in one["left_out"] for one in told["candidates"]))
        lines = self.run_aikit("route", "explain", "--request", request, as_json=False).out
        self.assertIn("by cheapest", lines)
        self.assertIn("left out: the request is sensitive", lines)

    def test_routers_are_listed_with_how_their_deployments_are(self):
        told = self.run_aikit("route").last
        self.assertEqual([one["circuit"] for one in told["routers"][0]["deployments"]], ["closed", "closed"])
        self.assertIn("second/gpt-4o-mini", self.run_aikit("route", as_json=False).out)

    def test_what_is_wrong_in_a_router_is_told_by_its_place(self):
        told = self.run_aikit("route", policy="best")
        self.assertEqual(told.code, 10 + 1)
        self.assertIn("routers[0].policy", told.last["error"]["message"])
        told = self.run_aikit("route", deployments=[{"model": "third/gpt"}, {"model": ""}])
        self.assertIn("routers[0].deployments[1].model", told.last["error"]["message"])


if __name__ == "__main__":
    unittest.main()
