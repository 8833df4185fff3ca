# SPDX-License-Identifier: MIT
"""A kit: providers, prices, ledger and store behind one object."""

import array
import asyncio
import json
import os
import threading
import weakref
from typing import Any, Callable, Dict, Mapping, Optional, Sequence, Set, Tuple, Union, cast

from . import _ffi
from .accounts import Accounts
from .costs import Costs
from .errors import Cancelled, InvalidArgument, InvalidState, check, watch_exit
from .jobs import Job, Jobs, _of
from .keys import Asker
from .operation import AsyncStream, Pending, Reply, Stream, Tally, forget, later, wait
from .schema import schema_of
from .tools import Approve, OnEvent, Tools, run, run_async, split

Json = Mapping[str, Any]
Prompt = Union[str, Sequence[Json], Json]
RAW_VECTORS = 1
WINDOW = 64

_kits: "weakref.WeakSet[Kit]" = weakref.WeakSet()


def _json(value: Any) -> Tuple[bytes, int]:
    try:
        raw = json.dumps(value, ensure_ascii=False, allow_nan=False).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidArgument(f"What was given cannot be written as JSON: {error}") from error
    return raw, len(raw)


def _utf8(text: str) -> Tuple[bytes, int]:
    if not isinstance(text, str):
        raise InvalidArgument(f"A name is a string, not {type(text).__name__}.")
    try:
        raw = text.encode()
    except UnicodeEncodeError as error:
        raise InvalidArgument(f"A name cannot be written as UTF-8: {error}") from error
    return raw, len(raw)


def _chat_request(prompt: Prompt, more: Json) -> Dict[str, Any]:
    if isinstance(prompt, str):
        return {"messages": [{"role": "user", "content": prompt}], **more}
    if isinstance(prompt, Mapping):
        return {**prompt, **more}
    return {"messages": list(prompt), **more}


def _asking(prompt: Prompt, schema: Any, repairs: Optional[int], more: Json, streaming: bool = False) -> Dict[str, Any]:
    """A chat, perhaps one for JSON: what `schema` and `repairs` say goes where OpenAI's form and aikit have it."""
    request = _chat_request(prompt, more)
    ours = {**(request.get("aikit") or {})}
    if schema is not None:
        form = {"name": "reply", "schema": schema_of(schema)}
        request = {**request, "response_format": {"type": "json_schema", "json_schema": form}}
        ours.setdefault("repairs", 2)
        if streaming:
            ours["partial"] = True
    if repairs is not None:
        ours["repairs"] = repairs
    return {**request, "aikit": ours} if ours else request


def _of_kind(reply: Reply, schema: Any) -> Reply:
    if schema is not None:
        reply.kind = schema
    return reply


def _named(name: str, value: Any, more: Json) -> Dict[str, Any]:
    return {**value, **more} if isinstance(value, Mapping) else {name: value, **more}


def _rows(vectors: Any) -> Tuple[Any, int, int]:
    """Where the numbers are, rows, and numbers per row. A buffer of float32 (array, memoryview, numpy) that is
    contiguous and can be written to is handed over as it is; others of float32 or float64, and sequences, are copied.
    """
    if vectors is None:
        return None, 0, 0
    try:
        view = memoryview(vectors)
    except TypeError:
        return _rows_of_sequences(vectors)
    except (ValueError, BufferError) as error:
        raise InvalidArgument(f"Vectors are arrays of float32 or float64: {error}") from error
    if view.ndim not in (1, 2) or view.format not in ("f", "d"):
        raise InvalidArgument("Vectors are one or two dimensional arrays of float32 or float64.")
    shape = cast(Tuple[int, ...], view.shape)
    count, width = (1, *shape)[-2:]
    if view.format == "d":
        view = memoryview(array.array("f", array.array("d", view.tobytes())))
    elif not view.c_contiguous:
        view = memoryview(bytearray(view.tobytes()))
    return _ffi.pointer_to(view), count, width


