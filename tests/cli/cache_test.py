# SPDX-License-Identifier: MIT
"""aikit cache: what processes keep for one another, before a router and without one."""

import concurrent.futures
import json
import pathlib
import sqlite3
import tempfile
import unittest

from loopback import Answer, Server, aikit


def reply(_, __, body):
    asked = json.loads(body)["messages"][-1]["content"]
    if asked.startswith("Down"):
        return Answer(status=500, headers={"content-type": "application/json"}, body='{"error": {"message": "no"}}')
    answer = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-4o-mini-2024-07-18",
              "choices": [{"index": 0, "message": {"role": "assistant", "content": f"to {asked}"}, "finish_reason": "stop"}],
              "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15}}
    return Answer(headers={"content-type": "application/json"}, body=json.dumps(answer))


class Cache(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.server = Server(lambda *asked: self.script(*asked))
        self.server.__enter__()
        self.addCleanup(self.server.__exit__)
        self.script = reply
        (self.folder / "aikit.json").write_text(json.dumps({
            "cache": {}, "providers": [{"name": "one", "type": "openai", "base_url": self.server.base_url, "price_as": "openai"}],
            "routers": [{"name": "main", "deployments": [{"model": "one/gpt-4o-mini"}]}]}))

    def run_aikit(self, *arguments):
        return aikit("--config", self.folder / "aikit.json", "--json", *arguments, store=str(self.folder / "store.db"))

    def ask(self, words, model="main"):
        told = self.run_aikit("chat", "--model", model, "--max-tokens", "20", words)
        self.assertEqual(told.code, 0, told.err)
        return told.last

    def stored(self):
        return self.run_aikit("cache").last["cache"]["stored"]

    def test_one_process_answers_what_another_was_told(self):
        for model in ("main", "one/gpt-4o-mini", "main/cheapest"):
            with self.subTest(model=model):
                before = len(self.server.seen)
                self.assertEqual(self.ask("Hi", model)["aikit"]["cache"], "miss")
                again = self.ask("Hi", model)
                self.assertEqual((again["aikit"]["cache"], again["aikit"]["cost"]["usd"]), ("hit", "0"))
                self.assertEqual(again["choices"][0]["message"]["content"], "to Hi")
                self.assertEqual(len(self.server.seen), before + 1)
        self.assertEqual(self.stored()["entries"], 3)

    def test_a_router_whose_deployments_are_all_down_still_gives_what_it_gave(self):
        self.ask("Hi")
        self.script = lambda *_: Answer(status=503, headers={"content-type": "application/json"}, body="{}")
        self.assertEqual(self.ask("Hi")["aikit"]["cache"], "hit")
        self.assertNotEqual(self.run_aikit("chat", "--model", "main", "Something else").code, 0)

    def test_what_one_process_clears_no_other_gives(self):
        for words in ("One", "Two"):
            self.ask(words)
        self.assertEqual(self.stored()["entries"], 2)
        self.assertGreater(float(self.stored()["worth_usd"]), 0)
        self.assertEqual(self.run_aikit("cache", "clear", "--tenant", "another").last["cache"]["stored"]["entries"], 2)
        self.assertEqual(self.run_aikit("cache", "clear").last["cache"]["stored"],
                         {"entries": 0, "bytes": 0, "worth_usd": "0"})
        self.assertEqual(self.ask("One")["aikit"]["cache"], "miss")

    def test_processes_that_write_at_once_lose_nothing(self):
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            told = list(pool.map(lambda i: self.ask(f"Question {i}")["choices"][0]["message"]["content"], range(24)))
        self.assertEqual(told, [f"to Question {i}" for i in range(24)])
        self.assertEqual(self.stored()["entries"], 24)
        before = len(self.server.seen)
        for i in range(0, 24, 5):
            self.assertEqual(self.ask(f"Question {i}")["aikit"]["cache"], "hit")
        self.assertEqual(len(self.server.seen), before)
        store = sqlite3.connect(self.folder / "store.db")
        self.addCleanup(store.close)
        self.assertEqual(store.execute("PRAGMA integrity_check").fetchone(), ("ok",))

    def test_without_a_cache_in_the_configuration_there_is_none_to_show(self):
        config = json.loads((self.folder / "aikit.json").read_text())
        del config["cache"]
        (self.folder / "aikit.json").write_text(json.dumps(config))
        for arguments in (["cache"], ["cache", "clear"]):
            told = self.run_aikit(*arguments)
            self.assertEqual(told.code, 10 + 4, told.err)


if __name__ == "__main__":
    unittest.main()
