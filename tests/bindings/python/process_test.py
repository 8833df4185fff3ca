# SPDX-License-Identifier: MIT
"""Ctrl-C, forks, and ends of the interpreter."""

import asyncio
import contextlib
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time
import unittest

import aikit
from scripted import config, slow

# How many pools are forked, and exits tried of each kind; the environment asks for more.
POOLS = int(os.environ.get("AIKIT_FORK_POOLS", 10))
EXITS = int(os.environ.get("AIKIT_EXITS", 3))

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
    "threads in streams": """
def run():
    for _ in kit.stream('Hi'): pass
for _ in range(8): threading.Thread(target=run, daemon=True).start()""",
    "an object that closes the kit": """
class Careless:
    def __del__(self):
        kit.close()
careless, stream = Careless(), kit.stream('Hi')
next(stream)""",
    "a generator": "words = kit.stream('Hi').text(); next(words)",
    "a loop": """
async def main():
    global stream
    stream = kit.stream_async('Hi')
    await stream.__anext__()
asyncio.run(main())""",
    "a loop in a thread": """
ready = threading.Event()
async def main():
    async with kit.stream_async('Hi') as stream:
        async for _ in stream:
            ready.set()
threading.Thread(target=lambda: asyncio.run(main()), daemon=True).start()
ready.wait()""",
    "a loop that was never closed": """
loop = asyncio.new_event_loop()
async def main():
    global stream
    stream = kit.stream_async('Hi')
    await stream.__anext__()
loop.run_until_complete(main())""",
}


pooled = None


def cheaper():
    """A worker's configuration: its kit is opened when it is first used."""
    pooled._config = config({"text": "mine"})


def asked(_):
    return pooled.chat("Hi").text


@contextlib.contextmanager
def muted():
    """ctypes prints what is raised inside a callback."""
    before, sys.unraisablehook = sys.unraisablehook, lambda _: None
    try:
        yield
    finally:
        sys.unraisablehook = before


class Process(unittest.TestCase):
    def interrupted(self, call, after=0.3):
        """How long after Ctrl-C a call came back."""
        sent = []

        def send():
            time.sleep(after)
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
            late = []
            for after in (0.06, 0.12, 0.18, 0.245, 0.31):  # wherever a slice of waiting is
                late.append(self.interrupted(lambda: kit.chat("Hi"), after))
                late.append(self.interrupted(lambda: list(kit.stream("Hi")), after))
        print(f"Ctrl-C was noticed after {', '.join(f'{1000 * seconds:.0f}' for seconds in late)} ms")
        self.assertLess(max(late), 0.2)

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

    def test_ctrl_c_is_not_lost_while_a_loop_hands_over_events(self):
        async def read(kit):
            async with kit.stream_async("Count") as stream:
                async for _ in stream:
                    pass
        with aikit.Kit(slow(1000000, 0)) as kit:
            for _ in range(10):
                loop = asyncio.new_event_loop()  # run by hand: its Ctrl-C is the interpreter's own
                task = loop.create_task(read(kit))
                with muted():
                    self.assertLess(self.interrupted(lambda: loop.run_until_complete(task), 0.1), 0.2)
                    task.cancel()
                    loop.run_until_complete(asyncio.gather(task, return_exceptions=True))
                loop.close()

    def test_a_stream_inherited_by_a_forked_child_ends_with_an_error(self):
        async def run():
            with aikit.Kit(slow(20, 0.01)) as kit:
                async with kit.stream_async("Hi") as stream:
                    await stream.__anext__()

                    async def in_child():
                        try:
                            async for _ in stream:
                                pass
                        except aikit.InvalidState:
                            return True

                    def check():
                        return asyncio.run(in_child())
                    self.assertEqual(self.in_child(check), 0)
                    return len([words async for words in stream.text()])
        self.assertGreaterEqual(asyncio.run(run()), 18)

    def test_pools_of_forked_workers_never_hang(self):
        slowest, context = 0.0, multiprocessing.get_context("fork")
        with aikit.Kit(slow(100000, 0.001)) as kit:
            global pooled
            pooled = kit
            with kit.stream("Hi") as stream:
                for _ in range(POOLS):
                    next(stream)
                    began = time.monotonic()
                    with context.Pool(4, initializer=cheaper) as pool:
                        said = pool.map_async(asked, range(8)).get(20)
                    slowest = max(slowest, time.monotonic() - began)
                    self.assertEqual(said, ["mine"] * 8)
                next(stream)
        print(f"{POOLS} pools of 4 workers, the slowest in {slowest:.2f} s")
        self.assertLess(slowest, 5)

    def test_the_interpreter_ends_with_live_streams(self):
        slowest = 0.0
        for name, made in ENDS.items():
            for _ in range(EXITS):
                with self.subTest(name):
                    here = os.path.dirname(os.path.abspath(__file__))
                    path = os.pathsep.join([here, os.environ.get("PYTHONPATH", "")])
                    began = time.monotonic()
                    done = subprocess.run([sys.executable, "-B", "-c", LIVE % made], capture_output=True, text=True,
                                          timeout=20, env={**os.environ, "PYTHONPATH": path}, check=False)
                    slowest = max(slowest, time.monotonic() - began)
                    self.assertEqual((done.returncode, done.stdout), (0, "said\n"), done.stderr)
                    if "thread" in name:  # whose call may fail before it ends, and then says so
                        self.assertNotRegex(done.stderr, "(?i)ignored|fatal")
                    else:
                        self.assertEqual(done.stderr, "")
        print(f"{EXITS * len(ENDS)} exits, the slowest in {slowest:.2f} s")
        self.assertLess(slowest, 5)


if __name__ == "__main__":
    unittest.main()