def _rows_of_sequences(vectors: Any) -> Tuple[Any, int, int]:
    try:
        nested = len(vectors) > 0 and hasattr(vectors[0], "__len__")
        rows = [array.array("f", row) for row in (vectors if nested else [vectors])]
    except (TypeError, ValueError, OverflowError, LookupError) as error:
        raise InvalidArgument(f"Vectors are rows of numbers: {error}") from error
    if any(len(row) != len(rows[0]) for row in rows):
        raise InvalidArgument("All rows of vectors need the same number of dimensions.")
    flat = array.array("f")
    for row in rows:
        flat.extend(row)
    return _ffi.pointer_to(memoryview(flat)), len(rows), len(rows[0])


def version() -> str:
    """The version of the loaded library.

    >>> len(version().split("."))
    3
    """
    return cast(str, _ffi.version().decode())


def config_from_env(path: Union[str, "os.PathLike[str]"] = "") -> Dict[str, Any]:
    """What the environment says, as a configuration: the file of `path`, else of AIKIT_CONFIG, else the usual places;
    then AIKIT_STORE, OPENAI_API_KEY, OPENAI_BASE_URL, proxies."""
    out, error = _ffi.Bytes(), _ffi.Handle()
    check(_ffi.config_from_env(*_utf8(os.fspath(path)), _ffi.byref(out), _ffi.byref(error)), error)
    return cast(Dict[str, Any], json.loads(_ffi.taken(out)))


def _end(pid: int, kit: Any, runtime: Any) -> None:
    if pid == os.getpid():
        _ffi.kit_free(kit)
        _ffi.runtime_free(runtime)


