# SPDX-License-Identifier: MIT
"""A kit: providers, prices, ledger and store behind one object."""

import array
import asyncio
import json
import os
import threading
import weakref
from typing import Any, Callable, Dict, Mapping, Optional, Sequence, Tuple, Union

from . import _ffi
from .errors import InvalidArgument, InvalidState, check
from .operation import AsyncStream, Pending, Reply, Stream, _live, later, wait

Json = Mapping[str, Any]
Prompt = Union[str, Sequence[Json], Json]
RAW_VECTORS = 1
WINDOW = 64

_kits: "weakref.WeakSet[Kit]" = weakref.WeakSet()


def _json(value: Any) -> Tuple[bytes, int]:
    try:
        raw = json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError) as error:
        raise InvalidArgument(f"What was given cannot be written as JSON: {error}") from error
    return raw, len(raw)


def _utf8(text: str) -> Tuple[bytes, int]:
    raw = text.encode()
    return raw, len(raw)


def _chat_request(prompt: Prompt, more: Json) -> Dict[str, Any]:
    if isinstance(prompt, str):
        return {"messages": [{"role": "user", "content": prompt}], **more}
    if isinstance(prompt, Mapping):
        return {**prompt, **more}
    return {"messages": list(prompt), **more}


def _named(name: str, value: Any, more: Json) -> Dict[str, Any]:
    return {**value, **more} if isinstance(value, Mapping) else {name: value, **more}


def _rows(vectors: Any) -> Tuple[Any, int, int]:
    """A C array, rows and numbers per row: of a buffer (array, memoryview, numpy), or of sequences of numbers."""
    if vectors is None:
        return None, 0, 0
    try:
        view = memoryview(vectors)
    except TypeError:
        pass
    else:
        if view.ndim not in (1, 2) or view.format not in ("f", "d"):
            raise InvalidArgument("Vectors are one or two dimensional arrays of float32 or float64.")
        count, width = view.shape if view.ndim == 2 else (1, view.shape[0])
        if view.format == "f":
            return _ffi.floats_of(view.tobytes()), count, width
        vectors = view.tolist()
    try:
        rows = [list(row) for row in vectors] if len(vectors) and hasattr(vectors[0], "__len__") else [list(vectors)]
        if any(len(row) != len(rows[0]) for row in rows):
            raise InvalidArgument("All rows of vectors need the same number of dimensions.")
        flat = array.array("f", [number for row in rows for number in row])
    except TypeError as error:
        raise InvalidArgument(f"Vectors are rows of numbers: {error}") from error
    return _ffi.floats_of(flat.tobytes()), len(rows), len(rows[0])


def version() -> str:
    """The version of the loaded library.

    >>> len(version().split("."))
    3
    """
    return _ffi.version().decode()


def config_from_env(path: str = "") -> Dict[str, Any]:
    """What the environment says, as a configuration."""
    out, error = _ffi.Bytes(), _ffi.Handle()
    check(_ffi.config_from_env(*_utf8(path), _ffi.byref(out), _ffi.byref(error)), error)
    return json.loads(_ffi.taken(out))


def _end(pid: int, kit: Any, runtime: Any) -> None:
    if pid == os.getpid():
        _ffi.kit_free(kit)
        _ffi.runtime_free(runtime)


