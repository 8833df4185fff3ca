# SPDX-License-Identifier: MIT
"""Whatever goes wrong around the command: one clear sentence, an exit code, and nothing that was stored is lost."""

import json
import os
import pathlib
import re
import resource
import shutil
import signal
import socket
import sqlite3
import subprocess
import tempfile
import threading
import time
import unittest

from command_test import JSON, STREAM, chat, exit_code, reply, stream_body
from loopback import COMMAND, KEY, Answer, Server, aikit

PLANES = {f"plane{i}.txt": f"The plane number {i} has {i} wings and flies over the town of {town}.\n"
          for i, town in enumerate(("Bern", "Oslo", "Turin", "Ghent", "Lyon", "Porto"))}


class Folder:
    """A folder with a store and a few documents."""

    def __init__(self, **more):
        self._folder = tempfile.TemporaryDirectory(**more)

    def __enter__(self):
        self.path = pathlib.Path(self._folder.name)
        self.documents = self.path / "documents"
        self.documents.mkdir()
        for name, text in PLANES.items():
            (self.documents / name).write_text(text)
        self.store = str(self.path / "store.db")
        return self

    def __exit__(self, *_):
        self._folder.cleanup()

    def run(self, *arguments, **more):
        return aikit(*arguments, store=self.store, env={"OPENAI_API_KEY": None}, **more)

    def found(self, query="plane wings town"):
        outcome = self.run("--json", "search", "planes", query, "--mode", "sparse", "--top", "1000")
        return {pathlib.Path(hit["uri"]).name for hit in outcome.last["hits"]} if outcome.code == 0 else outcome.err


class Case(unittest.TestCase):
    def check(self, outcome, code, *words):
        """One sentence that holds the words, and the code: an error's name, or 2 for usage."""
        self.assertEqual(outcome.code, code if isinstance(code, int) else exit_code(code), outcome.err)
        self.assertRegex(outcome.err, r"\A(aikit: [^\n]+\n)+\Z")
        for word in words:
            self.assertIn(word, outcome.err)
        self.assertNotIn(KEY, outcome.out + outcome.err)


class Arguments(Case):
    def test_numbers_that_cannot_be_are_refused_before_anything_is_done(self):
        with Server(lambda *_: Answer(200, JSON, reply())) as server:
            for flags in (["--max-tokens", "0"], ["--max-tokens", "-1"], ["--max-tokens", "99999999999999999999"], ["--max-tokens", "ten"],
                          ["--max-tokens", "1.5"], ["--max-retries", "-1"], ["--temperature", "warm"]):
                with self.subTest(flags):
                    self.check(chat(server, *flags, "Hi"), 2, flags[0])
            for flags in (["--timeout", "0"], ["--timeout", "-1"], ["--timeout", "nan"], ["--timeout", "1e300"], ["--temperature", "nan"],
                          ["--temperature", "inf"]):
                with self.subTest(flags):
                    self.check(chat(server, *flags, "Hi"), "invalid_argument", flags[0])
            self.assertEqual(server.seen, [])
        with Folder() as folder:
            for flags in (["--top", "0"], ["--top", "-3"], ["--top", "1001"], ["--top", "many"]):
                with self.subTest(flags):
                    self.check(folder.run("search", "planes", "wings", *flags), 2, "--top")
            for size in ("0", "-5", "1000000"):
                self.check(folder.run("ingest", "planes", folder.documents, "--chunk-size", size), "invalid_argument", "size is " + size)

    def test_an_empty_question_is_told_so(self):
        with Folder() as folder:
            self.assertEqual(folder.run("ingest", "planes", folder.documents).code, 0)
            for arguments in (["chat", ""], ["chat", " \n\t"], ["embed", ""], ["moderate", ""], ["search", "planes", ""], ["ask", "planes", " "]):
                with self.subTest(arguments):
                    self.check(folder.run(*arguments), "invalid_argument", "empty")
        self.check(aikit("chat", "-", stdin=b""), "invalid_argument", "empty")

    def test_bytes_that_are_no_text_are_refused_and_nothing_is_sent(self):
        with Server(lambda *_: Answer(200, JSON, reply())) as server:
            for binary in (b"caf\xe9", b"\xff\xfe", pathlib.Path(COMMAND).read_bytes()[:100_000]):
                self.check(chat(server, "-", stdin=binary), "invalid_argument", "UTF-8")
                for command in ("chat", "embed", "moderate"):
                    outcome = aikit(command, "--provider", "builtin", "-", stdin=binary, env={"OPENAI_API_KEY": None})
                    self.check(outcome, "invalid_argument", "UTF-8")
            self.assertEqual(server.seen, [])

    def test_every_character_reaches_the_provider_as_it_was_given(self):
        prompt = "NUL \0, bell \a, escape \x1b[2J, quote \", backslash \\, \u2028, \U0001f600, \u0000end"
        with Server(lambda *_: Answer(200, JSON, reply())) as server:
            self.assertEqual(chat(server, "-", stdin=prompt.encode()).code, 0)
            self.assertEqual(json.loads(server.seen[0][3])["messages"][0]["content"], prompt)

    def test_a_prompt_beyond_every_measure_is_refused_with_its_limit(self):
        with tempfile.TemporaryFile() as huge:
            huge.truncate(300_000_000)
            done = subprocess.run([COMMAND, "--store", "/nonexistent/s.db", "chat", "-"], stdin=huge, capture_output=True)
        self.assertEqual(done.returncode, exit_code("invalid_argument"))
        self.assertIn(b"larger than the limit of 268435456 bytes", done.stderr)

    def test_a_request_nested_a_million_deep_is_an_error_also_on_a_small_stack(self):
        nested = b'{"model":"m","messages":' + b"[" * 1_000_000
        small = lambda: resource.setrlimit(resource.RLIMIT_STACK, (256 * 1024, 256 * 1024))
        done = subprocess.run([COMMAND, "--store", "/nonexistent/s.db", "chat", "--request", "-"], input=nested, capture_output=True,
                              preexec_fn=small)
        self.assertEqual(done.returncode, exit_code("invalid_argument"), done.stderr)
        self.assertIn(b"nests too deep", done.stderr)

    def test_who_is_not_configured_is_told_how_to_be(self):
        self.check(aikit("chat", "--provider", "nobody", "Hi"), "invalid_argument", "no provider 'nobody'", "--base-url")
        self.check(aikit("chat", "--provider", "builtin", "--model", "gpt-9", "Hi"), "not_found", "gpt-9")


