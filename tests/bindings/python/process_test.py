# SPDX-License-Identifier: MIT
"""Ctrl-C, forks, and ends of the interpreter."""

import os
import signal
import subprocess
import sys
import threading
import time
import unittest

import aikit
from scripted import config, slow

LIVE = """
import asyncio, threading, aikit
from scripted import slow
kit = aikit.Kit(slow())
%s
print("said", flush=True)
"""
ENDS = {
    "a stream": "stream = kit.stream('Hi'); next(stream)",
    "a thread": "threading.Thread(target=lambda: kit.chat('Hi'), daemon=True).start()",
    "a loop": """
async def main():
    global stream
    stream = kit.stream_async('Hi')
    await stream.__anext__()
asyncio.run(main())""",
    "a loop that was never closed": """
loop = asyncio.new_event_loop()
async def main():
    global stream
    stream = kit.stream_async('Hi')
    await stream.__anext__()
loop.run_until_complete(main())""",
}


class Process(unittest.TestCase):
    def interrupted(self, call):
        """How long after Ctrl-C a call came back."""
        sent = []

        def send():
            time.sleep(0.3)
            sent.append(time.monotonic())
            os.kill(os.getpid(), signal.SIGINT)
        thread = threading.Thread(target=send)
        thread.start()
        with self.assertRaises(KeyboardInterrupt):
            call()
        late = time.monotonic() - sent[0]
        thread.join()
        return late

    def test_ctrl_c_ends_a_blocking_call_within_200_ms(self):
        with aikit.Kit(config({"text": "late", "delay": 30})) as kit:
            self.assertLess(self.interrupted(lambda: kit.chat("Hi")), 0.2)
            self.assertLess(self.interrupted(lambda: list(kit.stream("Hi"))), 0.2)

    def in_child(self, check):
        pid = os.fork()
        if pid == 0:
            try:
                os._exit(0 if check() else 1)
            except BaseException:
                os._exit(2)
        until = time.monotonic() + 20
        while time.monotonic() < until:
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.01)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        return "hangs"

    def test_a_forked_child_opens_a_kit_of_its_own_and_leaves_the_parents_alone(self):
        with aikit.Kit(slow(20, 0.01)) as kit, kit.stream("Hi") as stream:
            words = stream.text()
            next(words)

            def check():
                try:
                    next(stream)
                except aikit.InvalidState:
                    return kit.chat("Hi").text.startswith("0 1 ")
                return False
            for _ in range(5):
                self.assertEqual(self.in_child(check), 0)
            self.assertEqual(len(list(words)), 19)

    def test_the_interpreter_ends_with_live_streams(self):
        for name, made in ENDS.items():
            for _ in range(3):
                with self.subTest(name):
                    here = os.path.dirname(os.path.abspath(__file__))
                    path = os.pathsep.join([here, os.environ.get("PYTHONPATH", "")])
                    done = subprocess.run([sys.executable, "-B", "-c", LIVE % made], capture_output=True, text=True,
                                          timeout=20, env={**os.environ, "PYTHONPATH": path}, check=False)
                    self.assertEqual((done.returncode, done.stdout), (0, "said\n"), done.stderr)


if __name__ == "__main__":
    unittest.main()
