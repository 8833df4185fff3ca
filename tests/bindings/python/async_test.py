# SPDX-License-Identifier: MIT
"""Many streams on one loop; what is held of a stream nobody reads; a kit that goes from loop to loop."""

import asyncio
import collections
import threading
import unittest

import aikit
from aikit import operation
from scripted import config, slow


class Async(unittest.TestCase):
    def test_of_200_streams_half_of_them_cancelled_each_ends_exactly_once(self):
        ends, threads = collections.Counter(), set()
        done = operation.Pending.done

        def counted(pending, *how):
            ends[pending.name] += 1
            threads.add(threading.get_ident())
            done(pending, *how)

        async def read(kit):
            async with kit.stream_async("Count") as stream:
                return "".join([words async for words in stream.text()])

        async def run():
            with aikit.Kit(slow(20, 0.02)) as kit:
                tasks = [asyncio.ensure_future(read(kit)) for _ in range(200)]
                await asyncio.sleep(0.1)
                for task in tasks[::2]:
                    task.cancel()
                return await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 60)

        operation.Pending.done = counted
        try:
            results = asyncio.run(run())
        finally:
            operation.Pending.done = done
        self.assertTrue(all(isinstance(result, asyncio.CancelledError) for result in results[::2]))
        self.assertEqual(set(results[1::2]), {"".join(f"{i} " for i in range(20))})
        self.assertEqual((len(ends), set(ends.values())), (200, {1}))
        self.assertEqual(threads, {threading.get_ident()})
        self.assertEqual(operation._live, {})

    def test_no_more_than_the_window_is_held_for_a_reader_who_waits(self):
        async def run():
            with aikit.Kit(slow(500, 0)) as kit:
                async with kit.stream_async("Count") as stream:
                    await stream.__anext__()
                    await asyncio.sleep(0.3)
                    held = len(stream._pending.events)
                    rest = [words async for words in stream.text()]
                return held, len(rest)
        held, rest = asyncio.run(run())
        self.assertTrue(0 < held <= 64, held)
        self.assertGreater(rest, 490)

    def test_a_kit_serves_one_loop_after_the_other(self):
        with aikit.Kit(config({"text": "Hi"})) as kit:
            for _ in range(3):
                self.assertEqual(asyncio.run(kit.chat_async("Hi")).text, "Hi")
            self.assertEqual(kit.chat("Hi").text, "Hi")

    def test_two_loops_at_once_are_refused(self):
        with aikit.Kit(slow()) as kit:
            async def other():
                with self.assertRaises(aikit.InvalidState):
                    kit.stream_async("Hi")

            async def run():
                async with kit.stream_async("Hi"):
                    thread = threading.Thread(target=lambda: asyncio.run(other()))
                    thread.start()
                    while thread.is_alive():
                        await asyncio.sleep(0.01)
            asyncio.run(run())

    def test_closing_a_kit_ends_what_is_awaited(self):
        async def run():
            kit = aikit.Kit(slow())
            task = asyncio.ensure_future(kit.chat_async("Hi"))
            await asyncio.sleep(0.05)
            kit.close()
            with self.assertRaises(aikit.Error):
                await asyncio.wait_for(task, 10)
        asyncio.run(run())


if __name__ == "__main__":
    unittest.main()
