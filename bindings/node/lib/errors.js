// SPDX-License-Identifier: MIT
// bindings/node/lib/errors.js - one class for each status of aikit.h.
'use strict';

const native = require('./native.js');

/** What went wrong. `partial` is what had come of a reply by then, `remoteDetail` the provider's own words, which may
 * hold user data. */
class AikitError extends Error {
  constructor(message, options) {
    super(message, options);
    this.provider = null;
    this.httpStatus = null;
    this.providerCode = null;
    this.requestId = null;
    this.retryable = false;
    this.retryAfterMs = null;
    this.rateLimits = null;
    this.remoteDetail = '';
    this.partial = null;
  }

  get code() {
    return this.constructor.code;
  }
}

const NAMES = {
  invalid_argument: 'InvalidArgument',
  authentication: 'Authentication',
  permission: 'Permission',
  not_found: 'NotFound',
  invalid_request: 'InvalidRequest',
  context_length: 'ContextLength',
  content_filtered: 'ContentFiltered',
  rate_limited: 'RateLimited',
  quota_exceeded: 'QuotaExceeded',
  overloaded: 'Overloaded',
  server_error: 'ServerError',
  timeout: 'Timeout',
  connection: 'ConnectionFailed',
  incomplete: 'Incomplete',
  protocol: 'ProtocolError',
  budget_exceeded: 'BudgetExceeded',
  unknown_price: 'UnknownPrice',
  unsupported: 'Unsupported',
  cancelled: 'Cancelled',
  storage: 'StorageError',
  busy: 'Busy',
  invalid_state: 'InvalidState',
  out_of_memory: 'OutOfMemory',
  internal: 'Internal',
};

const classes = {};
const byCode = {};
for (const [code, name] of Object.entries(NAMES)) {
  const kind = { [name]: class extends AikitError {} }[name];
  Object.defineProperty(kind, 'code', { value: code });
  Object.defineProperty(kind.prototype, 'name', { value: name, configurable: true, writable: true });
  classes[name] = kind;
  byCode[code] = kind;
}
Object.defineProperty(AikitError, 'code', { value: 'internal' });
Object.defineProperty(AikitError.prototype, 'name', { value: 'AikitError', configurable: true, writable: true });

/** The error of a status, its JSON, the remote side's words and what had come. */
function made(status, said, detail, partial) {
  const code = native.statusName(status);
  const told = said ? JSON.parse(said) : {};
  const error = new (byCode[code] ?? classes.Internal)(told.message || code);
  error.provider = told.provider ?? null;
  error.httpStatus = told.http_status ?? null;
  error.providerCode = told.provider_code ?? null;
  error.requestId = told.request_id ?? null;
  error.retryable = Boolean(told.retryable);
  error.retryAfterMs = told.retry_after_ms ?? null;
  error.rateLimits = told.rate_limits ?? null;
  error.remoteDetail = detail;
  error.partial = partial ? JSON.parse(partial) : null;
  return error;
}

/** Runs what calls the addon; what that throws becomes an error of ours. */
function checked(call) {
  try {
    return call();
  } catch (thrown) {
    throw thrown !== null && typeof thrown === 'object' && 'status' in thrown
      ? made(thrown.status, thrown.said, thrown.detail)
      : thrown;
  }
}

module.exports = { AikitError, ...classes, byCode, made, checked };
