// SPDX-License-Identifier: MIT
// bindings/node/lib/native.js - the addon: that of AIKIT_ADDON, else the one beside.
'use strict';

const path = require('node:path');

const file = path.resolve(process.env.AIKIT_ADDON || path.join(__dirname, '..', 'aikit.node'));
try {
  module.exports = require(file);
} catch (error) {
  const why = `${file} cannot be loaded; "node ${path.join(__dirname, '..', 'install.js')}" builds it. (${error.message})`;
  throw new Error(why, { cause: error });
}
