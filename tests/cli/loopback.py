# SPDX-License-Identifier: MIT
"""A scripted HTTP server on loopback and a way to run the aikit command against it. Knows nothing of aikit's code."""

import collections
import http.server
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

COMMAND = os.environ.get("AIKIT_COMMAND", "build/release/bin/aikit")
ROOT = pathlib.Path(__file__).resolve().parents[2]
SHARED = ROOT.parent / "shared"
KEY = "sk-canary-4f1d7c5e9b2a8063"


class Answer:
    """One scripted answer: what is sent, and how the connection ends."""

    def __init__(self, status=200, headers=None, body=b"", chunked=False, pieces=None, ending="whole"):
        self.status = status
        self.headers = dict(headers or {})
        self.body = body if isinstance(body, bytes) else body.encode()
        self.chunked = chunked
        self.pieces = pieces
        self.ending = ending  # whole, fin (close early), reset (RST)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def _serve(self):
        length = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(length)
        self.server.seen.append((self.command, self.path, dict(self.headers.items()), body))
        answer = self.server.script(self.command, self.path, body)
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "content-encoding"):
                self.send_header(name, value)
        if answer.chunked:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        for piece in answer.pieces if answer.pieces is not None else [answer.body]:
            if not piece:
                continue
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece) if answer.chunked else piece)
            self.wfile.flush()
        if answer.ending == "reset":
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        if answer.ending != "whole":
            self.close_connection = True
            self.connection.close()
            return
        if answer.chunked:
            self.wfile.write(b"0\r\n\r\n")

    do_GET = do_POST = do_DELETE = _serve


class Server:
    """Serves `script(method, path, body) -> Answer` until the with block ends."""

    def __init__(self, script):
        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._http.daemon_threads = True
        self._http.handle_error = lambda *_: None  # clients that go away are part of the tests
        self._http.script = script
        self._http.seen = []
        self.seen = self._http.seen
        self.base_url = "http://127.0.0.1:%d/v1" % self._http.server_address[1]

    def __enter__(self):
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


class Outcome:
    def __init__(self, done):
        self.code = done.returncode
        self.out = done.stdout.decode("utf-8", "strict")
        self.err = done.stderr.decode("utf-8", "strict")
        self.lines = self.out.splitlines()

    @property
    def last(self):
        """The last line of standard output as JSON."""
        return json.loads(self.lines[-1])


def aikit(*arguments, store=None, stdin=b"", env=None, timeout=60):
    """Runs the command in a clean environment; a store of its own unless one is named."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {"PATH": os.environ["PATH"], "HOME": folder, "OPENAI_API_KEY": KEY}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LD_LIBRARY_PATH"):
            if name in os.environ:
                environment[name] = os.environ[name]
        environment.update(env or {})
        environment = {name: value for name, value in environment.items() if value is not None}
        done = subprocess.run([COMMAND, "--store", store or folder + "/store.db", *map(str, arguments)], input=stdin,
                              capture_output=True, env=environment, cwd=folder, timeout=timeout)
        return Outcome(done)


class Recordings(unittest.TestCase):
    """Tests over a folder of recorded exchanges; counts what passed, by kind."""

    folder = ""
    maxDiff = None

    @classmethod
    def setUpClass(cls):
        cls.passed = collections.Counter()
        if cls.folder and not (SHARED / "recordings" / cls.folder).is_dir():
            raise unittest.SkipTest("[skipped] ../shared/recordings is not here")

    @classmethod
    def tearDownClass(cls):
        print("recordings passed:", dict(cls.passed), "total", sum(cls.passed.values()), file=sys.stderr)

    @classmethod
    def load(cls, wanted):
        """The names and recordings whose path, without its query, is wanted; in order."""
        for file in sorted((SHARED / "recordings" / cls.folder).glob("*.json")):
            recording = json.loads(file.read_text())
            if wanted(recording["request"]["path"].split("?")[0]):
                yield file.stem, recording
