# SPDX-License-Identifier: MIT
"""Every AI provider behind one interface, with the exact cost of each call; see the README of aikit."""

from .errors import (Authentication, BudgetExceeded, Busy, Cancelled, ConnectionFailed, ContentFiltered, ContextLength,
                     Error, Incomplete, Internal, InvalidArgument, InvalidRequest, InvalidState, NotFound, OutOfMemory,
                     Overloaded, Permission, ProtocolError, QuotaExceeded, RateLimited, ServerError, StorageError,
                     Timeout, UnknownPrice, Unsupported)
from .kit import Kit, config_from_env, version
from .operation import AsyncStream, Reply, Stream
from .tools import Parts, Tool, ToolError

__all__ = ["Kit", "Stream", "AsyncStream", "Reply", "Tool", "ToolError", "Parts", "config_from_env", "version", "Error",
           "Authentication", "BudgetExceeded", "Busy", "Cancelled", "ConnectionFailed", "ContentFiltered",
           "ContextLength", "Incomplete", "Internal", "InvalidArgument", "InvalidRequest", "InvalidState", "NotFound",
           "OutOfMemory", "Overloaded", "Permission", "ProtocolError", "QuotaExceeded", "RateLimited", "ServerError",
           "StorageError", "Timeout", "UnknownPrice", "Unsupported"]
