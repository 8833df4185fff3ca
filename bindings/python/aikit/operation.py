# SPDX-License-Identifier: MIT
"""Operations in flight: waited for, awaited, and iterated."""

import asyncio
import collections
import itertools
import json
from typing import Any, AsyncIterator, Dict, Iterator, Optional

from . import _ffi
from .errors import Error, check, made

SLICE_MS = 50  # how late Ctrl-C may be noticed

_live: Dict[int, "Pending"] = {}  # what callbacks name; keeps their receivers alive
_names = itertools.count(1)


class Reply(Dict[str, Any]):
    """A reply as a dict; `vectors` holds raw vectors where they were asked for."""

    vectors: Optional[memoryview] = None

    @property
    def text(self) -> str:
        """What a chat or an answer says."""
        if "choices" in self:
            return self["choices"][0]["message"].get("content") or ""
        return self.get("answer", "")


def _reply(raw: bytes, vectors: Optional[memoryview] = None) -> Reply:
    reply = Reply(json.loads(raw) if raw else {})
    reply.vectors = vectors
    return reply


def _text(event: Dict[str, Any]) -> str:
    if "choices" in event:
        return (event["choices"][0]["delta"].get("content") if event["choices"] else "") or ""
    return event.get("text", "")


def _vectors(op: Any) -> Optional[memoryview]:
    out = _ffi.Floats()
    if _ffi.op_vectors(op, _ffi.byref(out), None):
        return None
    count, dimensions = out.count, out.dimensions
    raw = _ffi.string_at(out.data, 4 * count * dimensions) if out.data else b""
    _ffi.floats_free(_ffi.byref(out))
    view = memoryview(raw)
    return view.cast("f", [count, dimensions]) if raw else view.cast("f")


def _result(op: Any) -> Reply:
    out, error = _ffi.Bytes(), _ffi.Handle()
    status = _ffi.op_result(op, _ffi.byref(out), _ffi.byref(error))
    raw = _ffi.taken(out)
    check(status, error, raw)
    return _reply(raw, _vectors(op))


def begin(start: Any, *listening: Any) -> Any:
    op, error = _ffi.Handle(), _ffi.Handle()
    check(start(*listening, _ffi.byref(op), _ffi.byref(error)), error)
    return op


def wait(start: Any) -> Reply:
    """Runs an operation on the calling thread, in slices, so that Ctrl-C is seen."""
    op = begin(start, _ffi.NO_EVENT, _ffi.NO_DONE, None)
    try:
        ended = _ffi.number()
        while not ended.value:
            error = _ffi.Handle()
            check(_ffi.op_wait(op, SLICE_MS, _ffi.byref(ended), _ffi.byref(error)), error)
        return _result(op)
    finally:
        _ffi.op_free(op)  # cancels what has not ended


class Stream:
    """Events as they come. Leaving its `with`, closing it or dropping it cancels what has not ended.

    >>> import aikit
    >>> with aikit.Kit({}) as kit, kit.stream("Hello") as stream:
    ...     said = "".join(stream.text())
    >>> said == stream.result.text
    True
    """

    result: Optional[Reply] = None

    def __init__(self, start: Any, keep: Any):
        self._op, self._keep = None, keep
        self._op = begin(start, _ffi.NO_EVENT, _ffi.NO_DONE, None)

    def __iter__(self) -> Iterator[Dict[str, Any]]:
        return self

    def __next__(self) -> Dict[str, Any]:
        if self._op is None:
            raise StopIteration
        try:
            while True:
                event, ended, error = _ffi.Bytes(), _ffi.number(), _ffi.Handle()
                check(_ffi.op_next(self._op, SLICE_MS, _ffi.byref(event), _ffi.byref(ended), _ffi.byref(error)), error)
                raw = _ffi.taken(event)
                if raw:
                    return json.loads(raw)
                if ended.value:
                    self.result = _result(self._op)
                    break
        except BaseException:
            self.close()
            raise
        self.close()
        raise StopIteration

    def text(self) -> Iterator[str]:
        """The words alone."""
        return (words for words in map(_text, self) if words)

    def close(self) -> None:
        """Cancels it, unless it has ended."""
        op, self._op = self._op, None
        if op is not None:
            _ffi.op_free(op)

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()