class Kit(Jobs, Costs, Accounts):
    """A kit of a configuration, else of the environment. Every call has a twin that is awaited, ending in `_async`.

    Requests and replies are dicts in OpenAI's form; a provider with `"api": "responses"` in its configuration takes
    them by OpenAI's Responses API. Any thread may use it; one event loop at a time may await its
    calls. In a forked child it is opened afresh when it is first used there.

    >>> import aikit
    >>> script = {"repeat": True, "replies": [{"text": "Hello world", "usage": {"input": 9, "output": 2}}]}
    >>> with aikit.Kit({"providers": [{"name": "scripted", "model": "m-1", "script": script}]}) as kit:
    ...     kit.chat("Hi").text
    'Hello world'
    """

    def __init__(self, config: Optional[Json] = None, keys: Optional[Callable[[str], str]] = None):
        """`keys` gives the key that the configuration names as "callback:NAME"; it is asked whenever a kit is opened."""
        self._config = dict(config) if config is not None else config_from_env()
        self._keys = keys
        self._lock = threading.RLock()  # the garbage collector may close a kit while it is being opened
        self._closed = False
        self._kit: Any = None
        self._open()
        _kits.add(self)

    def _open(self) -> None:
        self._loop: Optional[asyncio.AbstractEventLoop] = None
        self._busy: Set[Pending] = set()
        self._tally = Tally()
        config = {name: value for name, value in self._config.items() if name != "runtime"}
        runtime, kit, error, fd = _ffi.Handle(), _ffi.Handle(), _ffi.Handle(), _ffi.number()
        threads = self._config.get("runtime") or {}
        if not isinstance(threads, Mapping):
            raise InvalidArgument("configuration.runtime must be an object.")
        self._has_thread = threads.get("io") != 0
        check(_ffi.runtime_create(*_json({**threads, "callbacks": "dispatch"}), _ffi.byref(runtime),
                                  _ffi.byref(error)), error)
        try:
            check(_ffi.runtime_wait_handle(runtime, _ffi.byref(fd), _ffi.byref(error)), error)
            asker = Asker(self._keys)
            status = _ffi.kit_open(runtime, *_json(config), asker.callback, None, _ffi.byref(kit), _ffi.byref(error))
            asker.check(status, error)
        except BaseException:
            _ffi.kit_free(kit)
            _ffi.runtime_free(runtime)
            raise
        self._runtime, self._kit, self._fd = runtime, kit, fd.value
        self._ending = weakref.finalize(self, _end, os.getpid(), kit, runtime)
        watch_exit()

    def _handle(self) -> Any:
        with self._lock:
            if self._closed:
                raise InvalidState("The kit is closed.")
            if self._kit is None:
                self._open()
            return self._kit

    def _forked(self) -> None:
        self._lock = threading.RLock()
        self._ending.detach()
        self._kit = None

    def flush(self) -> None:
        """Waits until what is recorded is durable."""
        error = _ffi.Handle()
        check(_ffi.kit_flush(self._handle(), _ffi.byref(error)), error)

    def close(self) -> None:
        """Writes what is recorded, cancels what runs, and closes the store. Twice does no harm."""
        with self._lock:
            if self._closed:
                return
            self._closed = True
            kit = self._kit
        if kit is None or not self._ending.alive:  # forked, or ended with the interpreter or the last one to hold it
            return
        error = _ffi.Handle()
        try:
            check(_ffi.kit_close(kit, _ffi.byref(error)), error)
        finally:
            self._leave()
            self._ending()
            for pending in list(self._busy):
                pending.fail(InvalidState("The kit was closed."))

    async def aclose(self) -> None:
        """`close`, awaited: what has to be written is waited for on another thread."""
        await asyncio.get_running_loop().run_in_executor(None, self.close)

    def __enter__(self) -> "Kit":
        return self

    def __exit__(self, *_: Any) -> None:
        self.close()

    async def __aenter__(self) -> "Kit":
        return self

    async def __aexit__(self, *_: Any) -> None:
        await self.aclose()

    def _leave(self) -> None:
        """Takes the kit out of its loop, from any thread."""
        loop, self._loop = self._loop, None
        if loop is None or loop.is_closed():
            return
        if asyncio._get_running_loop() is loop or not loop.is_running():
            loop.remove_reader(self._fd)
            return
        gone = threading.Event()

        def remove(loop: asyncio.AbstractEventLoop) -> None:
            loop.remove_reader(self._fd)
            gone.set()
        try:
            loop.call_soon_threadsafe(remove, loop)
        except RuntimeError:
            return  # it was closed meanwhile
        gone.wait(1)

    def _dispatch(self) -> None:
        ran, before = _ffi.size(), self._tally.count
        _ffi.runtime_dispatch(self._runtime, _ffi.byref(ran), None)
        if self._tally.count - before >= ran.value:
            return
        # The handler of a signal raised inside a callback, where ctypes can only print it: what that callback was told
        # is lost.
        for pending in list(self._busy):
            pending.fail(Cancelled("A signal's handler raised while events were handed over."))
            pending.drop()
        raise KeyboardInterrupt

    def _at_once(self, function: Any, *given: Any) -> Reply:
        """What needs no waiting."""
        out, error = _ffi.Bytes(), _ffi.Handle()
        check(function(self._handle(), *given, _ffi.byref(out), _ffi.byref(error)), error)
        return Reply(json.loads(_ffi.taken(out)))

    def _pending(self, start: Any, vectors: bool = False) -> Pending:
        """Starts an operation whose callbacks run on the running loop."""
        loop = asyncio.get_running_loop()
        if not self._has_thread:
            raise InvalidState("A kit without an I/O thread ('runtime': {'io': 0}) cannot be awaited.")
        with self._lock:
            if self._loop is not loop:
                if self._loop is not None and not self._loop.is_closed() and self._busy:
                    raise InvalidState("Another event loop awaits calls of this kit; give each loop a kit of its own.")
                self._busy = set()
                loop.add_reader(self._fd, self._dispatch)
                self._loop = loop
            ended = weakref.WeakMethod(self._ended)
            try:
                pending = Pending(loop, start, vectors, self._tally, ended)
            except BaseException:
                self._idle()
                raise
            self._busy.add(pending)
            return pending

    def _ended(self, pending: Pending) -> None:
        self._busy.discard(pending)
        self._idle()

    def _idle(self) -> None:
        """An idle kit is in no loop: that one may be closed, and another take over."""
        loop = self._loop
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
        return self._at_once(_ffi.cost_estimate, *_json(_chat_request(prompt, more)))

    def cost_price(self, usage: Json, provider: str, **more: Any) -> Reply:
        """What a provider said it used (its usage object, or its whole reply), priced; more: model, api ("aikit" for
        its own names, with "pieces"), at, service_tier, region. `entry` of the reply is what it was priced by."""
        return self._at_once(_ffi.cost_price, *_json({"usage": usage, "provider": provider, **more}))

    def stream(self, prompt: Prompt, *, schema: Any = None, repairs: Optional[int] = None, **more: Any) -> Stream:
        """A chat as it is said: an iterator of OpenAI's chunks. With `schema`, as of `chat`, its `partial()` gives the
        document while it is written; it is checked at the end."""
        request = {**_asking(prompt, schema, repairs, more, True), "stream": True}
        return Stream(self._heard(_ffi.chat_start, *_json(request)), self)

    def stream_async(self, prompt: Prompt, *, schema: Any = None, repairs: Optional[int] = None,
                     **more: Any) -> AsyncStream:
        """`stream` for a loop, which must be running."""
        request = {**_asking(prompt, schema, repairs, more, True), "stream": True}
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

    def chat(self, prompt: Prompt, *, schema: Any = None, repairs: Optional[int] = None, **more: Any) -> Reply:
        """A chat: words, messages, or a whole request.

        With `schema` (a dataclass, a TypedDict, another type of Python's, or a JSON Schema) it answers in JSON that fits,
        and the reply's `value` is of that type. The reply is checked, and asked for again at most `repairs` times (2).
        """
        request = _json(_asking(prompt, schema, repairs, more))
        return _of_kind(wait(self._unheard(_ffi.chat_start, *request)), schema)

    async def chat_async(self, prompt: Prompt, *, schema: Any = None, repairs: Optional[int] = None,
                         **more: Any) -> Reply:
        """`chat`, awaited."""
        request = _json(_asking(prompt, schema, repairs, more))
        return _of_kind(await later(self._pending(self._unheard(_ffi.chat_start, *request))), schema)

    def run_tools(self, prompt: Prompt, tools: Sequence[Any], approve: Optional[Approve] = None,
                  on_event: Optional[OnEvent] = None, **more: Any) -> Reply:
        """A chat whose model calls `tools` until it has its answer: functions (their schema is read from type hints and
        docstring), Tools, or tools of the provider's own as dicts. They are called on this thread, one after the other;
        what one raises is told to the model. `approve` is asked before each call; `on_event` hears chunks and results.
        more: max_steps (8), max_time in seconds, max_cost in dollars, and members of the request. The reply has "end"
        ("answered", or the limit), "reply", "messages" for the next turn, "steps", "calls", "usage" and "cost"; what
        had come when it fails is the error's `partial`.

        >>> def add(a: int, b: int) -> int:
        ...     return a + b
        >>> call = {"id": "c1", "name": "add", "arguments": '{"a": 19, "b": 23}'}
        >>> script = {"replies": [{"tool_calls": [call], "finish": "tool_calls"}, {"text": "It is 42."}]}
        >>> with Kit({"providers": [{"name": "scripted", "model": "m-1", "script": script}]}) as kit:
        ...     run = kit.run_tools("What is 19 and 23?", [add])
        >>> run["messages"][2]["content"], run.text
        ('42', 'It is 42.')
        """
        heard = Tools(tools, approve, on_event)
        limits, rest = split(more)
        request = _json(heard.request(_chat_request(prompt, rest)))
        return run(self._heard(_ffi.tools_start, *request, *_json(limits)), self, heard)

    async def run_tools_async(self, prompt: Prompt, tools: Sequence[Any], approve: Optional[Approve] = None,
                              on_event: Optional[OnEvent] = None, **more: Any) -> Reply:
        """`run_tools`, awaited: calls of one reply run beside each other, `async` functions on the loop and plain ones on
        threads. The tasks of calls that nobody waits for any more are cancelled."""
        heard = Tools(tools, approve, on_event)
        limits, rest = split(more)
        request = _json(heard.request(_chat_request(prompt, rest)))
        return await run_async(self._pending(self._heard(_ffi.tools_start, *request, *_json(limits))), heard)

    def ask(self, base: str, question: Union[str, Json], **more: Any) -> Reply:
        """An answer from a knowledge base, with checked citations.

        >>> with Kit({"answers": {"model": "builtin/extractive-1"}}) as kit:
        ...     report = kit.ingest("manual", {"documents": [{"uri": "keys.md", "text": "Keys are at the desk."}]})
        ...     kit.ask("manual", "Where are the keys?")["sources"][0]["uri"]
        'keys.md'
        """
        return wait(self._unheard(_ffi.ask_start, *_utf8(base), *_json(_named("question", question, more))))

    async def ask_async(self, base: str, question: Union[str, Json], **more: Any) -> Reply:
        """`ask`, awaited."""
        request = _json(_named("question", question, more))
        return await later(self._pending(self._unheard(_ffi.ask_start, *_utf8(base), *request)))

    def embed(self, texts: Union[str, Sequence[str], Json], raw: bool = False, **more: Any) -> Reply:
        """Texts to vectors. With `raw` they are in `vectors` of the reply: a buffer of float32, rows by dimensions,
        which numpy.asarray takes without a copy.

        >>> with Kit({}) as kit:
        ...     kit.embed(["one", "two"], raw=True).vectors.shape[0]
        2
        """
        return wait(self._quiet(_ffi.embed_start, *_json(_named("input", texts, more)), RAW_VECTORS if raw else 0), raw)

    async def embed_async(self, texts: Union[str, Sequence[str], Json], raw: bool = False, **more: Any) -> Reply:
        """`embed`, awaited."""
        request = _json(_named("input", texts, more))
        return await later(self._pending(self._quiet(_ffi.embed_start, *request, RAW_VECTORS if raw else 0), raw))

    def moderate(self, texts: Union[str, Sequence[str], Json], **more: Any) -> Reply:
        """Is it within the rules?"""
        return wait(self._quiet(_ffi.moderate_start, *_json(_named("input", texts, more))))

    async def moderate_async(self, texts: Union[str, Sequence[str], Json], **more: Any) -> Reply:
        """`moderate`, awaited."""
        return await later(self._pending(self._quiet(_ffi.moderate_start, *_json(_named("input", texts, more)))))

    def count_tokens(self, prompt: Prompt, **more: Any) -> Reply:
        """How many tokens the provider counts in a chat, which is not carried out."""
        return wait(self._quiet(_ffi.count_tokens_start, *_json(_chat_request(prompt, more))))

    async def count_tokens_async(self, prompt: Prompt, **more: Any) -> Reply:
        """`count_tokens`, awaited."""
        return await later(self._pending(self._quiet(_ffi.count_tokens_start, *_json(_chat_request(prompt, more)))))

    def models(self, provider: str = "") -> Reply:
        """The models of a provider, else of the default one."""
        return wait(self._quiet(_ffi.models_start, *_utf8(provider)))

    async def models_async(self, provider: str = "") -> Reply:
        """`models`, awaited."""
        return await later(self._pending(self._quiet(_ffi.models_start, *_utf8(provider))))

    def providers(self) -> Reply:
        """The configured providers, and why one cannot be used. Sends nothing."""
        return self._at_once(_ffi.providers)

    def call_limits(self) -> Reply:
        """What is used of the limits on calls, in `used`, and how many calls wait for room, in `waiting`."""
        return self._at_once(_ffi.call_limits)

    def metrics_text(self) -> str:
        """The metrics of this kit's calls, as Prometheus scrapes them; `telemetry` of the configuration says to keep them."""
        return str(self._at_once(_ffi.metrics)["text"])

    def check_providers(self, provider: str = "") -> Reply:
        """Tries a provider, else all of them, by the cheapest call, and says what is wrong."""
        return wait(self._quiet(_ffi.check_providers_start, *_utf8(provider)))

    async def check_providers_async(self, provider: str = "") -> Reply:
        """`check_providers`, awaited."""
        return await later(self._pending(self._quiet(_ffi.check_providers_start, *_utf8(provider))))

    def job(self, action: str, request: Optional[Json] = None, **more: Any) -> Reply:
        """Any action on a batch, a file or a training by its name, such as "batch.poll"."""
        return wait(self._unheard(_ffi.job_start, *_utf8(action), *_json({**(request or {}), **more})))

    async def job_async(self, action: str, request: Optional[Json] = None, **more: Any) -> Reply:
        """`job`, awaited."""
        given = _json({**(request or {}), **more})
        return await later(self._pending(self._unheard(_ffi.job_start, *_utf8(action), *given)))

    def batch_results(self, job: Job, **more: Any) -> Stream:
        """The results of a batch, one by one as they are read: {"custom_id", "reply" or "error"}."""
        request = _json({**_of(job, more), "stream": True})
        return Stream(self._heard(_ffi.job_start, *_utf8("batch.results"), *request), self)

    def batch_results_async(self, job: Job, **more: Any) -> AsyncStream:
        """`batch_results` for a loop, which must be running."""
        request = _json({**_of(job, more), "stream": True})
        return AsyncStream(self._pending(self._heard(_ffi.job_start, *_utf8("batch.results"), *request)), self)

    def search(self, base: str, query: Union[str, Json, None] = None, vector: Any = None, **more: Any) -> Reply:
        """What a knowledge base has on words, or near a vector."""
        request = _json(more if query is None else _named("query", query, more))
        return wait(self._quiet(_ffi.search_start, *_utf8(base), *request, *_row(vector)))

    async def search_async(self, base: str, query: Union[str, Json, None] = None, vector: Any = None,
                           **more: Any) -> Reply:
        """`search`, awaited."""
        request = _json(more if query is None else _named("query", query, more))
        return await later(self._pending(self._quiet(_ffi.search_start, *_utf8(base), *request, *_row(vector))))

    def cost(self, action: str, request: Optional[Json] = None, **more: Any) -> Reply:
        """Any action on costs by its name, such as "forecast"."""
        given = _json({**(request or {}), **more})
        return wait(self._quiet(_ffi.cost_start, *_utf8(action), *given))

    async def cost_async(self, action: str, request: Optional[Json] = None, **more: Any) -> Reply:
        """`cost`, awaited."""
        given = _json({**(request or {}), **more})
        return await later(self._pending(self._quiet(_ffi.cost_start, *_utf8(action), *given)))

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
        """Writes items: all or nothing. `vectors` has a row for each: an array of float32 or float64 of one or two
        dimensions (array, memoryview, numpy), or sequences of numbers.

        >>> import array
        >>> with Kit({}) as kit:
        ...     opened = kit.vectors_open("colours", dimensions=2)
        ...     written = kit.vectors_upsert("colours", [{"id": "red"}, {"id": "blue"}], [[1, 0], [0, 1]])
        ...     kit.vectors_search("colours", array.array("f", [0.9, 0.1]), top=1)["hits"][0]["id"]
        'red'
        """
        return wait(self._quiet(_ffi.vectors_upsert_start, *_utf8(collection), *_json(list(items)), *_rows(vectors)))

    async def vectors_upsert_async(self, collection: str, items: Sequence[Json], vectors: Any = None) -> Reply:
        """`vectors_upsert`, awaited."""
        given = (*_json(list(items)), *_rows(vectors))
        return await later(self._pending(self._quiet(_ffi.vectors_upsert_start, *_utf8(collection), *given)))

    def vectors_remove(self, collection: str, ids: Sequence[str]) -> Reply:
        """Removes items."""
        return wait(self._quiet(_ffi.vectors_remove_start, *_utf8(collection), *_json(list(ids))))

    async def vectors_remove_async(self, collection: str, ids: Sequence[str]) -> Reply:
        """`vectors_remove`, awaited."""
        return await later(self._pending(self._quiet(_ffi.vectors_remove_start, *_utf8(collection), *_json(list(ids)))))

    def vectors_get(self, collection: str, ids: Sequence[str]) -> Reply:
        """The items of these ids; `vectors` of the reply has their rows."""
        return wait(self._quiet(_ffi.vectors_get_start, *_utf8(collection), *_json(list(ids))), True)

    async def vectors_get_async(self, collection: str, ids: Sequence[str]) -> Reply:
        """`vectors_get`, awaited."""
        start = self._quiet(_ffi.vectors_get_start, *_utf8(collection), *_json(list(ids)))
        return await later(self._pending(start, True))

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
        given = (*_json(query), *_row(vector))
        return await later(self._pending(self._quiet(_ffi.vectors_search_start, *_utf8(collection), *given)))


def _row(vector: Any) -> Tuple[Any, int]:
    floats, count, width = _rows(vector)
    if count > 1:
        raise InvalidArgument("One vector is searched for at a time.")
    return floats, width


def _after_fork() -> None:
    forget()
    for kit in list(_kits):
        kit._forked()


os.register_at_fork(after_in_child=_after_fork)
