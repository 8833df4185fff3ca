# SPDX-License-Identifier: MIT
"""CPU that the Python package adds to a blocking chat, over the same call in C++; and what awaited chats and streams
cost. Prints JSON lines. Rounds of both alternate; the medians are what counts.

    AIKIT_LIBRARY=build/release/capi/libaikit_c.so.1 PYTHONPATH=bindings/python \\
        python3 tests/bench/bench_python.py [BENCH_CAPI] [ROUNDS] [CALLS]
"""

import asyncio
import json
import statistics
import subprocess
import sys
import time

import aikit

QUESTION = "What did the quick brown fox do after it had jumped?"
ANSWER = {"text": "It ran away, and was never seen again.", "usage": {"input": 20, "output": 9}}
WORDS = {"pieces": [f"{i} " for i in range(100)], "usage": {"input": 20, "output": 100}}


def config(reply, **runtime):
    script = {"repeat": True, "replies": [reply]}
    return {"providers": [{"name": "scripted", "model": "m", "script": script}], "runtime": runtime}


def cpu_us(work, per):
    before = time.process_time()
    work()
    return (time.process_time() - before) * 1e6 / per


def blocking(kit, calls):
    for _ in range(calls):
        assert kit.chat(QUESTION).text


async def awaited(kit, calls):
    for _ in range(calls):
        assert (await kit.chat_async(QUESTION)).text


def streamed(kit, calls):
    for _ in range(calls):
        with kit.stream(QUESTION) as stream:
            assert sum(1 for _ in stream.text()) == 100


async def streamed_async(kit, calls):
    for _ in range(calls):
        async with kit.stream_async(QUESTION) as stream:
            assert sum([1 async for _ in stream.text()]) == 100


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else "build/release/bin/bench_capi"
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 7
    calls = int(sys.argv[3]) if len(sys.argv) > 3 else 2000
    cpp, python = [], []
    with aikit.Kit(config(ANSWER, io=0, cpu=0, storage=0, resolver=0)) as kit:
        blocking(kit, calls)
        for _ in range(rounds):
            said = subprocess.run([program, "3", str(calls)], capture_output=True, check=True)
            cpp.append(json.loads(said.stdout)["cpp_cpu_us_per_call"])
            python.append(cpu_us(lambda: blocking(kit, calls), calls))
    print(json.dumps({"bench": "python", "calls": rounds * calls, "cpp_cpu_us_per_call": statistics.median(cpp),
                      "python_cpu_us_per_call": statistics.median(python),
                      "added_us_per_call": statistics.median(p - c for p, c in zip(python, cpp))}))
    with aikit.Kit(config(ANSWER)) as kit:
        print(json.dumps({"bench": "python with threads",
                          "blocking_cpu_us_per_call": cpu_us(lambda: blocking(kit, calls), calls),
                          "asyncio_cpu_us_per_call": cpu_us(lambda: asyncio.run(awaited(kit, calls)), calls)}))
    with aikit.Kit(config(WORDS)) as kit:
        streams = max(1, calls // 20)
        events = streams * 100
        print(json.dumps({"bench": "python streams of 100 events",
                          "blocking_cpu_us_per_event": cpu_us(lambda: streamed(kit, streams), events),
                          "asyncio_cpu_us_per_event": cpu_us(lambda: asyncio.run(streamed_async(kit, streams)), events)}))


if __name__ == "__main__":
    main()