class Pending:
    """What the callbacks of one operation tell; they run on the loop's thread, in dispatch."""

    def __init__(self, loop: asyncio.AbstractEventLoop, start: Any, ended: Any):
        self.loop, self.ended, self.waiter, self.op = loop, ended, None, None
        self.events: Any = collections.deque()
        self.reply: Optional[Reply] = None
        self.error: Optional[Error] = None
        self.name = next(_names)
        _live[self.name] = self
        try:
            self.op = begin(start, _on_event, _on_done, self.name)
        except BaseException:
            del _live[self.name]
            raise

    def done(self, status: int, raw: bytes, error: Any) -> None:
        if status:
            self.error = made(status, error, raw)
        else:
            self.reply = _reply(raw, _vectors(self.op))
        self.ended(self)
        self.wake()

    def wake(self) -> None:
        if self.loop.is_closed():
            return
        if asyncio._get_running_loop() is self.loop:
            self._wake()
        else:
            self.loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)

    async def change(self) -> None:
        self.waiter = self.loop.create_future()
        try:
            await self.waiter
        finally:
            self.waiter = None

    def over(self) -> bool:
        return self.reply is not None or self.error is not None

    def drop(self) -> None:
        op, self.op = self.op, None
        if op is not None:
            _ffi.op_cancel(op)
            _ffi.op_free(op)


@_ffi.Event
def _on_event(name: int, data: int, size: int) -> None:
    pending = _live.get(name)
    if pending is not None:
        pending.events.append(_ffi.string_at(data, size))
        pending.wake()


@_ffi.Done
def _on_done(name: int, status: int, data: int, size: int, error: int) -> None:
    pending = _live.pop(name, None)
    if pending is not None:
        pending.done(status, _ffi.string_at(data, size) if data else b"", error)


async def later(pending: Pending) -> Reply:
    """The end of an operation; cancelling the task cancels it."""
    try:
        while not pending.over():
            await pending.change()
    finally:
        pending.drop()
    if pending.error is not None:
        raise pending.error
    assert pending.reply is not None
    return pending.reply


class AsyncStream:
    """Events as they come, on the loop. Leaving its `async with`, closing it, dropping it, and cancelling the task that
    waits for an event cancel what has not ended."""

    def __init__(self, pending: Pending, keep: Any):
        self._pending, self._keep, self._closed = pending, keep, False

    @property
    def result(self) -> Optional[Reply]:
        """The whole reply, after the last event."""
        return self._pending.reply

    def __aiter__(self) -> AsyncIterator[Dict[str, Any]]:
        return self

    async def __anext__(self) -> Dict[str, Any]:
        pending = self._pending
        while not self._closed:
            if pending.events:
                event = json.loads(pending.events.popleft())
                _ffi.op_more(pending.op, 1)
                return event
            if pending.over():
                self.close()
                if pending.error is not None:
                    raise pending.error
                break
            try:
                await pending.change()
            except BaseException:
                self.close()
                raise
        raise StopAsyncIteration

    async def text(self) -> AsyncIterator[str]:
        """The words alone."""
        async for event in self:
            words = _text(event)
            if words:
                yield words

    def close(self) -> None:
        """Cancels it, unless it has ended."""
        self._closed = True
        self._pending.drop()
        self._pending.wake()

    async def aclose(self) -> None:
        """Cancels it, and waits for its end."""
        self.close()
        while not self._pending.over():
            await self._pending.change()

    async def __aenter__(self) -> "AsyncStream":
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.aclose()

    def __del__(self) -> None:
        self._pending.drop()
