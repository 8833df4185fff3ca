# SPDX-License-Identifier: MIT
"""aikit providers lists what is configured, and aikit providers check says in words what is wrong with each."""

import json
import pathlib
import tempfile
import unittest

from loopback import KEY, Answer, Server, aikit

MODELS = json.dumps({"object": "list", "data": [{"id": "m-1", "object": "model", "created": 1, "owned_by": "x"},
                                                {"id": "m-2", "object": "model", "created": 1, "owned_by": "x"}]})
JSON = {"content-type": "application/json"}


def refusal(status, code, message):
    return Answer(status, JSON, json.dumps({"error": {"message": message, "type": code, "code": code}}))


def provider(base_url, **more):
    return {"name": "mine", "type": "openai", "base_url": base_url, "api_key": "env:MY_KEY", **more}


class Providers(unittest.TestCase):
    def run_with(self, providers, *arguments, env=None):
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "aikit.json"
            file.write_text(json.dumps({"providers": providers, "unknown_price": "allow"}))
            return aikit("providers", *arguments, "--config", file,
                         env={"OPENAI_API_KEY": None, "MY_KEY": KEY, **(env or {})})

    def check(self, script, **more):
        """The check of one provider whose server answers by the script, and what the server saw."""
        with Server(script) as server:
            outcome = self.run_with([provider(server.base_url, **more)], "check", "mine", "--json")
            self.assertNotIn(KEY, outcome.out + outcome.err)
            return outcome, outcome.last["data"][0], server.seen

    def test_the_list_names_each_provider_where_it_is_reached_and_where_its_key_comes_from(self):
        given = [provider("http://127.0.0.1:9/v1", model="m-1"), {"name": "groq"}, {"name": "near", "type": "vllm", "local": True}]
        outcome = self.run_with(given, "--json")
        self.assertEqual(outcome.code, 0, outcome.err)
        known = {one["name"]: one for one in outcome.last["data"]}
        self.assertEqual(sorted(known), ["builtin", "groq", "mine", "near"])
        self.assertEqual(known["mine"]["key"], "env:MY_KEY")
        self.assertTrue(known["mine"]["default"])
        self.assertIsNone(known["mine"]["error"])
        self.assertEqual(known["groq"]["error"]["code"], "authentication")
        self.assertIn("GROQ_API_KEY", known["groq"]["error"]["message"])
        self.assertEqual(known["near"]["base_url"], "http://localhost:8000/v1")
        self.assertTrue(known["near"]["local"])
        table = self.run_with(given).lines
        self.assertEqual(len(table), 5)
        self.assertEqual([line.split()[0] for line in table], ["name", "builtin", "groq", "mine", "near"])
        self.assertIn("ready, the default", table[3])
        self.assertNotIn(KEY, "".join(table))

    def test_one_that_lists_its_models_works_and_costs_nothing(self):
        outcome, check, seen = self.check(lambda *_: Answer(200, JSON, MODELS), model="m-2")
        self.assertEqual(outcome.code, 0, outcome.err)
        self.assertEqual([(one[0], one[1]) for one in seen], [("GET", "/v1/models")])
        self.assertEqual((check["ok"], check["call"], check["models"], check["notes"]), (True, "models", 2, []))

    def test_a_configured_model_that_is_not_listed_is_told(self):
        outcome, check, _ = self.check(lambda *_: Answer(200, JSON, MODELS), model="m-3")
        self.assertEqual(outcome.code, 0)
        self.assertEqual(check["notes"], ["Its model m-3 is not among those it lists."])

    def test_each_way_to_fail_is_told_once_with_its_own_words_and_exit_code(self):
        cases = [(refusal(401, "invalid_api_key", "Incorrect key."), "authentication", 12, "Its key is that of env:MY_KEY."),
                 (refusal(403, "permission", "Not yours."), "permission", 13, "Its key is that of env:MY_KEY."),
                 (refusal(429, "insufficient_quota", "Pay."), "quota_exceeded", 19, "It says: Pay."),
                 (refusal(429, "rate_limit_exceeded", "Slow down."), "rate_limited", 18, "It says: Slow down."),
                 (refusal(500, "server_error", "Oh."), "server_error", 21, "It says: Oh."),
                 (Answer(404, {"content-type": "text/html"}, "<h1>Not Found</h1>"), "not_found", 14, "It was tried at"),
                 (Answer(200, {"content-type": "text/html"}, "<h1>Welcome</h1>"), "protocol", 25, "It was tried at")]
        for answer, code, exit_code, note in cases:
            with self.subTest(code):
                outcome, check, seen = self.check(lambda *_, answer=answer: answer)
                self.assertEqual(len(seen), 1)
                self.assertEqual(outcome.code, exit_code)
                self.assertFalse(check["ok"])
                self.assertEqual(check["error"]["code"], code)
                self.assertTrue(any(one.startswith(note) for one in check["notes"]), check["notes"])

    def test_nobody_listening_is_told_with_the_address(self):
        with Server(lambda *_: Answer()) as server:
            gone = server.base_url
        outcome = self.run_with([provider(gone)], "check", "mine")
        self.assertEqual(outcome.code, 23)
        self.assertIn("fails  mine", outcome.out)
        self.assertIn(gone, outcome.out)

    def test_one_that_answers_nothing_fails_in_the_time_given_and_holds_up_no_other(self):
        with Server(lambda *_: Answer(200, JSON, MODELS)) as good, Stalled() as stalled:
            given = [provider(good.base_url), {**provider(stalled), "name": "stuck"}, {**provider(stalled), "name": "stuck2"}]
            outcome = self.run_with(given, "check", "--timeout", "0.5", "--json")
        checks = {one["name"]: one for one in outcome.last["data"]}
        self.assertEqual(outcome.code, 22)
        self.assertTrue(checks["mine"]["ok"])
        self.assertTrue(checks["builtin"]["ok"])
        for name in ("stuck", "stuck2"):
            self.assertEqual(checks[name]["error"]["code"], "timeout")
            self.assertLess(checks[name]["latency"], 5)

    def test_a_key_that_is_not_there_is_told_and_nothing_is_sent(self):
        with Server(lambda *_: Answer(200, JSON, MODELS)) as server:
            outcome = self.run_with([provider(server.base_url)], "check", "mine", "--json", env={"MY_KEY": None})
            self.assertEqual(server.seen, [])
        self.assertEqual(outcome.code, 12)
        self.assertIn("MY_KEY", outcome.last["data"][0]["error"]["message"])

    def test_a_name_nobody_has_is_refused_with_those_there_are(self):
        outcome = self.run_with([provider("http://127.0.0.1:9/v1")], "check", "yours", "--json")
        self.assertEqual(outcome.code, 14)
        self.assertIn("mine", outcome.last["error"]["message"])


class Stalled:
    """A server that takes connections and never answers."""

    def __enter__(self):
        import socket
        self._socket = socket.create_server(("127.0.0.1", 0))
        return "http://127.0.0.1:%d/v1" % self._socket.getsockname()[1]

    def __exit__(self, *_):
        self._socket.close()


if __name__ == "__main__":
    unittest.main()
