# SPDX-License-Identifier: MIT
"""Every AI provider behind one interface, with the exact cost of each call; see the README of aikit."""

from . import errors
from .errors import (Authentication, BudgetExceeded, Busy, Cancelled, ConnectionFailed, ContentFiltered, ContextLength,
                     Error, Incomplete, Internal, InvalidArgument, InvalidRequest, InvalidState, NotFound, OutOfMemory,
                     Overloaded, Permission, ProtocolError, QuotaExceeded, RateLimited, ServerError, StorageError,
                     Timeout, UnknownPrice, Unsupported)
from .kit import Kit, config_from_env, version
from .operation import AsyncStream, Reply, Stream

__all__ = ["Kit", "Stream", "AsyncStream", "Reply", "Error", "config_from_env", "version",
           *sorted(kind.__name__ for kind in errors.BY_CODE.values())]
