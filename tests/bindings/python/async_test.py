# SPDX-License-Identifier: MIT
"""Many streams on one loop; what is held of a stream nobody reads; a kit that goes from loop to loop."""

import asyncio
import collections
import gc
import os
import threading
import unittest
import weakref

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

    def test_streams_that_end_or_are_cancelled_leave_no_handle_file_or_thread_behind(self):
        def place(op):  # of a handle in the library's table
            return op.value >> 1 & 0xFFFFF

        async def read(kit, places):
            async with kit.stream_async("Count") as stream:
                places.append(place(stream._pending.op))
                return [words async for words in stream.text()]

        async def rounds():
            seen = []
            with aikit.Kit(slow(5, 0.01)) as kit:
                for _ in range(4):
                    places = []
                    tasks = [asyncio.ensure_future(read(kit, places)) for _ in range(200)]
                    await asyncio.sleep(0.02)
                    for task in tasks[::2]:
                        task.cancel()
                    await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 60)
                    seen.append((max(places), len(os.listdir("/proc/self/fd")), len(os.listdir("/proc/self/task"))))
            return seen
        seen = asyncio.run(rounds())
        self.assertEqual(seen, seen[:1] * 4)
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

    def test_two_tasks_in_one_stream_are_told_and_the_first_goes_on(self):
        async def run():
            with aikit.Kit(slow(20, 0.01)) as kit:
                async with kit.stream_async("Count") as stream:
                    first = asyncio.ensure_future(stream.__anext__())
                    await asyncio.sleep(0)
                    with self.assertRaises(aikit.InvalidState):
                        await stream.__anext__()
                    said = [operation._text(await first)]
                    return said + [words async for words in stream.text()]
        self.assertEqual("".join(asyncio.run(run())), "".join(f"{i} " for i in range(20)))

    def test_a_stream_closed_by_another_task_just_ends_and_all_who_wait_are_woken(self):
        async def run():
            with aikit.Kit(config({"text": "late", "delay": 60})) as kit:
                stream = kit.stream_async("Hi")

                async def read():
                    return [event async for event in stream]
                reading = asyncio.ensure_future(read())
                await asyncio.sleep(0.05)
                await asyncio.wait_for(asyncio.gather(stream.aclose(), stream.aclose(), stream.aclose()), 5)
                return await asyncio.wait_for(reading, 5)
        self.assertEqual(asyncio.run(run()), [])

    def test_a_time_limit_on_an_event_cancels_the_stream(self):
        async def run():
            with aikit.Kit(config({"text": "late", "delay": 60})) as kit:
                async with kit.stream_async("Hi") as stream:
                    with self.assertRaises(asyncio.TimeoutError):
                        await asyncio.wait_for(stream.__anext__(), 0.05)
                    self.assertEqual([event async for event in stream], [])
                self.assertIsInstance(stream._pending.error, aikit.Cancelled)
        asyncio.run(run())

    def test_a_loop_that_is_closed_early_leaves_the_kit_usable_and_collectable(self):
        kit = aikit.Kit(slow(50, 0.01))
        loop = asyncio.new_event_loop()

        async def begin():
            stream = kit.stream_async("Count")
            await stream.__anext__()
            return stream
        stream = loop.run_until_complete(begin())
        loop.close()
        self.assertEqual(kit.chat("Hi").text[:4], "0 1 ")
        self.assertEqual(asyncio.run(kit.chat_async("Hi")).text[:4], "0 1 ")
        gone = weakref.ref(kit)
        del stream, kit
        gc.collect()
        self.assertIsNone(gone())
        self.assertEqual(operation._live, {})

    def test_a_stream_that_is_dropped_is_cancelled(self):
        async def run():
            with aikit.Kit(slow()) as kit:
                async for words in kit.stream_async("Hi").text():
                    self.assertEqual(words, "0 ")
                    break
                for _ in range(100):
                    gc.collect()
                    await asyncio.sleep(0.01)
                    if not operation._live:
                        return
                self.fail("it goes on")
        asyncio.run(run())

    def test_a_kit_without_a_thread_blocks_and_cannot_be_awaited(self):
        async def run(kit):
            with self.assertRaises(aikit.InvalidState):
                kit.stream_async("Hi")
            with self.assertRaises(aikit.InvalidState):
                await kit.chat_async("Hi")
        with aikit.Kit(config({"text": "Hi"}, runtime={"io": 0})) as kit:
            self.assertEqual(kit.chat("Hi").text, "Hi")
            asyncio.run(run(kit))
            self.assertEqual(kit.chat("Hi").text, "Hi")

    def test_a_call_that_cannot_start_leaves_the_loop_to_others(self):
        with aikit.Kit(config({"text": "Hi"})) as kit:
            async def wrong():
                with self.assertRaises(aikit.InvalidArgument):
                    await kit.chat_async({"messages": "Hi"})
                self.assertIsNone(kit._loop)
            asyncio.run(wrong())
            self.assertEqual(asyncio.run(kit.chat_async("Hi")).text, "Hi")

    def test_a_kit_is_closed_beside_the_loop(self):
        async def run():
            async with aikit.Kit(slow()) as kit:
                task = asyncio.ensure_future(kit.chat_async("Hi"))
                await asyncio.sleep(0.05)
            with self.assertRaises((aikit.Cancelled, aikit.InvalidState)):
                await asyncio.wait_for(task, 10)
            await kit.aclose()
        asyncio.run(run())


if __name__ == "__main__":
    unittest.main()
