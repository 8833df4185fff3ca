# SPDX-License-Identifier: MIT
"""One exception for each status of aikit.h."""

import json
from typing import Any, Dict, Optional

from . import _ffi


class Error(Exception):
    """What went wrong; each code has a subclass.

    `partial` is what had come of a reply by then, `remote_detail` the provider's own words, which may hold user data.

    >>> import aikit
    >>> try:
    ...     aikit.Kit({"no_such_member": 1})
    ... except aikit.Error as error:
    ...     print(type(error).__name__, error.code, error.retryable)
    InvalidArgument invalid_argument False
    """

    code = "internal"
    message: str = ""
    provider: Optional[str] = None
    http_status: Optional[int] = None
    provider_code: Optional[str] = None
    request_id: Optional[str] = None
    retryable: bool = False
    retry_after: Optional[float] = None  # seconds
    remote_detail: str = ""
    partial: Optional[Dict[str, Any]] = None


class InvalidArgument(Error): code = "invalid_argument"
class Authentication(Error): code = "authentication"
class Permission(Error): code = "permission"
class NotFound(Error): code = "not_found"
class InvalidRequest(Error): code = "invalid_request"
class ContextLength(Error): code = "context_length"
class ContentFiltered(Error): code = "content_filtered"
class RateLimited(Error): code = "rate_limited"
class QuotaExceeded(Error): code = "quota_exceeded"
class Overloaded(Error): code = "overloaded"
class ServerError(Error): code = "server_error"
class Timeout(Error): code = "timeout"
class ConnectionFailed(Error): code = "connection"
class Incomplete(Error): code = "incomplete"
class ProtocolError(Error): code = "protocol"
class BudgetExceeded(Error): code = "budget_exceeded"
class UnknownPrice(Error): code = "unknown_price"
class Unsupported(Error): code = "unsupported"
class Cancelled(Error): code = "cancelled"
class StorageError(Error): code = "storage"
class Busy(Error): code = "busy"
class InvalidState(Error): code = "invalid_state"
class OutOfMemory(Error): code = "out_of_memory"
class Internal(Error): code = "internal"


BY_CODE = {kind.code: kind for kind in Error.__subclasses__()}


def made(status: int, handle: Any, partial: bytes = b"") -> Error:
    """The exception of a status and an aikit_error, which stays the caller's."""
    code = _ffi.status_name(status).decode()
    out, said = _ffi.Bytes(), {}
    if handle and _ffi.error_json(handle, _ffi.byref(out), None) == 0:
        said = json.loads(_ffi.taken(out))
    error = BY_CODE.get(code, Internal)(said.get("message") or code)
    error.message = said.get("message") or code
    for name in ("provider", "http_status", "provider_code", "request_id"):
        setattr(error, name, said.get(name))
    error.retryable = bool(said.get("retryable"))
    after = said.get("retry_after_ms")
    error.retry_after = None if after is None else after / 1000
    error.remote_detail = (_ffi.error_remote_detail(handle) or b"").decode() if handle else ""
    error.partial = json.loads(partial) if partial else None
    return error


def check(status: int, handle: Any, partial: bytes = b"") -> None:
    """Raises when the status is a failure, and frees the error."""
    if status:
        error = made(status, handle, partial)
        _ffi.error_free(handle)
        raise error
