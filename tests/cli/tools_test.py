# SPDX-License-Identifier: MIT
"""aikit chat --tools: programs that a model calls, what they see, what stops them, and who is asked."""

import json
import os
import pathlib
import pty
import signal
import subprocess
import tempfile
import time
import unittest

from loopback import COMMAND, KEY, Outcome

SECRETS = {"OPENAI_API_KEY": KEY, "ANTHROPIC_API_KEY": KEY + "2", "AIKIT_STORE": "/nowhere", "MY_TOKEN": "mine"}


def call(name, identity="c1", **arguments):
    return {"id": identity, "name": name, "arguments": json.dumps(arguments)}


def asking(*calls):
    return {"tool_calls": list(calls), "finish": "tool_calls", "usage": {"input": 1000, "output": 500}}


DONE = {"pieces": ["It is ", "done."], "usage": {"input": 1000, "output": 500}}


class Folder:
    """A folder with a configuration, a file of tools, and a clean environment."""

    def __init__(self, replies, tools):
        self.temporary = tempfile.TemporaryDirectory()
        self.path = pathlib.Path(self.temporary.name)
        script = {"replies": list(replies)}
        provider = {"name": "scripted", "model": "gpt-4o-mini", "price_as": "openai", "script": script}
        (self.path / "aikit.json").write_text(json.dumps({"providers": [provider]}))
        (self.path / "tools.json").write_text(tools if isinstance(tools, str) else json.dumps({"tools": tools}))
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(self.path), **SECRETS}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LD_LIBRARY_PATH"):
            if name in os.environ:
                self.environment[name] = os.environ[name]

    def command(self, *flags):
        return [COMMAND, "--config", "aikit.json", "--store", "store.db", "chat", "Go", "--tools", "tools.json", *flags]

    def run(self, *flags):
        with self.temporary:
            return Outcome(subprocess.run(self.command(*flags), capture_output=True, env=self.environment, cwd=self.path,
                                          timeout=60, check=False, stdin=subprocess.DEVNULL))


def run(replies, tools, *flags):
    outcome = Folder(replies, tools).run("--json", *flags)
    return outcome, json.loads(outcome.out.splitlines()[-1])


def told(result):
    return [message["content"] for message in result["messages"] if message["role"] == "tool"]


def shell(script, name="tool", **more):
    return {"name": name, "command": ["/bin/sh", "-c", script], **more}


class Programs(unittest.TestCase):
    def test_a_program_gets_the_arguments_and_its_output_is_the_answer(self):
        schema = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}
        tool = shell("cat; echo", parameters=schema, description="Says it again.")
        outcome, result = run([asking(call("tool", city="Rome"), call("tool", "c2")), DONE], [tool])
        self.assertEqual(outcome.code, 0, outcome.err)
        self.assertEqual((result["end"], result["steps"], result["calls"]), ("answered", 2, 2))
        self.assertEqual(told(result)[0], '{"city": "Rome"}')
        self.assertTrue(told(result)[1].startswith("The arguments do not fit the schema: "))
        self.assertEqual(result["cost"]["usd"], "0.0009")

    def test_a_program_sees_no_key_and_nothing_that_it_was_not_given(self):
        tools = [shell("env | sort", "plain"), shell("env | sort", "given", environment=["MY_TOKEN"])]
        _, result = run([asking(call("plain"), call("given", "c2")), DONE], tools)
        plain, given = ({line.split("=")[0] for line in text.splitlines()} for text in told(result))
        self.assertFalse(plain & set(SECRETS), plain)
        self.assertIn("PATH", plain)
        self.assertEqual(given - plain, {"MY_TOKEN"})
        self.assertNotIn(KEY, json.dumps(result))

    def test_no_shell_reads_what_the_model_says(self):
        with tempfile.TemporaryDirectory() as folder:
            trap = f"'; touch {folder}/made; $(touch {folder}/made) `touch {folder}/made`"
            _, result = run([asking(call("echo", text=trap)), DONE], [{"name": "echo", "command": ["cat"]}])
            self.assertEqual(os.listdir(folder), [])
        self.assertEqual(json.loads(told(result)[0])["text"], trap)

    def test_programs_that_fail_hang_flood_or_babble_are_told_to_the_model(self):
        tools = [shell("echo no; echo why >&2; exit 3", "fails"), shell("sleep 60", "hangs", timeout=0.3),
                 shell("head -c 500000 /dev/zero | tr '\\0' a", "floods", max_output=100),
                 shell("printf 'a\\377b'", "babbles"), {"name": "missing", "command": ["no-such-program-anywhere"]}]
        calls = [call(tool["name"], f"c{number}") for number, tool in enumerate(tools)]
        outcome, result = run([asking(*calls), DONE], tools)
        self.assertEqual(outcome.code, 0, outcome.err)
        fails, hangs, floods, babbles, missing = told(result)
        self.assertEqual(fails, "The program ended with exit code 3.\nwhy\nno")
        self.assertIn("was stopped", hangs)
        self.assertEqual(floods, "a" * 100 + "\n[The output was cut after 100 bytes.]")
        self.assertEqual(babbles, "a\ufffdb")
        self.assertIn("there is none of that name", missing)
        failed = [message.get("aikit", {}).get("failed", False) for message in result["messages"][2:7]]
        self.assertEqual(failed, [True, True, False, False, True])

    def test_a_person_sees_the_answer_alone_on_standard_output(self):
        for flags in ((), ("--stream",)):
            outcome = Folder([asking(call("tool")), DONE], [shell("echo yes")]).run(*flags)
            self.assertEqual((outcome.code, outcome.out), (0, "It is done.\n"), outcome.err)
            self.assertIn("2 replies, 1 calls, 2000 tokens in, 1000 out  $0.0009", outcome.err)

    def test_a_streamed_run_prints_its_events_before_it(self):
        outcome, result = run([asking(call("tool")), DONE], [shell("echo yes")], "--stream")
        events = [json.loads(line) for line in outcome.out.splitlines()[:-1]]
        self.assertEqual([event["message"]["content"] for event in events if event["type"] == "result"], ["yes"])
        self.assertEqual("".join(event["chunk"]["choices"][0]["delta"].get("content") or "" for event in events
                                 if event["type"] == "chunk" and event["chunk"]["choices"]), "It is done.")
        self.assertEqual(result["object"], "aikit.tool_run")


