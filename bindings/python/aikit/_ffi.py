# SPDX-License-Identifier: MIT
"""The C ABI as ctypes sees it. The only module that imports ctypes; it decides nothing."""

import ctypes as c
import os
import pathlib
from typing import Any

ABI = 1  # AIKIT_ABI_VERSION of the aikit.h that this mirrors
NAME = "libaikit_c.so.1"


def _load() -> Any:
    beside = pathlib.Path(__file__).with_name(NAME)
    found = os.environ.get("AIKIT_LIBRARY") or (str(beside) if beside.is_file() else NAME)
    try:
        loaded = c.CDLL(found)
        older = loaded.aikit_abi_version() < ABI
    except (OSError, AttributeError) as error:
        raise ImportError(f"aikit needs {NAME}; set AIKIT_LIBRARY to its path: {error}") from error
    if older:
        raise ImportError(f"{found} is older than this package; install one of the same release")
    return loaded


lib: Any = _load()

Handle: Any = c.c_void_p
Text = (c.c_char_p, c.c_size_t)


class Bytes(c.Structure):
    _fields_ = [("data", c.c_void_p), ("size", c.c_size_t)]


class Floats(c.Structure):
    _fields_ = [("data", c.c_void_p), ("count", c.c_size_t), ("dimensions", c.c_size_t)]


Event: Any = c.CFUNCTYPE(None, c.c_void_p, c.c_void_p, c.c_size_t)
Done: Any = c.CFUNCTYPE(None, c.c_void_p, c.c_int32, c.c_void_p, c.c_size_t, Handle)
Key: Any = c.CFUNCTYPE(c.c_size_t, c.c_void_p, c.c_void_p, c.c_size_t, c.c_void_p, c.c_size_t)
NO_EVENT, NO_DONE, NO_KEYS = Event(), Done(), Key()

_BYTES, _FLOATS, _HANDLE, _INT = c.POINTER(Bytes), c.POINTER(Floats), c.POINTER(Handle), c.POINTER(c.c_int32)
_VECTOR = (c.c_void_p, c.c_size_t)
_ENDING = (Done, c.c_void_p, _HANDLE, _HANDLE)
_LISTENING = (c.c_uint32, Event) + _ENDING


def _bind(name: str, result: Any, *arguments: Any) -> Any:
    function = getattr(lib, "aikit_" + name)
    function.restype, function.argtypes = result, arguments
    return function


