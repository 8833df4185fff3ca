# SPDX-License-Identifier: MIT
"""A consumer that stops reading, in front of a server that never stops writing."""

import asyncio
import os
import socket
import threading
import time
import unittest

import aikit

SECONDS = float(os.environ.get("AIKIT_FLOW_SECONDS", 2))
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n"
EVENT = (b'data: {"id":"c","object":"chat.completion.chunk","created":1,"model":"gpt-4o-mini",'
         b'"choices":[{"index":0,"delta":{"content":"another word "},"finish_reason":null}]}\n\n')
WINDOW = 64


class Server:
    """Writes events to whoever asks, as fast as they are taken."""

    def __init__(self):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.sent, self.stop = 0, False
        self.thread = threading.Thread(target=self.serve)
        self.thread.start()

    def serve(self):
        chunk = b"%x\r\n%s\r\n" % (len(EVENT), EVENT) * 100
        while not self.stop:
            client, _ = self.listener.accept()
            with client:
                if self.stop:
                    return
                client.settimeout(0.1)
                client.recv(4096)
                left = memoryview(HEAD + chunk)
                while not self.stop:
                    try:
                        wrote = client.send(left)
                    except socket.timeout:
                        continue
                    except OSError:
                        break
                    self.sent += wrote
                    left = left[wrote:] or memoryview(chunk)

    def config(self):
        port = self.listener.getsockname()[1]
        return {"providers": [{"name": "openai", "base_url": f"http://127.0.0.1:{port}/v1", "model": "gpt-4o-mini"}],
                "unknown_price": "allow"}

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop = True
        with socket.create_connection(self.listener.getsockname()):
            self.thread.join()
        self.listener.close()


def resident_kib():
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE") // 1024


class Flow(unittest.TestCase):
    def check(self, what, sent, later, grown):
        print(f"{what}: {sent // 1024} KiB were sent before and {later // 1024} KiB in the {SECONDS:g} s after; memory "
              f"grew by {grown} KiB")
        self.assertEqual(later, 0)       # the socket is not read
        self.assertLess(sent, 32 << 20)  # what the system's buffers hold
        self.assertLess(grown, 1024)

    def test_a_reader_that_stops_holds_no_more_than_the_window_and_the_socket_is_not_read(self):
        with Server() as server, aikit.Kit(server.config()) as kit, kit.stream("Hi") as stream:
            for _ in range(10):
                next(stream)
            time.sleep(0.5)
            sent, resident = server.sent, resident_kib()
            time.sleep(SECONDS)
            self.check("blocking", sent, server.sent - sent, resident_kib() - resident)
            for _ in range(50000):
                next(stream)
            self.assertGreater(server.sent, sent)

    def test_a_task_that_stops_reading_holds_no_more_than_the_window_and_the_socket_is_not_read(self):
        async def run(server, kit):
            async with kit.stream_async("Hi") as stream:
                for _ in range(10):
                    await stream.__anext__()
                await asyncio.sleep(0.5)
                sent, resident = server.sent, resident_kib()
                await asyncio.sleep(SECONDS)
                self.check("asyncio", sent, server.sent - sent, resident_kib() - resident)
                self.assertLessEqual(len(stream._pending.events), WINDOW)
                for _ in range(50000):
                    await stream.__anext__()
                self.assertGreater(server.sent, sent)
        with Server() as server, aikit.Kit(server.config()) as kit:
            asyncio.run(run(server, kit))


if __name__ == "__main__":
    unittest.main()