class Limits(unittest.TestCase):
    def test_limits_end_a_run_with_a_warning(self):
        again = [asking(call("tool"))] * 5
        tools = [shell("echo yes")]
        for flags, end in ((("--max-steps", "2"), "steps"), (("--max-cost", "0.00046"), "cost")):
            outcome, result = run(again, tools, *flags)
            self.assertEqual((outcome.code, result["end"]), (0, end))
            self.assertIn("was reached", Folder(again, tools).run(*flags).err)
        outcome, result = run(again, [shell("sleep 60")], "--timeout", "0.5")
        self.assertEqual((outcome.code, result["end"]), (0, "time"))

    def test_a_run_that_fails_leaves_what_had_come(self):
        failing = {"error": {"code": "server_error", "message": "Down."}}
        outcome, last = run([asking(call("tool")), failing], [shell("echo yes")], "--max-retries", "0")
        self.assertEqual(outcome.code, 21)
        self.assertIn('"failed"', outcome.out)
        self.assertIn("0.00045", outcome.out)
        self.assertEqual(last["error"]["code"], "server_error")

    def test_ctrl_c_stops_the_program_and_the_run(self):
        folder = Folder([asking(call("tool")), DONE], [shell("echo $$ > begun; exec sleep 60")])
        with folder.temporary:
            process = subprocess.Popen(folder.command("--json"), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                       env=folder.environment, cwd=folder.path, stdin=subprocess.DEVNULL)
            until = time.monotonic() + 30
            begun = folder.path / "begun"
            while not (begun.is_file() and begun.read_text().strip()) and time.monotonic() < until:
                time.sleep(0.01)
            tool = int(begun.read_text())
            process.send_signal(signal.SIGINT)
            out, _ = process.communicate(timeout=30)
            self.assertEqual(process.returncode, 130)
            self.assertIn(b"The call was stopped before it ended", out)
            with self.assertRaises(ProcessLookupError):
                os.kill(tool, 0)

    def test_what_is_wrong_is_told_before_anything_runs(self):
        good = shell("echo yes")
        for tools, words in (("[]", "JSON object"), ("{", "file of tools"), ("{}", "tools"), ([3], "tools[0]"),
                             ([{"name": "a"}], "command"), ([{"command": ["a"]}], "name"), ([good, good], "one name"),
                             ([{**good, "timeout": 0}], "timeout"), ([{**good, "max_output": 0}], "max_output"),
                             ([{**good, "more": 1}], "more"), ([{**good, "command": [1]}], "list of strings")):
            outcome = Folder([DONE], tools).run("--json")
            self.assertEqual(outcome.code, 11, (tools, outcome.err))
            self.assertIn(words, outcome.err)
        for flags in (("--max-cost", "much"), ("--max-cost", "-1"), ("--approve",)):
            outcome = Folder([DONE], [good]).run(*flags)
            self.assertEqual(outcome.code, 11, outcome.err)
            self.assertIn(flags[0], outcome.err)
        done = subprocess.run([COMMAND, "chat", "Go", "--max-steps", "3"], capture_output=True, timeout=60, check=False)
        self.assertEqual(done.returncode, 2)


class Approval(unittest.TestCase):
    def asked(self, answers):
        """What a person sees who answers on a terminal, and what the model is told."""
        calls = [call("tool", f"c{number}", text="\u202e\x1b[2J") for number in range(len(answers))]
        folder = Folder([asking(*calls), DONE], [shell("echo yes")])
        with folder.temporary:
            ours, theirs = pty.openpty()
            process = subprocess.Popen(folder.command("--json", "--approve"), stdin=theirs, stderr=theirs,
                                       stdout=subprocess.PIPE, env=folder.environment, cwd=folder.path)
            os.close(theirs)
            seen = b""
            for answer in answers:
                while seen.count(b"[y/N]") <= seen.count(b"\n"):
                    seen += os.read(ours, 1)
                os.write(ours, answer + b"\n")
                while not seen.endswith(b"\n"):
                    seen += os.read(ours, 1)
            out, _ = process.communicate(timeout=60)
            os.close(ours)
        self.assertEqual(process.returncode, 0, seen)
        return seen, told(json.loads(out.splitlines()[-1]))

    def test_each_call_is_asked_for_on_the_terminal(self):
        seen, results = self.asked([b"y", b"n", b"", b"yes"])
        declined = "The call was declined."
        self.assertEqual(results, ["yes", declined, declined, "yes"])
        self.assertIn(b"Run tool ", seen)
        self.assertNotIn(b"\x1b", seen)
        self.assertNotIn("\u202e".encode(), seen)

    def test_without_a_terminal_all_calls_are_allowed_by_saying_so(self):
        outcome, result = run([asking(call("tool")), DONE], [shell("echo yes")], "--approve", "--yes")
        self.assertEqual((outcome.code, told(result)), (0, ["yes"]))


if __name__ == "__main__":
    unittest.main()
