# SPDX-License-Identifier: MIT
"""Tools: functions of Python's that a model may call, and the run that lets it."""

import asyncio
import contextvars
import functools
import inspect
import json
import re
import typing
from typing import Any, Awaitable, Callable, Dict, List, Mapping, Optional, Sequence, Set, Tuple, Union

from . import _ffi
from .errors import InvalidArgument, InvalidState, NotFound, check
from .operation import Pending, Reply, Stream, later
from .schema import converted, hint_schema

Json = Mapping[str, Any]
Approve = Callable[[Dict[str, Any]], Union[bool, Awaitable[bool]]]
OnEvent = Callable[[Dict[str, Any]], Any]
LIMITS = ("max_steps", "max_time", "max_cost", "max_parallel")

_PARAMETER = re.compile(r"^\s*(?::param\s+(?:[\w.\[\], ]+\s)?)?\*{0,2}(\w+)\s*(?:\([^)]*\))?\s*:\s*(\S.*)$")


class Parts(List[Dict[str, Any]]):
    """What a tool gives that is more than a text: parts in OpenAI's form, such as image_url."""


class ToolError(Exception):
    """What a tool raises to tell the model in its own words what went wrong; other exceptions are told with their
    name."""


class Tool:
    """A function, plain or `async`, as a model sees it. Name, description and the schema of its arguments are read from
    the function: its name, its docstring (the first paragraph, and `name: text` lines about parameters), its type
    hints; each can be given instead.

    >>> def weather(city: str, days: int = 1) -> str:
    ...     '''The weather in a city.
    ...
    ...     city: its English name
    ...     '''
    ...     return "sunny"
    >>> Tool(weather).spec["function"]["parameters"]["properties"]["city"]
    {'type': 'string', 'description': 'its English name'}
    """

    def __init__(self, call: Callable[..., Any], name: Optional[str] = None, description: Optional[str] = None,
                 parameters: Optional[Json] = None, strict: Optional[bool] = None):
        if not callable(call):
            raise InvalidArgument(f"A tool is a function, not {type(call).__name__}.")
        self.call = call
        self.name: str = name or str(getattr(call, "__name__", type(call).__name__))
        text, about = _documented(call)
        self._hints: Dict[str, Any] = {}
        if parameters is None:
            self._hints = _hints(call, self.name)
            parameters = _parameters(call, self._hints, about, self.name)
        function: Dict[str, Any] = {"name": self.name, "parameters": parameters}
        if description or (description is None and text):
            function["description"] = description or text
        if strict is not None:
            function["strict"] = strict
        self.spec = {"type": "function", "function": function}

    def bound(self, arguments: Json) -> Callable[[], Any]:
        """The call with these arguments, which fit the schema."""
        given = {key: converted(self._hints.get(key, Any), value) for key, value in arguments.items()}
        return functools.partial(self.call, **given)

    @property
    def awaits(self) -> bool:
        call = self.call
        return inspect.iscoroutinefunction(call) or inspect.iscoroutinefunction(getattr(call, "__call__", None))


def _hints(call: Callable[..., Any], name: str) -> Dict[str, Any]:
    target = call.func if isinstance(call, functools.partial) else call
    if not inspect.isroutine(target):
        target = getattr(target, "__call__")
    try:
        return typing.get_type_hints(target, include_extras=True)
    except (NameError, TypeError) as error:
        raise InvalidArgument(f"The type hints of the tool '{name}' cannot be read; give its parameters: {error}") from error


def _documented(call: Callable[..., Any]) -> Tuple[str, Dict[str, str]]:
    """The first paragraph of the docstring, and what is said of each parameter."""
    text = inspect.getdoc(call if inspect.isroutine(call) else type(call) if not isinstance(call, functools.partial) else call.func)
    lines = (text or "").splitlines()
    first: List[str] = []
    while lines and lines[0].strip():
        first.append(lines.pop(0).strip())
    about = {found[1]: found[2].strip() for found in map(_PARAMETER.match, lines) if found}
    return " ".join(first), about


def _parameters(call: Callable[..., Any], hints: Json, about: Mapping[str, str], name: str) -> Dict[str, Any]:
    properties: Dict[str, Any] = {}
    required: List[str] = []
    try:
        signature = inspect.signature(call)
    except (TypeError, ValueError) as error:
        raise InvalidArgument(f"The tool '{name}' has no signature to read; give its parameters: {error}") from error
    for key, parameter in signature.parameters.items():
        if parameter.kind not in (parameter.POSITIONAL_OR_KEYWORD, parameter.KEYWORD_ONLY):
            raise InvalidArgument(f"The tool '{name}' takes '{parameter}', which has no schema; give its parameters.")
        properties[key] = hint_schema(hints.get(key, Any), f"{name}.{key}", ())
        if key in about:
            properties[key].setdefault("description", about[key])
        if parameter.default is parameter.empty:
            required.append(key)
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