class Kit:
    """A kit of a configuration, else of the environment. Every call has a twin that is awaited, ending in `_async`.

    Requests and replies are dicts in OpenAI's form. In a forked child it is opened afresh when it is first used there.
    One event loop at a time may await its calls.

    >>> import aikit
    >>> script = {"repeat": True, "replies": [{"text": "Hello world", "usage": {"input": 9, "output": 2}}]}
    >>> with aikit.Kit({"providers": [{"name": "scripted", "model": "m-1", "script": script}]}) as kit:
    ...     kit.chat("Hi").text
    'Hello world'
    """

    def __init__(self, config: Optional[Json] = None):
        self._config = dict(config) if config is not None else config_from_env()
        self._lock = threading.Lock()
        self._closed = False
        self._kit: Any = None
        self._open()
        _kits.add(self)

    def _open(self) -> None:
        self._loop: Optional[asyncio.AbstractEventLoop] = None
        self._busy: set = set()
        config = {name: value for name, value in self._config.items() if name != "runtime"}
        runtime, kit, error, fd = _ffi.Handle(), _ffi.Handle(), _ffi.Handle(), _ffi.number()
        threads = {**self._config.get("runtime", {}), "callbacks": "dispatch"}
        check(_ffi.runtime_create(*_json(threads), _ffi.byref(runtime), _ffi.byref(error)), error)
        try:
            check(_ffi.runtime_wait_handle(runtime, _ffi.byref(fd), _ffi.byref(error)), error)
            check(_ffi.kit_open(runtime, *_json(config), _ffi.byref(kit), _ffi.byref(error)), error)
        except BaseException:
            _ffi.runtime_free(runtime)
            raise
        self._runtime, self._kit, self._fd = runtime, kit, fd.value
        self._ending = weakref.finalize(self, _end, os.getpid(), kit, runtime)

    def _handle(self) -> Any:
        with self._lock:
            if self._closed:
                raise InvalidState("The kit is closed.")
            if self._kit is None:
                self._open()
            return self._kit

    def _forked(self) -> None:
        self._lock = threading.Lock()
        self._ending.detach()
        self._kit = None

    def close(self) -> None:
        """Writes what is recorded, cancels what runs, and closes the store. Twice does no harm."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            kit = self._kit
        if kit is None:
            return
        error = _ffi.Handle()
        try:
            check(_ffi.kit_close(kit, _ffi.byref(error)), error)
        finally:
            loop = self._loop
            if loop is not None and not loop.is_closed():
                if asyncio._get_running_loop() is loop or not loop.is_running():
                    loop.remove_reader(self._fd)
                else:
                    gone = threading.Event()
                    loop.call_soon_threadsafe(lambda: (loop.remove_reader(self._fd), gone.set()))
                    gone.wait(1)
            self._loop = None
            self._ending()

    def __enter__(self) -> "Kit":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    async def __aenter__(self) -> "Kit":
        return self

    async def __aexit__(self, *_: Any) -> None:
        self.close()

    def _dispatch(self) -> None:
        _ffi.runtime_dispatch(self._runtime, None, None)

    def _pending(self, start: Any) -> Pending:
        """Starts an operation whose callbacks run on the running loop."""
        loop = asyncio.get_running_loop()
        if self._loop is not loop:
            if self._loop is not None and not self._loop.is_closed() and self._busy:
                raise InvalidState("Another event loop awaits calls of this kit; give each loop a kit of its own.")
            self._busy = set()
            loop.add_reader(self._fd, self._dispatch)
            self._loop = loop
        pending = Pending(loop, start, self._ended)
        self._busy.add(pending)
        return pending

    def _ended(self, pending: Pending) -> None:
        self._busy.discard(pending)
        loop = self._loop
        # An idle kit is in no loop: that one may be closed, and another take over.
        if not self._busy and loop is not None and asyncio._get_running_loop() is loop:
            loop.remove_reader(self._fd)
            self._loop = None

    def _start(self, function: Any, *given: Any) -> Callable[..., int]:
        kit = self._handle()
        return lambda *rest: function(kit, *given, *rest)

    def _windowed(self, function: Any, *given: Any) -> Callable[..., int]:
        return self._start(function, *given, WINDOW)

    def _unheard(self, function: Any, *given: Any) -> Callable[..., int]:
        """Without events, though the operation can have some."""
        start = self._windowed(function, *given)
        return lambda _, *rest: start(_ffi.NO_EVENT, *rest)

    def _heard(self, function: Any, *given: Any) -> Callable[..., int]:
        return self._windowed(function, *given)

    def _quiet(self, function: Any, *given: Any) -> Callable[..., int]:
        start = self._start(function, *given)
        return lambda _, *rest: start(*rest)

    def cost_estimate(self, prompt: Prompt, **more: Any) -> Reply:
        """What a chat would cost, before it is sent."""
        out, error = _ffi.Bytes(), _ffi.Handle()
        request = _json(_chat_request(prompt, more))
        check(_ffi.cost_estimate(self._handle(), *request, _ffi.byref(out), _ffi.byref(error)), error)
        return Reply(json.loads(_ffi.taken(out)))

    def stream(self, prompt: Prompt, **more: Any) -> Stream:
        """A chat as it is said: an iterator of OpenAI's chunks."""
        request = {**_chat_request(prompt, more), "stream": True}
        return Stream(self._heard(_ffi.chat_start, *_json(request)), self)

    def stream_async(self, prompt: Prompt, **more: Any) -> AsyncStream:
        """`stream` for a loop, which must be running."""
        request = {**_chat_request(prompt, more), "stream": True}
        return AsyncStream(self._pending(self._heard(_ffi.chat_start, *_json(request))), self)

    def ask_stream(self, base: str, question: Union[str, Json], **more: Any) -> Stream:
        """An answer as it is said: an event with its sources first, then events with text."""
        request = {**_named("question", question, more), "stream": True}
        return Stream(self._heard(_ffi.ask_start, *_utf8(base), *_json(request)), self)

    def ask_stream_async(self, base: str, question: Union[str, Json], **more: Any) -> AsyncStream:
        """`ask_stream` for a loop, which must be running."""
        request = {**_named("question", question, more), "stream": True}
        return AsyncStream(self._pending(self._heard(_ffi.ask_start, *_utf8(base), *_json(request))), self)

    def ingest(self, base: str, request: Json, progress: Optional[Callable[[Dict[str, Any]], None]] = None) -> Reply:
        """Takes in documents; `progress` is called with each event, on this thread."""
        if progress is None:
            return wait(self._unheard(_ffi.ingest_start, *_utf8(base), *_json(request)))
        with Stream(self._heard(_ffi.ingest_start, *_utf8(base), *_json({**request, "stream": True})), self) as stream:
            for event in stream:
                progress(event)
        assert stream.result is not None
        return stream.result

    async def ingest_async(self, base: str, request: Json,
                           progress: Optional[Callable[[Dict[str, Any]], None]] = None) -> Reply:
        """`ingest`, awaited; `progress` is called on the loop."""
        if progress is None:
            return await later(self._pending(self._unheard(_ffi.ingest_start, *_utf8(base), *_json(request))))
        pending = self._pending(self._heard(_ffi.ingest_start, *_utf8(base), *_json({**request, "stream": True})))
        async with AsyncStream(pending, self) as stream:
            async for event in stream:
                progress(event)
        assert stream.result is not None
        return stream.result

    def chat(self, prompt: Prompt, **more: Any) -> Reply:
        """A chat: words, messages, or a whole request."""
        return wait(self._unheard(_ffi.chat_start, *_json(_chat_request(prompt, more))))

    async def chat_async(self, prompt: Prompt, **more: Any) -> Reply:
        """`chat`, awaited."""
        return await later(self._pending(self._unheard(_ffi.chat_start, *_json(_chat_request(prompt, more)))))

    def ask(self, base: str, question: Union[str, Json], **more: Any) -> Reply:
        """An answer from a knowledge base, with checked citations."""
        return wait(self._unheard(_ffi.ask_start, *_utf8(base), *_json(_named("question", question, more))))

    async def ask_async(self, base: str, question: Union[str, Json], **more: Any) -> Reply:
        """`ask`, awaited."""
        return await later(self._pending(self._unheard(_ffi.ask_start, *_utf8(base), *_json(_named("question", question, more)))))

    def embed(self, texts: Union[str, Sequence[str], Json], raw: bool = False, **more: Any) -> Reply:
        """Texts to vectors. With `raw` they are in `vectors` of the reply: a buffer of float32, rows by dimensions."""
        return wait(self._quiet(_ffi.embed_start, *_json(_named("input", texts, more)), RAW_VECTORS if raw else 0))

    async def embed_async(self, texts: Union[str, Sequence[str], Json], raw: bool = False, **more: Any) -> Reply:
        """`embed`, awaited."""
        return await later(self._pending(self._quiet(_ffi.embed_start, *_json(_named("input", texts, more)), RAW_VECTORS if raw else 0)))

    def moderate(self, texts: Union[str, Sequence[str], Json], **more: Any) -> Reply:
        """Is it within the rules?"""
        return wait(self._quiet(_ffi.moderate_start, *_json(_named("input", texts, more))))

    async def moderate_async(self, texts: Union[str, Sequence[str], Json], **more: Any) -> Reply:
        """`moderate`, awaited."""
        return await later(self._pending(self._quiet(_ffi.moderate_start, *_json(_named("input", texts, more)))))

    def models(self, provider: str = "") -> Reply:
        """The models of a provider, else of the default one."""
        return wait(self._quiet(_ffi.models_start, *_utf8(provider)))

    async def models_async(self, provider: str = "") -> Reply:
        """`models`, awaited."""
        return await later(self._pending(self._quiet(_ffi.models_start, *_utf8(provider))))

    def search(self, base: str, query: Union[str, Json, None] = None, vector: Any = None, **more: Any) -> Reply:
        """What a knowledge base has on words, or near a vector."""
        return wait(self._quiet(_ffi.search_start, *_utf8(base), *_json(more if query is None else _named("query", query, more)), *_row(vector)))

    async def search_async(self, base: str, query: Union[str, Json, None] = None, vector: Any = None, **more: Any) -> Reply:
        """`search`, awaited."""
        return await later(self._pending(self._quiet(_ffi.search_start, *_utf8(base), *_json(more if query is None else _named("query", query, more)), *_row(vector))))

    def cost_report(self, query: Optional[Json] = None, **more: Any) -> Reply:
        """What was spent."""
        return wait(self._quiet(_ffi.cost_report_start, *_json({**(query or {}), **more})))

    async def cost_report_async(self, query: Optional[Json] = None, **more: Any) -> Reply:
        """`cost_report`, awaited."""
        return await later(self._pending(self._quiet(_ffi.cost_report_start, *_json({**(query or {}), **more}))))

    def vectors_open(self, name: str, **more: Any) -> Reply:
        """Makes a collection, or checks that the one there agrees."""
        return wait(self._quiet(_ffi.vectors_open_start, *_json({"name": name, **more})))

    async def vectors_open_async(self, name: str, **more: Any) -> Reply:
        """`vectors_open`, awaited."""
        return await later(self._pending(self._quiet(_ffi.vectors_open_start, *_json({"name": name, **more}))))

    def vectors_drop(self, collection: str) -> Reply:
        """Deletes a collection with all that is in it."""
        return wait(self._quiet(_ffi.vectors_drop_start, *_utf8(collection)))

    async def vectors_drop_async(self, collection: str) -> Reply:
        """`vectors_drop`, awaited."""
        return await later(self._pending(self._quiet(_ffi.vectors_drop_start, *_utf8(collection))))

    def vectors_collections(self) -> Reply:
        """All collections."""
        return wait(self._quiet(_ffi.vectors_collections_start))

    async def vectors_collections_async(self) -> Reply:
        """`vectors_collections`, awaited."""
        return await later(self._pending(self._quiet(_ffi.vectors_collections_start)))

    def vectors_upsert(self, collection: str, items: Sequence[Json], vectors: Any = None) -> Reply:
        """Writes items: all or nothing. `vectors` has a row for each: a buffer of numbers, or sequences."""
        return wait(self._quiet(_ffi.vectors_upsert_start, *_utf8(collection), *_json(list(items)), *_rows(vectors)))

    async def vectors_upsert_async(self, collection: str, items: Sequence[Json], vectors: Any = None) -> Reply:
        """`vectors_upsert`, awaited."""
        return await later(self._pending(self._quiet(_ffi.vectors_upsert_start, *_utf8(collection), *_json(list(items)), *_rows(vectors))))

    def vectors_remove(self, collection: str, ids: Sequence[str]) -> Reply:
        """Removes items."""
        return wait(self._quiet(_ffi.vectors_remove_start, *_utf8(collection), *_json(list(ids))))

    async def vectors_remove_async(self, collection: str, ids: Sequence[str]) -> Reply:
        """`vectors_remove`, awaited."""
        return await later(self._pending(self._quiet(_ffi.vectors_remove_start, *_utf8(collection), *_json(list(ids)))))

    def vectors_get(self, collection: str, ids: Sequence[str]) -> Reply:
        """The items of these ids; `vectors` of the reply has their rows."""
        return wait(self._quiet(_ffi.vectors_get_start, *_utf8(collection), *_json(list(ids))))

    async def vectors_get_async(self, collection: str, ids: Sequence[str]) -> Reply:
        """`vectors_get`, awaited."""
        return await later(self._pending(self._quiet(_ffi.vectors_get_start, *_utf8(collection), *_json(list(ids)))))

    def vectors_count(self, collection: str) -> Reply:
        """How many items there are."""
        return wait(self._quiet(_ffi.vectors_count_start, *_utf8(collection)))

    async def vectors_count_async(self, collection: str) -> Reply:
        """`vectors_count`, awaited."""
        return await later(self._pending(self._quiet(_ffi.vectors_count_start, *_utf8(collection))))

    def vectors_search(self, collection: str, vector: Any = None, **query: Any) -> Reply:
        """The nearest items to a vector, to words (`text`), or to both."""
        return wait(self._quiet(_ffi.vectors_search_start, *_utf8(collection), *_json(query), *_row(vector)))

    async def vectors_search_async(self, collection: str, vector: Any = None, **query: Any) -> Reply:
        """`vectors_search`, awaited."""
        return await later(self._pending(self._quiet(_ffi.vectors_search_start, *_utf8(collection), *_json(query), *_row(vector))))


def _row(vector: Any) -> Tuple[Any, int]:
    floats, count, width = _rows(vector)
    if count > 1:
        raise InvalidArgument("One vector is searched for at a time.")
    return floats, width


def _after_fork() -> None:
    _live.clear()
    for kit in list(_kits):
        kit._forked()


os.register_at_fork(after_in_child=_after_fork)
