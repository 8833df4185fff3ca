# SPDX-License-Identifier: MIT
"""Operations in flight: waited for, awaited, and iterated."""

import asyncio
import collections
import itertools
import json
from typing import Any, AsyncIterator, Callable, Deque, Dict, Iterator, List, Optional, cast

from . import _ffi
from .errors import Error, InvalidState, check, made
from .schema import value_of

SLICE_MS = 50  # how late Ctrl-C may be noticed

_live: Dict[int, "Pending"] = {}  # what callbacks name; keeps their receivers alive
_names = itertools.count(1)


class Reply(Dict[str, Any]):
    """A reply as a dict; `vectors` holds raw vectors where they were asked for, float32 of rows by dimensions."""

    vectors: Optional[memoryview] = None
    kind: Any = Any  # what a chat was asked for with `schema`

    @property
    def value(self) -> Any:
        """What a chat says in JSON, as the type (or schema) that was asked for; json.JSONDecodeError if it is none."""
        return value_of(self.kind, json.loads(self.text))

    @property
    def text(self) -> str:
        """What a chat or an answer says."""
        if "reply" in self and "end" in self:  # of a run of tools
            return Reply(self["reply"] or {}).text
        if "choices" in self:
            return self["choices"][0]["message"].get("content") or ""
        return cast(str, self.get("answer", ""))


def _reply(raw: bytes) -> Reply:
    return Reply(json.loads(raw)) if raw else Reply()


def _text(event: Dict[str, Any]) -> str:
    if "choices" in event:
        return (event["choices"][0]["delta"].get("content") if event["choices"] else "") or ""
    return cast(str, event.get("text", ""))


def _partial(event: Dict[str, Any]) -> Any:
    return event.get("aikit", {}).get("partial")


def _vectors(op: Any) -> Any:
    out = _ffi.Floats()
    if _ffi.op_vectors(op, _ffi.byref(out), None):
        return None
    count, dimensions = out.count, out.dimensions
    raw = _ffi.string_at(out.data, 4 * count * dimensions) if out.data else b""
    _ffi.floats_free(_ffi.byref(out))
    view = memoryview(raw)
    return view.cast("f", [count, dimensions]) if raw else view.cast("f")


def _result(op: Any, vectors: bool) -> Reply:
    out, error = _ffi.Bytes(), _ffi.Handle()
    status = _ffi.op_result(op, _ffi.byref(out), _ffi.byref(error))
    raw = _ffi.taken(out)
    check(status, error, raw)
    reply = _reply(raw)
    if vectors:
        reply.vectors = _vectors(op)
    return reply


def begin(op: Any, start: Any, *listening: Any) -> None:
    """Starts an operation. Its handle is in `op` before any signal of Python's can come between."""
    error = _ffi.Handle()
    check(start(*listening, _ffi.byref(op), _ffi.byref(error)), error)


def wait(start: Any, vectors: bool = False) -> Reply:
    """Runs an operation on the calling thread, in slices, so that Ctrl-C is seen."""
    op, ended, error = _ffi.Handle(), _ffi.number(), _ffi.Handle()
    try:
        begin(op, start, _ffi.NO_EVENT, _ffi.NO_DONE, None)
        while not ended.value:
            check(_ffi.op_wait(op, SLICE_MS, _ffi.byref(ended), _ffi.byref(error)), error)
        return _result(op, vectors)
    finally:
        _ffi.op_free(op)  # cancels what has not ended


class Stream:
    """Events as they come. Leaving its `with`, closing it or dropping it cancels what has not ended.

    One thread at a time takes events; any may close it.

    >>> import aikit
    >>> with aikit.Kit({}) as kit, kit.stream("Hello") as stream:
    ...     said = "".join(stream.text())
    >>> said == stream.result.text
    True
    """

    result: Optional[Reply] = None

    def __init__(self, start: Any, keep: Any):
        self._op, self._keep, self._closed = _ffi.Handle(), keep, False
        begin(self._op, start, _ffi.NO_EVENT, _ffi.NO_DONE, None)

    def __iter__(self) -> Iterator[Dict[str, Any]]:
        return self

    def __next__(self) -> Dict[str, Any]:
        event, ended, error = _ffi.Bytes(), _ffi.number(), _ffi.Handle()
        try:
            while not self._closed:
                status = _ffi.op_next(self._op, SLICE_MS, _ffi.byref(event), _ffi.byref(ended), _ffi.byref(error))
                raw = _ffi.taken(event)
                if raw:
                    return cast(Dict[str, Any], json.loads(raw))
                if self._closed:
                    _ffi.error_free(error)
                    break
                check(status, error)
                if ended.value:
                    self.result = _result(self._op, False)
                    self.close()
        except InvalidState:
            if ended.value:
                self.close()
            raise  # else another thread is taking the next event, and goes on
        except BaseException:
            self.close()
            raise
        raise StopIteration

    def text(self) -> Iterator[str]:
        """The words alone."""
        return (words for words in map(_text, self) if words)

    def partial(self) -> Iterator[Any]:
        """The JSON document of a chat with `schema`, as far as it is there, each time more of it is."""
        return (document for document in map(_partial, self) if document is not None)

    def close(self) -> None:
        """Cancels it, unless it has ended. Twice does no harm."""
        self._closed = True
        _ffi.op_free(self._op)

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()


