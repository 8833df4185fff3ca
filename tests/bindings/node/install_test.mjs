// SPDX-License-Identifier: MIT
// tests/bindings/node/install_test.mjs - the package streams an answer in a fresh folder: packed and installed from the
// tarball, and installed from the checkout's folder. Reported as skipped where npm is not there: nothing is downloaded.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const ESM = `import { Kit } from 'aikit';
const kit = new Kit({});
const stream = kit.stream('Hello');
let said = '';
for await (const words of stream.text()) said += words;
if (!said || said !== stream.result.text) throw new Error(said);
await kit.close();
console.log('streamed');
`;
const CJS = "const { Kit } = require('aikit'); const kit = new Kit({}); kit.chat('Hello').then(({ text }) => { console.log(text !== ''); return kit.close(); });";

if (spawnSync('npm', ['--version']).status !== 0) {
  console.log('[skipped] npm is not installed');
  process.exit(0);
}

const folder = mkdtempSync(path.join(os.tmpdir(), 'aikit-install-'));
const { AIKIT_ADDON: _, AIKIT_LIBRARY: library, ...rest } = process.env;
const bare = { ...rest, npm_config_cache: path.join(folder, 'cache'), npm_config_offline: 'true', npm_config_update_notifier: 'false' };

function run(env, cwd, command, ...given) {
  const done = spawnSync(command, given, { cwd, env, encoding: 'utf8' });
  assert.equal(done.status, 0, `${command} ${given.join(' ')}: ${done.error ?? ''}${done.stdout}${done.stderr}`);
  return done.stdout;
}

/** The package in a fresh folder is whole, and its programs run. */
function works(at) {
  writeFileSync(path.join(at, 'program.mjs'), ESM);
  assert.equal(run(bare, at, process.execPath, 'program.mjs'), 'streamed\n');
  assert.equal(run(bare, at, process.execPath, '-e', CJS), 'true\n');
}

function fresh(name) {
  const at = path.join(folder, name);
  mkdirSync(at);
  writeFileSync(path.join(at, 'package.json'), '{"private": true}');
  return at;
}

try {
  // The checkout as far as the package needs it, so that the real one stays as it is.
  const source = path.join(folder, 'source');
  cpSync(path.join(ROOT, 'bindings/node'), path.join(source, 'bindings/node'), { recursive: true,
    filter: (from) => !/aikit\.node$|\.so\.1$|node_modules/.test(from) });
  for (const name of ['capi/aikit.h', 'LICENSE', 'NOTICE']) cpSync(path.join(ROOT, name), path.join(source, name));
  const building = { ...bare, AIKIT_LIBRARY: library };

  const packed = fresh('packed');
  run(building, packed, 'npm', 'pack', '--silent', path.join(source, 'bindings/node'));
  const tarball = path.join(packed, 'aikit-0.1.0.tgz');
  console.log(`# the tarball has ${(statSync(tarball).size / 1e6).toFixed(1)} MB`);
  const installed = fresh('installed');
  run(bare, installed, 'npm', 'install', '--silent', tarball);
  works(installed);
  for (const name of ['LICENSE', 'NOTICE', 'index.d.ts']) assert.ok(existsSync(path.join(installed, 'node_modules/aikit', name)), name);

  const scripts = fresh('without_scripts');
  run(bare, scripts, 'npm', 'install', '--silent', '--ignore-scripts', tarball);
  works(scripts);

  for (const made of ['aikit.node', 'libaikit_c.so.1']) rmSync(path.join(source, 'bindings/node', made));
  const linked = fresh('linked');
  run(building, linked, 'npm', 'install', '--silent', path.join(source, 'bindings/node'));
  if (!existsSync(path.join(source, 'bindings/node/aikit.node'))) {
    run(building, linked, process.execPath, path.join(source, 'bindings/node/install.js')); // npm asks before it runs scripts
  }
  works(linked);

  const wrong = spawnSync(process.execPath, [path.join(source, 'bindings/node/install.js')],
    { env: { ...bare, AIKIT_LIBRARY: '/no/such/library' }, encoding: 'utf8' });
  assert.deepEqual([wrong.status, wrong.stderr.trim()], [1, 'aikit: AIKIT_LIBRARY names /no/such/library, which is not there.']);
} finally {
  rmSync(folder, { recursive: true });
}
