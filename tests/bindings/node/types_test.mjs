// SPDX-License-Identifier: MIT
// tests/bindings/node/types_test.mjs - index.d.ts passes TypeScript's checks, strict, and names what the package exports.
// TypeScript is the system's, else it comes from npm, once, into build/; reported as skipped where it cannot be had.
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

/** How TypeScript is run, and its version; undefined: it is not here. */
function typescript() {
  for (const command of [['tsc'], [process.execPath, TSC]]) {
    const done = spawnSync(command[0], [...command.slice(1), '--version'], { encoding: 'utf8' });
    const version = done.status === 0 && /(\d+)\.(\d+)/.exec(done.stdout);
    if (version && Number(version[1]) * 100 + Number(version[2]) >= 407) return { command, version: Number(version[1]) * 100 + Number(version[2]) };
  }
  return undefined;
}

if (!typescript()) {
  mkdirSync(PACKAGES, { recursive: true });
  spawnSync('npm', ['install', '--silent', '--no-save', '--no-audit', '--no-fund', '--fetch-retries=0', '--fetch-timeout=60000', '--prefix', PACKAGES,
    'typescript@5.9.3'], { timeout: 200_000 });
}
const found = typescript();
if (!found) {
  console.log('[skipped] TypeScript is not here, and npm cannot fetch it');
  process.exit(0);
}

const folder = mkdtempSync(path.join(os.tmpdir(), 'aikit-types-'));
try {
  mkdirSync(path.join(folder, 'node_modules'));
  symlinkSync(path.join(ROOT, 'bindings/node'), path.join(folder, 'node_modules/aikit'));
  const check = (source, lib, ...names) => {
    for (const name of names) cpSync(fileURLToPath(new URL(source, import.meta.url)), path.join(folder, name));
    const [command, ...first] = found.command;
    const done = spawnSync(command, [...first, '--noEmit', '--strict', '--target', 'es2022', '--lib', lib, '--module', 'nodenext',
      '--moduleResolution', 'nodenext', '--preserveSymlinks', ...names], { cwd: folder, encoding: 'utf8' });
    assert.equal(done.status, 0, done.stdout + done.stderr);
  };
  check('types.ts', 'es2022,dom', 'types.mts', 'types.cts');
  if (found.version >= 502) {
    check('types.ts', 'es2022,dom,esnext.disposable', 'types.mts');
    check('types_using.ts', 'es2022,dom,esnext.disposable', 'using.mts');
  }
  console.log(`# checked by TypeScript ${Math.floor(found.version / 100)}.${found.version % 100}`);
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