class Tools:
    """The tools of a run: what the model is told of them, and who is called."""

    def __init__(self, tools: Sequence[Any], approve: Optional[Approve], on_event: Optional[OnEvent]):
        self.by_name: Dict[str, Tool] = {}
        self.specs: List[Any] = []
        self.approve, self.on_event = approve, on_event
        for one in tools:
            if isinstance(one, Mapping):  # the provider's own
                self.specs.append(one)
                continue
            tool = one if isinstance(one, Tool) else Tool(one)
            if tool.name in self.by_name:
                raise InvalidArgument(f"Two tools are named '{tool.name}'.")
            self.by_name[tool.name] = tool
            self.specs.append(tool.spec)

    def request(self, request: Dict[str, Any]) -> Dict[str, Any]:
        if self.on_event is not None:
            request = {"stream": True, **request}
        return {**request, "tools": self.specs}

    def told(self, event: Dict[str, Any]) -> None:
        if self.on_event is not None and event["type"] in ("chunk", "result"):
            self.on_event(event)

    def asked(self, event: Dict[str, Any]) -> Tuple[Tool, Callable[[], Any], Dict[str, Any]]:
        """The tool, the call, and what is asked before it is made."""
        tool = self.by_name.get(event["name"])
        if tool is None:
            raise LookupError("There is no function for this tool.")
        arguments = json.loads(event["arguments"])
        call = {key: event[key] for key in ("id", "name", "step")}
        return tool, tool.bound(arguments), {**call, "arguments": arguments}


def _failure(error: BaseException) -> Dict[str, Any]:
    told = str(error) if isinstance(error, ToolError) else f"{type(error).__name__}: {error}"
    return {"content": told, "failed": True}


def _answer(value: Any) -> Any:
    if isinstance(value, Parts):
        return {"content": list(value)}
    return {"content": value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, allow_nan=False)}


def _give(op: Any, number: int, answer: Any) -> None:
    """Gives the answer. Nobody may wait for it any more: that is told by an event, and no failure."""
    error = _ffi.Handle()
    try:
        raw = json.dumps(answer, ensure_ascii=False, allow_nan=False).encode()
        check(_ffi.op_answer(op, number, raw, len(raw), _ffi.byref(error)), error)
    except (NotFound, InvalidState):
        pass
    except (InvalidArgument, ValueError, TypeError) as wrong:
        raw = json.dumps(_failure(wrong)).encode()
        _ffi.op_answer(op, number, raw, len(raw), None)


async def _awaited(value: Awaitable[Any]) -> Any:
    return await value


def _settled(value: Any) -> Any:
    """Where calls block, what has to be awaited is awaited in a loop of its own."""
    return asyncio.run(_awaited(value)) if inspect.isawaitable(value) else value


def _carried_out(tools: Tools, event: Dict[str, Any]) -> Any:
    try:
        _, call, asked = tools.asked(event)
        if tools.approve is not None and not _settled(tools.approve(asked)):
            return {"declined": True}
        return _answer(_settled(call()))
    except Exception as error:  # pylint: disable=broad-except
        return _failure(error)


def run(start: Any, keep: Any, tools: Tools) -> Reply:
    """A run on the calling thread, where its tools are called too, one after the other."""
    with Stream(start, keep) as stream:
        for event in stream:
            if event["type"] == "call":
                _give(stream._op, event["call"], _carried_out(tools, event))
            tools.told(event)
    assert stream.result is not None
    return stream.result


class _Awaited:
    """A run on a loop: calls beside each other, plain functions on threads."""

    def __init__(self, pending: Pending, tools: Tools):
        self.pending, self.tools = pending, tools
        self.tasks: Dict[int, "asyncio.Task[None]"] = {}
        self.one_at_a_time = asyncio.Lock()
        self.left: Set["asyncio.Task[None]"] = set()

    async def call(self, event: Dict[str, Any]) -> None:
        number = event["call"]
        try:
            answer = await self.carried_out(event)
        except Exception as error:  # pylint: disable=broad-except
            answer = _failure(error)
        finally:
            self.tasks.pop(number, None)
        if not self.pending.over():
            _give(self.pending.op, number, answer)

    async def carried_out(self, event: Dict[str, Any]) -> Any:
        tool, call, asked = self.tools.asked(event)
        if self.tools.approve is not None:
            async with self.one_at_a_time:
                yes = self.tools.approve(asked)
                if not (await yes if inspect.isawaitable(yes) else yes):
                    return {"declined": True}
        if tool.awaits:
            value = call()
        else:
            context = contextvars.copy_context()
            value = await asyncio.get_running_loop().run_in_executor(None, functools.partial(context.run, call))
        return _answer(await value if inspect.isawaitable(value) else value)

    def hear(self, event: Dict[str, Any]) -> None:
        if event["type"] == "call":
            self.tasks[event["call"]] = asyncio.get_running_loop().create_task(self.call(event))
        elif event["type"] == "cancelled":
            self.stop(event["call"])
        self.tools.told(event)

    def stop(self, number: int) -> None:
        task = self.tasks.pop(number, None)
        if task is not None:
            task.cancel()
            self.left.add(task)

    async def end(self) -> Reply:
        pending = self.pending
        try:
            while True:
                while pending.events:
                    event = json.loads(pending.events.popleft())
                    _ffi.op_more(pending.op, 1)
                    self.hear(event)
                if pending.over():
                    break
                await pending.change()
        finally:
            for number in list(self.tasks):
                self.stop(number)
            if self.left:
                await asyncio.gather(*self.left, return_exceptions=True)
            pending.drop()
        return await later(pending)


async def run_async(pending: Pending, tools: Tools) -> Reply:
    """A run on the running loop."""
    return await _Awaited(pending, tools).end()


def split(more: Json) -> Tuple[Dict[str, Any], Dict[str, Any]]:
    """Limits, and what belongs to the request."""
    limits = {key: more[key] for key in LIMITS if more.get(key) is not None}
    if "max_cost" in limits:
        limits["max_cost"] = str(limits["max_cost"])
    return limits, {key: value for key, value in more.items() if key not in LIMITS}
