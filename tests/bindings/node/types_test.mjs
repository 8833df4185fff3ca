// SPDX-License-Identifier: MIT
// tests/bindings/node/types_test.mjs - index.d.ts passes TypeScript's checks, strict, and names what the package exports.
// TypeScript comes from npm, once, into build/; reported as skipped where it cannot be had.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const PACKAGES = path.join(ROOT, 'build/node/typescript');
const TSC = path.join(PACKAGES, 'node_modules/typescript/bin/tsc');

if (!existsSync(TSC)) {
  mkdirSync(PACKAGES, { recursive: true });
  spawnSync('npm', ['install', '--silent', '--no-save', '--no-audit', '--no-fund', '--fetch-retries=0', '--fetch-timeout=60000', '--prefix', PACKAGES,
    'typescript@5.9.3', '@types/node@18.19.130'], { timeout: 200_000 });
}
if (!existsSync(TSC)) {
  console.log('[skipped] TypeScript is not here, and npm cannot fetch it');
  process.exit(0);
}

const folder = mkdtempSync(path.join(os.tmpdir(), 'aikit-types-'));
try {
  mkdirSync(path.join(folder, 'node_modules'));
  symlinkSync(path.join(ROOT, 'bindings/node'), path.join(folder, 'node_modules/aikit'));
  for (const name of ['types.mts', 'types.cts']) cpSync(fileURLToPath(new URL('types.ts', import.meta.url)), path.join(folder, name));
  const done = spawnSync(process.execPath, [TSC, '--noEmit', '--strict', '--target', 'es2022', '--module', 'nodenext', '--moduleResolution', 'nodenext',
    '--types', 'node', '--typeRoots', path.join(PACKAGES, 'node_modules/@types'), '--preserveSymlinks', 'types.mts', 'types.cts'],
  { cwd: folder, encoding: 'utf8' });
  assert.equal(done.status, 0, done.stdout + done.stderr);
} finally {
  rmSync(folder, { recursive: true });
}

// What is exported, in both languages.
const declared = readFileSync(path.join(ROOT, 'bindings/node/index.d.ts'), 'utf8');
const names = [...declared.matchAll(/^export (?:class|function|const) (\w+)/gm)].map(([, name]) => name);
const require = createRequire(import.meta.url);
const aikit = require('../../../bindings/node/lib/index.js');
const native = require('../../../bindings/node/lib/native.js');
assert.deepEqual(names.sort(), Object.keys(aikit).sort());
const members = /^export class Kit \{([^]*?)^\}/m.exec(declared)[1];
const methods = [...members.matchAll(/^  (\w+)\(/gm)].map(([, name]) => name);
const real = Object.getOwnPropertyNames(aikit.Kit.prototype);
assert.deepEqual([...new Set(methods)].sort(), real.sort());
const codes = [.../export type Code =([^;]*);/.exec(declared)[1].matchAll(/'(\w+)'/g)].map(([, code]) => code);
assert.deepEqual(codes, Array.from({ length: 24 }, (_, number) => native.statusName(number + 1)));