class Tally:
    """How many callbacks of a kit's operations have done their work."""

    count = 0


class Pending:
    """What the callbacks of one operation tell; they run on the loop's thread, in dispatch."""

    def __init__(self, loop: asyncio.AbstractEventLoop, start: Any, vectors: bool, tally: Tally,
                 ended: Callable[[], Optional[Callable[["Pending"], None]]]):
        self.loop, self.vectors, self.tally, self.ended, self.op = loop, vectors, tally, ended, _ffi.Handle()
        self.events: Deque[bytes] = collections.deque()
        self.waiters: List["asyncio.Future[None]"] = []
        self.reply: Optional[Reply] = None
        self.error: Optional[Error] = None
        self.name = next(_names)
        _live[self.name] = self
        try:
            begin(self.op, start, on_event, on_done, self.name)
        except BaseException:
            del _live[self.name]
            raise

    def done(self, status: int, raw: bytes, error: Any) -> None:
        if self.over():
            return
        if status:
            self.fail(made(status, error, raw))
            return
        reply = _reply(raw)
        if self.vectors:
            reply.vectors = _vectors(self.op)
        self.reply = reply
        self.end()

    def fail(self, error: Error) -> None:
        """It ends with this error, unless it has ended."""
        if not self.over():
            self.error = error
            self.end()

    def end(self) -> None:
        ended = self.ended()
        if ended is not None:
            ended(self)
        self.wake()

    def wake(self) -> None:
        if asyncio._get_running_loop() is self.loop:
            return self._wake()
        try:
            self.loop.call_soon_threadsafe(self._wake)
        except RuntimeError:
            pass  # the loop is closed: nobody waits any more

    def _wake(self) -> None:
        for waiter in self.waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def change(self) -> None:
        """Returns after the next thing that happens."""
        waiter = self.loop.create_future()
        self.waiters.append(waiter)
        try:
            await waiter
        finally:
            self.waiters.remove(waiter)

    def over(self) -> bool:
        return self.reply is not None or self.error is not None

    def drop(self) -> None:
        _ffi.op_cancel(self.op)
        _ffi.op_free(self.op)


def _on_event(name: int, data: int, size: int) -> None:
    pending = _live.get(name)
    if pending is not None:
        pending.events.append(_ffi.string_at(data, size))
        pending.wake()
        pending.tally.count += 1


def _on_done(name: int, status: int, data: int, size: int, error: int) -> None:
    pending = _live.pop(name, None)
    if pending is not None:
        pending.done(status, _ffi.string_at(data, size) if data else b"", error)
        pending.tally.count += 1


on_event, on_done = _ffi.Event(_on_event), _ffi.Done(_on_done)


def forget() -> None:
    """What was in flight is the parent's: in a forked child nobody will call back."""
    for pending in list(_live.values()):
        pending.error = InvalidState("The operation belongs to the process that this one was forked from.")
    _live.clear()


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
    waits for an event cancel what has not ended.

    One task at a time takes events; any may close it.

    >>> import aikit, asyncio
    >>> async def main():
    ...     async with aikit.Kit({}) as kit, kit.stream_async("Hello") as stream:
    ...         return "".join([words async for words in stream.text()]) == stream.result.text
    >>> asyncio.run(main())
    True
    """

    def __init__(self, pending: Pending, keep: Any):
        self._pending, self._keep, self._closed, self._taking = pending, keep, False, False

    @property
    def result(self) -> Optional[Reply]:
        """The whole reply, after the last event."""
        return self._pending.reply

    def __aiter__(self) -> AsyncIterator[Dict[str, Any]]:
        return self

    async def __anext__(self) -> Dict[str, Any]:
        if self._taking:
            raise InvalidState("Another task is taking this stream's next event.")
        pending = self._pending
        self._taking = True
        try:
            while not self._closed:
                if pending.events:
                    event = json.loads(pending.events.popleft())
                    _ffi.op_more(pending.op, 1)
                    return cast(Dict[str, Any], event)
                if pending.over():
                    self.close()
                    if pending.error is not None:
                        raise pending.error
                    break
                await pending.change()
        except BaseException:
            self.close()
            raise
        finally:
            self._taking = False
        raise StopAsyncIteration

    async def text(self) -> AsyncIterator[str]:
        """The words alone."""
        async for event in self:
            words = _text(event)
            if words:
                yield words

    async def partial(self) -> AsyncIterator[Any]:
        """The JSON document of a chat with `schema`, as far as it is there, each time more of it is."""
        async for event in self:
            document = _partial(event)
            if document is not None:
                yield document

    def close(self) -> None:
        """Cancels it, unless it has ended. Twice does no harm."""
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
