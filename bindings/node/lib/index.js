// SPDX-License-Identifier: MIT
// bindings/node/lib/index.js - every AI provider behind one interface, with the exact cost of each call.
'use strict';

const { byCode, made, checked, ...errors } = require('./errors.js');
const { Kit, configFromEnv } = require('./kit.js');
const native = require('./native.js');
const { Reply, Stream } = require('./operation.js');
const { Parts, ToolError } = require('./tools.js');

module.exports = { Kit, Stream, Reply, Parts, ToolError, configFromEnv, version: native.version, ...errors };