class Files(Case):
    def test_a_configuration_that_is_wrong_names_its_file_and_its_field(self):
        with Folder() as folder:
            config = folder.path / "aikit.json"
            for text, code, words in ((b'{"nonsense": 1}', "invalid_argument", ["nonsense"]), (b"{", "invalid_argument", ["JSON"]),
                                      (b"\x7fELF\0\0", "invalid_argument", ["JSON"]),
                                      (b'{"providers":[{"name":"x","bse_url":"y"}]}', "invalid_argument", ["providers[0].bse_url"]),
                                      (b'{"providers":[{"name":"x","type":"openai","api_key":"sk-canary-4f1d7c5e9b2a8063"}]}', "invalid_argument",
                                       ["providers[0].api_key", "env:NAME"])):
                with self.subTest(text):
                    config.write_bytes(text)
                    self.check(folder.run("--config", config, "chat", "Hi"), code, str(config), *words)
            self.check(folder.run("--config", folder.path / "none.json", "chat", "Hi"), "not_found", "none.json")
            self.check(folder.run("--config", folder.path, "chat", "Hi"), "invalid_argument", "folder")

    def test_keys_that_cannot_be_read_are_told_by_where_they_should_be(self):
        with Folder() as folder:
            config = folder.path / "aikit.json"
            for key, word in (("env:NOBODY_SET_THIS", "NOBODY_SET_THIS"), ("file:/nonexistent/key", "/nonexistent/key")):
                config.write_text(json.dumps({"providers": [{"name": "x", "type": "openai", "base_url": "http://127.0.0.1:9/v1", "api_key": key}]}))
                self.check(folder.run("--config", config, "chat", "Hi"), "authentication", word)

    def test_pipes_devices_and_sockets_among_documents_keep_nobody_waiting(self):
        with Folder() as folder:
            os.mkfifo(folder.documents / "pipe.txt")
            listener = socket.socket(socket.AF_UNIX)
            listener.bind(str(folder.documents / "socket.txt"))
            (folder.documents / "device.txt").symlink_to("/dev/zero")
            self.assertEqual(folder.run("--json", "ingest", "planes", folder.documents, timeout=20).last["added"], len(PLANES))
            for path in (folder.documents / "pipe.txt", folder.documents / "socket.txt", "/dev/zero"):
                with self.subTest(path):
                    outcome = folder.run("ingest", "planes", path, timeout=20)
                    self.check(outcome, "invalid_argument", str(path))
            listener.close()

    @unittest.skipUnless(os.geteuid() == 0 and shutil.which("setpriv"), "[skipped] only root can become somebody else")
    def test_what_may_not_be_read_or_written_is_named_with_the_permission_that_lacks(self):
        with Folder() as folder:
            os.chmod(folder.path, 0o755)
            secret = folder.documents / "secret.txt"
            secret.write_text("Nobody may read this.\n")
            secret.chmod(0)
            closed = folder.path / "closed"
            closed.mkdir(mode=0)
            home = folder.path / "home"
            home.mkdir()
            shutil.chown(home, 65534, 65534)
            command = folder.path / "aikit"  # the built one may stand where nobody else may look
            shutil.copy(COMMAND, command)

            def as_nobody(*arguments, store=home / "s.db"):
                done = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", command, "--store", store,
                                       *arguments], capture_output=True, cwd=home, env={"PATH": os.environ["PATH"], "HOME": str(home)})
                done.code, done.err, done.out = done.returncode, done.stderr.decode(), done.stdout.decode()
                return done

            outcome = as_nobody("ingest", "planes", folder.documents)
            self.assertEqual(outcome.code, 0, outcome.err)
            self.assertIn("secret.txt", outcome.err)
            self.assertIn("may not be read", outcome.err)
            self.assertIn("1 failed", outcome.out)
            self.check(as_nobody("ingest", "planes", closed), "permission", "closed")
            self.check(as_nobody("chat", "--request", secret), "permission", "secret.txt")
            self.check(as_nobody("--config", secret, "chat", "Hi"), "permission", "secret.txt")
            self.check(as_nobody("cost", store=closed / "s.db"), "permission", "closed")
            read_only = folder.path / "s.db"  # in a folder of root's
            self.assertEqual(aikit("cost", store=str(read_only)).code, 0)
            before = read_only.read_bytes()
            outcome = as_nobody("chat", "Hi", store=read_only)
            self.check(outcome, "storage", str(read_only), "read-only")
            self.assertEqual(read_only.read_bytes(), before)