version = _bind("version", c.c_char_p)
status_name = _bind("status_name", c.c_char_p, c.c_int32)
bytes_free = _bind("bytes_free", None, _BYTES)
floats_free = _bind("floats_free", None, _FLOATS)
error_json = _bind("error_json", c.c_int32, Handle, _BYTES, _HANDLE)
error_remote_detail = _bind("error_remote_detail", c.c_char_p, Handle)
error_free = _bind("error_free", None, Handle)
runtime_create = _bind("runtime_create", c.c_int32, *Text, _HANDLE, _HANDLE)
runtime_wait_handle = _bind("runtime_wait_handle", c.c_int32, Handle, _INT, _HANDLE)
runtime_dispatch = _bind("runtime_dispatch", c.c_int32, Handle, c.POINTER(c.c_size_t), _HANDLE)
runtime_free = _bind("runtime_free", None, Handle)
config_from_env = _bind("config_from_env", c.c_int32, *Text, _BYTES, _HANDLE)
kit_open = _bind("kit_open_with_keys", c.c_int32, Handle, *Text, Key, c.c_void_p, _HANDLE, _HANDLE)
kit_flush = _bind("kit_flush", c.c_int32, Handle, _HANDLE)
kit_close = _bind("kit_close", c.c_int32, Handle, _HANDLE)
kit_free = _bind("kit_free", None, Handle)
op_cancel = _bind("op_cancel", c.c_int32, Handle)
op_more = _bind("op_more", c.c_int32, Handle, c.c_uint32)
op_next = _bind("op_next", c.c_int32, Handle, c.c_int32, _BYTES, _INT, _HANDLE)
op_wait = _bind("op_wait", c.c_int32, Handle, c.c_int32, _INT, _HANDLE)
op_result = _bind("op_result", c.c_int32, Handle, _BYTES, _HANDLE)
op_vectors = _bind("op_vectors", c.c_int32, Handle, _FLOATS, _HANDLE)
op_free = _bind("op_free", None, Handle)
op_answer = _bind("op_answer", c.c_int32, Handle, c.c_int64, *Text, _HANDLE)
chat_start = _bind("chat_start", c.c_int32, Handle, *Text, *_LISTENING)
tools_start = _bind("tools_start", c.c_int32, Handle, *Text, *Text, *_LISTENING)
embed_start = _bind("embed_start", c.c_int32, Handle, *Text, c.c_uint32, *_ENDING)
moderate_start = _bind("moderate_start", c.c_int32, Handle, *Text, *_ENDING)
count_tokens_start = _bind("count_tokens_start", c.c_int32, Handle, *Text, *_ENDING)
models_start = _bind("models_start", c.c_int32, Handle, *Text, *_ENDING)
providers = _bind("providers", c.c_int32, Handle, _BYTES, _HANDLE)
call_limits = _bind("call_limits", c.c_int32, Handle, _BYTES, _HANDLE)
metrics = _bind("metrics", c.c_int32, Handle, _BYTES, _HANDLE)
check_providers_start = _bind("check_providers_start", c.c_int32, Handle, *Text, *_ENDING)
job_start = _bind("job_start", c.c_int32, Handle, *Text, *Text, *_LISTENING)
ingest_start = _bind("ingest_start", c.c_int32, Handle, *Text, *Text, *_LISTENING)
search_start = _bind("search_start", c.c_int32, Handle, *Text, *Text, *_VECTOR, *_ENDING)
ask_start = _bind("ask_start", c.c_int32, Handle, *Text, *Text, *_LISTENING)
cost_estimate = _bind("cost_estimate", c.c_int32, Handle, *Text, _BYTES, _HANDLE)
cost_price = _bind("cost_price", c.c_int32, Handle, *Text, _BYTES, _HANDLE)
cost_start = _bind("cost_start", c.c_int32, Handle, *Text, *Text, *_ENDING)
cost_report_start = _bind("cost_report_start", c.c_int32, Handle, *Text, *_ENDING)
vectors_open_start = _bind("vectors_open_start", c.c_int32, Handle, *Text, *_ENDING)
vectors_drop_start = _bind("vectors_drop_start", c.c_int32, Handle, *Text, *_ENDING)
vectors_collections_start = _bind("vectors_collections_start", c.c_int32, Handle, *_ENDING)
vectors_upsert_start = _bind("vectors_upsert_start", c.c_int32, Handle, *Text, *Text, *_VECTOR, c.c_size_t, *_ENDING)
vectors_remove_start = _bind("vectors_remove_start", c.c_int32, Handle, *Text, *Text, *_ENDING)
vectors_get_start = _bind("vectors_get_start", c.c_int32, Handle, *Text, *Text, *_ENDING)
vectors_count_start = _bind("vectors_count_start", c.c_int32, Handle, *Text, *_ENDING)
vectors_search_start = _bind("vectors_search_start", c.c_int32, Handle, *Text, *Text, *_VECTOR, *_ENDING)

byref, string_at, memmove = c.byref, c.string_at, c.memmove


def taken(out: Bytes) -> bytes:
    """The bytes of an aikit_bytes, which is freed."""
    text = c.string_at(out.data, out.size) if out.data else b""
    bytes_free(c.byref(out))
    return text


def number() -> Any:
    return c.c_int32()


def size() -> Any:
    return c.c_size_t()


def pointer_to(memory: memoryview) -> Any:
    """Where the bytes of a contiguous buffer are. One that cannot be written to is copied: ctypes has no other way."""
    if not memory.nbytes:
        return c.byref(c.c_char())
    flat = memory.cast("B")
    return c.byref(c.c_char.from_buffer(bytearray(flat) if memory.readonly else flat))
