# SPDX-License-Identifier: MIT
"""One exception for each status of aikit.h."""

import atexit
import json
import threading
import time
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

    code: str = "internal"
    message: str = ""
    provider: Optional[str] = None
    http_status: Optional[int] = None
    provider_code: Optional[str] = None
    request_id: Optional[str] = None
    retryable: bool = False
    retry_after: Optional[float] = None  # seconds
    rate_limits: Optional[Dict[str, Any]] = None  # what the headers said: {"requests": {"limit", "remaining", "reset"}, "tokens", ...}
    remote_detail: str = ""
    partial: Optional[Dict[str, Any]] = None


class InvalidArgument(Error):
    """The call is malformed; the sentence names the field."""

    code = "invalid_argument"


class Authentication(Error):
    """The provider refused the credentials."""

    code = "authentication"


class Permission(Error):
    """The credentials are good, but not for this."""

    code = "permission"


class NotFound(Error):
    """No such model, file, collection or document."""

    code = "not_found"


class InvalidRequest(Error):
    """The provider refused the request as it stands."""

    code = "invalid_request"


class ContextLength(Error):
    """The request does not fit the model's context window."""

    code = "context_length"


class ContentFiltered(Error):
    """The provider's safety system refused it or withheld the answer."""

    code = "content_filtered"


class RateLimited(Error):
    """Too many requests or tokens; see `retry_after`."""

    code = "rate_limited"


class QuotaExceeded(Error):
    """The account's credit or plan is used up; waiting does not help."""

    code = "quota_exceeded"


class Overloaded(Error):
    """The provider asks to come back later."""

    code = "overloaded"


class ServerError(Error):
    """The provider failed."""

    code = "server_error"


class Timeout(Error):
    """A time limit of the request ran out."""

    code = "timeout"


class ConnectionFailed(Error):
    """Lost or refused before an answer."""

    code = "connection"


class Incomplete(Error):
    """A stream ended before its terminal marker."""

    code = "incomplete"


class ProtocolError(Error):
    """The other side answered, but not in its own format."""

    code = "protocol"


class BudgetExceeded(Error):
    """A budget of the caller's does not allow it."""

    code = "budget_exceeded"


class UnknownPrice(Error):
    """It cannot be priced, and the policy says not to guess."""

    code = "unknown_price"


class Unsupported(Error):
    """This provider or model cannot do that; nothing was sent."""

    code = "unsupported"


class Cancelled(Error):
    """The caller asked to stop."""

    code = "cancelled"


class StorageError(Error):
    """The store is damaged, full, read-only, or newer than this library."""

    code = "storage"


class Busy(Error):
    """Another process or connection holds it."""

    code = "busy"


class InvalidState(Error):
    """Not now: it is closed, inherited through a fork, or already doing this."""

    code = "invalid_state"


class OutOfMemory(Error):
    """An allocation failed."""

    code = "out_of_memory"


class Internal(Error):
    """A bug in aikit; please report it."""

    code = "internal"


BY_CODE = {kind.code: kind for kind in Error.__subclasses__()}


def made(status: int, handle: Any, partial: bytes = b"") -> Error:
    """The exception of a status and an aikit_error, which stays the caller's."""
    code = _ffi.status_name(status).decode()
    out = _ffi.Bytes()
    said: Dict[str, Any] = {}
    if handle and _ffi.error_json(handle, _ffi.byref(out), None) == 0:
        said = json.loads(_ffi.taken(out))
    error = BY_CODE.get(code, Internal)(said.get("message") or code)
    error.message = said.get("message") or code
    for name in ("provider", "http_status", "provider_code", "request_id"):
        setattr(error, name, said.get(name))
    error.retryable = bool(said.get("retryable"))
    after = said.get("retry_after_ms")
    error.retry_after = None if after is None else after / 1000
    error.rate_limits = said.get("rate_limits")
    error.remote_detail = (_ffi.error_remote_detail(handle) or b"").decode(errors="replace") if handle else ""
    error.partial = json.loads(partial) if partial else None
    return error


_exiting = False
_watched = False


def watch_exit() -> None:
    """Called after a kit's end was arranged, so that `_note_exit` runs before kits are closed."""
    global _watched
    if not _watched:
        _watched = True
        atexit.register(_note_exit)


def _note_exit() -> None:
    global _exiting
    _exiting = True


def check(status: int, handle: Any, partial: bytes = b"") -> None:
    """Raises when the status is a failure, and frees the error."""
    if status:
        # Only daemon threads are left when kits are closed at the interpreter's end. One that reported that as an error
        # would hold stderr while the interpreter goes, which aborts the process; it ends with the process instead.
        while _exiting and threading.current_thread() is not threading.main_thread():
            time.sleep(1)
        error = made(status, handle, partial)
        _ffi.error_free(handle)
        raise error