class Store(Case):
    def test_a_store_that_another_process_holds_is_busy_and_works_afterwards(self):
        with Folder() as folder:
            self.assertEqual(folder.run("ingest", "planes", folder.documents).code, 0)
            other = sqlite3.connect(folder.store, isolation_level=None)
            other.execute("begin immediate")
            (folder.documents / "new.txt").write_text("A new plane.\n")
            self.check(folder.run("ingest", "planes", folder.documents), "busy", folder.store, "another process")
            # A call is answered; that the ledger has no row of it is said.
            outcome = folder.run("chat", "--json", "Hi")
            self.assertEqual(outcome.code, 0)
            self.assertTrue(any("ledger" in warning for warning in outcome.last["aikit"]["warnings"]), outcome.last)
            other.execute("rollback")
            other.close()
            self.assertEqual(folder.found(), set(PLANES))
            self.assertEqual(folder.run("--json", "ingest", "planes", folder.documents).last["added"], 1)

    def test_a_damaged_store_is_told_and_left_as_it_is(self):
        with Folder() as folder:
            self.assertEqual(folder.run("ingest", "planes", folder.documents).code, 0)
            with sqlite3.connect(folder.store) as db:
                db.execute("pragma wal_checkpoint(truncate)")
            db.close()
            whole = pathlib.Path(folder.store).read_bytes()
            page = 4096
            damages = {
                "no database at all": b"Dear Ada, this is a letter. " * 1000,
                "the first page is gone": bytes(page) + whole[page:],
                "cut in the middle": whole[:len(whole) // 2 // page * page],
                "a page overwritten": None,
                "every page behind the first overwritten": whole[:page] + b"\xa5" * (len(whole) - page),
            }
            for name, bytes_ in damages.items():
                with self.subTest(name):
                    if bytes_ is None:
                        # Wherever the damage sits: an error in words or a right answer, never a crash.
                        for at in range(1, len(whole) // page):
                            broken = whole[:at * page] + b"\xa5" * page + whole[(at + 1) * page:]
                            self.restore(folder, broken)
                            outcome = folder.run("search", "planes", "wings", "--mode", "sparse")
                            self.assertIn(outcome.code, (0, exit_code("storage")), (at, outcome.err))
                            if outcome.code:
                                self.check(outcome, "storage", folder.store)
                        continue
                    self.restore(folder, bytes_)
                    for arguments in (["search", "planes", "wings"], ["ingest", "planes", folder.documents], ["ask", "planes", "Which plane flies over Bern?"]):
                        self.check(folder.run(*arguments), "storage", folder.store)
                    # What is left may still be rescued by somebody with better tools.
                    self.assertEqual(pathlib.Path(folder.store).read_bytes(), bytes_)
            self.restore(folder, whole)
            self.assertEqual(folder.found(), set(PLANES))

    @staticmethod
    def restore(folder, bytes_):
        for file in folder.path.glob("store.db*"):
            file.unlink()
        pathlib.Path(folder.store).write_bytes(bytes_)

    def test_two_ingests_at_once_into_one_store_both_arrive(self):
        with Folder() as folder:
            many = folder.path / "many"
            many.mkdir()
            for i in range(200):
                (many / f"{i}.txt").write_text(f"The plane number {i} has wings and flies over a town.\n")
            halves = [sorted(many.iterdir())[:100], sorted(many.iterdir())[100:]]
            for base in ("planes", "planes"):
                running = [subprocess.Popen([COMMAND, "--store", folder.store, "ingest", base, *half], stdout=subprocess.DEVNULL,
                                            stderr=subprocess.PIPE, env={"PATH": os.environ["PATH"], "HOME": str(folder.path)}) for half in halves]
                for one in running:
                    _, err = one.communicate(timeout=60)
                    self.assertEqual(one.returncode, 0, err)
            self.assertEqual(len(folder.found()), 200)
            for mode in ("dense", "hybrid"):
                hits = folder.run("--json", "search", "planes", "plane wings town", "--mode", mode, "--top", "1000").last["hits"]
                self.assertEqual(len({hit["uri"] for hit in hits}), 200, mode)


class FullDisk(Case):
    """A file system of 3 MiB of its own, mounted in a name space that ends with the test."""

    def setUp(self):
        probe = subprocess.run(["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True) if shutil.which("unshare") else None
        if probe is None or probe.returncode != 0:
            self.skipTest("[skipped] no file system can be mounted here")

    def test_what_was_stored_survives_a_full_disk_and_the_rest_goes_in_once_there_is_room(self):
        with Folder() as folder:
            disk = folder.path / "disk"
            disk.mkdir()
            large = folder.path / "large"
            large.mkdir()
            for i in range(400):
                (large / f"{i}.txt").write_text(f"Report {i}. " + " ".join(f"word{i}x{j}" for j in range(300)) + "\n")
            script = """
                mount -t tmpfs -o size=3m tmpfs "$DISK"
                run() { "$AIKIT" --store "$DISK/s.db" "$@"; echo "exit $?"; }
                run ingest planes "$SMALL"
                run ingest planes "$LARGE" 2>&1
                run --json search planes "plane wings town" --mode sparse --top 1000
                head -c 9000000 /dev/zero > "$DISK/filler" 2>/dev/null
                run chat --json Hi
                "$AIKIT" --store "$DISK/new.db" ingest planes "$SMALL" 2>&1; echo "exit $?"
                rm "$DISK/filler"
                mount -o remount,size=60m "$DISK"
                run ingest planes "$LARGE" "$SMALL"
                run --json search planes "plane wings town" --mode sparse --top 1000
            """
            done = subprocess.run(["unshare", "--mount", "sh", "-c", script], capture_output=True, text=True, timeout=120, env={
                "PATH": os.environ["PATH"], "HOME": str(folder.path), "AIKIT": os.path.abspath(COMMAND), "DISK": str(disk),
                "SMALL": str(folder.documents), "LARGE": str(large)})
            lines = done.stdout.splitlines()
            self.assertEqual([line for line in lines if line.startswith("exit")],
                             ["exit 0", f"exit {exit_code('storage')}", "exit 0", "exit 0", f"exit {exit_code('storage')}", "exit 0", "exit 0"], done)
            full = [line for line in lines if line.startswith("aikit: the disk is full")]
            self.assertEqual(len(full), 2, lines)
            self.assertTrue(all(str(disk) in line for line in full), full)
            searches = [json.loads(line) for line in lines if line.startswith('{"query"')]
            for search in searches:
                self.assertLessEqual(set(PLANES), {pathlib.Path(hit["uri"]).name for hit in search["hits"]})
            counts = [int(number) for number in re.findall(r"(\d+) (?:added|changed|unchanged)", lines[-4])]
            self.assertEqual(sum(counts), 400 + len(PLANES), lines[-4])
            self.assertGreaterEqual(counts[2], len(PLANES))


class Output(Case):
    def test_a_full_disk_behind_standard_output_is_a_failure(self):
        for arguments in (["chat", "Hi"], ["chat", "--json", "Hi"], ["chat", "--stream", "Hi"], ["version"], ["cost"], ["--help"]):
            with self.subTest(arguments), tempfile.TemporaryDirectory() as folder, open("/dev/full", "wb") as full:
                done = subprocess.run([COMMAND, "--store", folder + "/s.db", *arguments], stdout=full, stderr=subprocess.PIPE,
                                      env={"PATH": os.environ["PATH"], "HOME": folder})
                self.assertEqual(done.returncode, exit_code("storage"), done.stderr)
                self.assertIn(b"aikit: standard output cannot be written: No space left on device\n", done.stderr)

    def test_closed_standard_streams_are_no_place_for_the_store_or_a_connection(self):
        with Server(lambda *_: Answer(200, JSON, reply())) as server:
            for closed in ("<&- >&- 2>&-", ">&-", "<&-", "2>&-"):
                with self.subTest(closed), Folder() as folder:
                    done = subprocess.run(["sh", "-c", f'exec "$0" --store "$1" chat --provider openai --base-url "$2" --model m Hi {closed}', COMMAND,
                                           folder.store, server.base_url], capture_output=True, env={
                                               "PATH": os.environ["PATH"], "HOME": str(folder.path), "OPENAI_API_KEY": KEY})
                    self.assertEqual(done.returncode, exit_code("storage") if ">&-" in closed.replace("2>&-", "") else 0, done.stderr)
                    with sqlite3.connect(folder.store) as db:
                        self.assertEqual(db.execute("pragma integrity_check").fetchone(), ("ok",))
                    db.close()
            self.assertTrue(all(json.loads(body)["messages"][0]["content"] == "Hi" for *_, body in server.seen))

    def test_a_reader_that_goes_away_ends_a_stream_like_any_program_after_its_bill_is_written(self):
        body = stream_body([f"word{i} " for i in range(5)], done=False).encode()
        gone = threading.Event()

        class Endless(Answer):
            @property
            def pieces(self):
                def on_and_on():
                    yield body[:body.index(b"\n\n", body.index(b"word0")) + 2]
                    word = body[body.index(b"data:", 1):][:body.index(b"\n\n") + 2]
                    while not gone.is_set():
                        yield word
                        time.sleep(0.005)
                return on_and_on()

            @pieces.setter
            def pieces(self, _):
                pass

        with Folder() as folder, Server(lambda *_: Endless(200, STREAM, b"", chunked=True)) as server:
            running = subprocess.Popen([COMMAND, "--store", folder.store, "chat", "--stream", "--provider", "openai", "--base-url", server.base_url,
                                        "--model", "gpt-4o-mini", "Hi"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                       env={"PATH": os.environ["PATH"], "HOME": str(folder.path), "OPENAI_API_KEY": KEY})
            self.assertEqual(running.stdout.read(4), b"word")
            running.stdout.close()
            self.assertEqual(running.wait(timeout=20), -signal.SIGPIPE)
            gone.set()
            running.stderr.close()
            total = folder.run("cost", "--json").last["total"]
            self.assertEqual((total["calls"], total["estimated"]), (1, 1))
            self.assertGreater(total["output_tokens"], 0)

    def test_ctrl_c_ends_an_ingest_at_any_moment_and_what_went_in_stays(self):
        with Folder() as folder:
            for i in range(300):
                (folder.documents / f"more{i}.txt").write_text(f"Report {i}. " + " ".join(f"word{j % 40}" for j in range(400)) + "\n")
            known = set()
            for moment in (0.02, 0.05, 0.08, 0.1, 0.13, 0.16, 0.2, 0.25, 0.3, 0.4):
                running = subprocess.Popen([COMMAND, "--store", folder.store, "ingest", "planes", folder.documents], stdout=subprocess.PIPE,
                                           stderr=subprocess.PIPE, env={"PATH": os.environ["PATH"], "HOME": str(folder.path)})
                time.sleep(moment)
                running.send_signal(signal.SIGINT)
                _, err = running.communicate(timeout=20)
                self.assertIn(running.returncode, (0, 130, -signal.SIGINT), err)
                found = folder.found("report plane")
                if isinstance(found, set):
                    self.assertLessEqual(known, found)
                    known = found
            self.assertEqual(folder.run("ingest", "planes", folder.documents).code, 0)
            self.assertEqual(len(folder.found("report plane")), 300 + len(PLANES))


if __name__ == "__main__":
    unittest.main()
