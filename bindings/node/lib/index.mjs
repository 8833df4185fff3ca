// SPDX-License-Identifier: MIT
// bindings/node/lib/index.mjs - the same names for import; there is one implementation, so that classes agree.
import aikit from './index.js';

export const {
  Kit, Stream, Reply, Parts, ToolError, configFromEnv, version, AikitError, InvalidArgument, Authentication, Permission,
  NotFound, InvalidRequest, ContextLength, ContentFiltered, RateLimited, QuotaExceeded, Overloaded, ServerError, Timeout,
  ConnectionFailed, Incomplete, ProtocolError, BudgetExceeded, UnknownPrice, Unsupported, Cancelled, StorageError,
  Busy, InvalidState, OutOfMemory, Internal,
} = aikit;
