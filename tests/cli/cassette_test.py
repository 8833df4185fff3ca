# SPDX-License-Identifier: MIT
"""What the command recorded against a server, it answers again when the server is gone."""

import json
import pathlib
import tempfile
import unittest

from loopback import KEY, Answer, Server, aikit

CHUNKS = [json.dumps({"id": "c", "model": "m", "choices": [{"index": 0, "delta": {"content": word}, "finish_reason": None}]})
          for word in ("Hel", "lo ", "wörld")]
LAST = json.dumps({"id": "c", "model": "m", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}],
                   "usage": {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}})
WHOLE = "".join("data: %s\n\n" % one for one in [*CHUNKS, LAST, "[DONE]"]).encode()


class Cassettes(unittest.TestCase):
    def setUp(self):
        self._folder = tempfile.TemporaryDirectory()
        self.addCleanup(self._folder.cleanup)
        self.cassette = pathlib.Path(self._folder.name) / "traffic.jsonl"

    def record(self, script, *arguments):
        with Server(script) as server:
            self.call = [*arguments, "--provider", "openai", "--base-url", server.base_url, "--max-retries", "0", "--json"]
            return aikit(*self.call, "--record", self.cassette)

    def replay(self, *more, env=None):
        return aikit(*self.call, "--replay", self.cassette, *more, env={"OPENAI_API_KEY": None, **(env or {})})

    def same(self, one, other):
        """The replies of two runs, but for what no two runs share."""
        for outcome in (one, other):
            self.assertEqual(outcome.code, 0, outcome.err)
        replies = [one.last, other.last]
        for reply in replies:
            for attempt in reply["aikit"]["attempts"]:
                for name in ("started", "latency", "first_token"):
                    attempt.pop(name, None)
            reply["aikit"].pop("request_id")
        self.assertEqual(*replies)

    def test_a_stream_is_replayed_chunk_by_chunk_without_server_or_key(self):
        pieces = [WHOLE[at:at + 37] for at in range(0, len(WHOLE), 37)]
        stream = Answer(200, {"content-type": "text/event-stream", "x-request-id": "req_7"}, WHOLE, chunked=True, pieces=pieces)
        recorded = self.record(lambda *_: stream, "chat", "Hi", "--model", "m", "--stream")
        replayed = self.replay()
        self.same(recorded, replayed)
        self.assertEqual(recorded.lines[:-1], replayed.lines[:-1])
        self.assertIn("wörld", replayed.last["choices"][0]["message"]["content"])
        self.assertEqual(replayed.last["aikit"]["attempts"][0]["provider_request_id"], "req_7")

    def test_nothing_secret_is_in_the_file(self):
        refusal = Answer(401, {"content-type": "application/json", "set-cookie": "a=canary"},
                         json.dumps({"error": {"message": "Incorrect key " + KEY, "code": "invalid_api_key"}}))
        recorded = self.record(lambda *_: refusal, "chat", "Hi", "--model", "m")
        written = self.cassette.read_text()
        self.assertNotIn("canary", written)
        replayed = self.replay()
        self.assertEqual((recorded.code, replayed.code), (12, 12))
        self.assertEqual(replayed.last["error"]["code"], "authentication")
        self.assertEqual(replayed.last["error"]["provider_code"], "invalid_api_key")

    def test_a_stream_that_was_cut_is_cut_again(self):
        cut = Answer(200, {"content-type": "text/event-stream"}, b"", chunked=True, pieces=[WHOLE[:150]], ending="fin")
        recorded = self.record(lambda *_: cut, "chat", "Hi", "--model", "m", "--stream")
        replayed = self.replay()
        self.assertEqual((recorded.code, replayed.code), (24, 24))
        self.assertFalse(replayed.last["partial"]["aikit"]["complete"])

    def test_another_question_is_not_answered_by_a_recorded_one(self):
        recorded = self.record(lambda *_: Answer(200, {}, json.dumps({"choices": [{"index": 0, "message": {"role": "assistant", "content": "Hello"}, "finish_reason": "stop"}]})),
                               "chat", "Hi", "--model", "m")
        self.assertEqual(recorded.code, 0, recorded.err)
        self.call[1] = "Ho"
        other = self.replay()
        self.assertEqual(other.code, 14)
        self.assertIn("body.messages[0].content", other.err)

    def test_the_environment_can_say_it_and_both_at_once_are_refused(self):
        answer = Answer(200, {"content-type": "application/json"}, json.dumps(
            {"object": "list", "model": "e", "data": [{"object": "embedding", "index": 0, "embedding": [0.5, 1]}], "usage": {"prompt_tokens": 1, "total_tokens": 1}}))
        recorded = self.record(lambda *_: answer, "embed", "one", "--model", "e")
        self.assertEqual(recorded.code, 0, recorded.err)
        replayed = aikit(*self.call, env={"AIKIT_REPLAY": str(self.cassette), "OPENAI_API_KEY": None})
        self.assertEqual(replayed.last["data"], recorded.last["data"])
        both = aikit(*self.call, env={"AIKIT_REPLAY": str(self.cassette), "AIKIT_RECORD": str(self.cassette) + ".new"})
        self.assertEqual(both.code, 11)
        self.assertIn("exclude", both.err)
        self.assertEqual(self.replay("--record", "x").code, 2)

    def test_a_cassette_that_is_not_there_or_is_none_is_told(self):
        self.call = ["chat", "Hi", "--provider", "openai", "--model", "m", "--json"]
        self.assertEqual(self.replay().code, 14)
        self.cassette.write_text("{\"request\": 1}\n")
        none = self.replay()
        self.assertEqual(none.code, 11)
        self.assertIn("cassette", none.err)


if __name__ == "__main__":
    unittest.main()
