// SPDX-License-Identifier: MIT
// bindings/node/install.js - puts libaikit_c.so.1 and the addon into the package. What npm packed has both, and then
// this only looks whether they load. Else the library is that of AIKIT_LIBRARY, one that is in the package, the
// system's, or one built with CMake where the package is part of a checkout; the addon is compiled with the headers of
// node, else with npm's node-api-headers.
'use strict';

const { execFileSync, spawnSync } = require('node:child_process');
const { copyFileSync, existsSync, mkdtempSync, rmSync } = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const LIBRARY = 'libaikit_c.so.1';
const HEADERS = 'node-api-headers@1.9.0';
const here = (...names) => path.join(__dirname, ...names);
const checkout = here('..', '..');
const inCheckout = existsSync(path.join(checkout, 'capi', 'aikit.h'));

class Sentence extends Error {}

function run(command, ...given) {
  const done = spawnSync(command, given, { stdio: ['ignore', 2, 2] }); // npm shows it when this fails
  if (done.error) throw new Sentence(`${command} cannot be run: ${done.error.message}`);
  if (done.status !== 0) throw new Sentence(`${command} failed; its messages are above.`);
}

function compiler(...given) {
  return [process.env.CC || 'cc', '-shared', '-fPIC', ...given];
}

function systemHasIt() {
  const [command, ...given] = compiler('-o', '/dev/null', `-l:${LIBRARY}`);
  return spawnSync(command, given).status === 0;
}

function loads() {
  if (!existsSync(here('aikit.node'))) return false;
  return spawnSync(process.execPath, ['-e', 'require(process.argv[1])', here('aikit.node')]).status === 0;
}

/** The library to link, which is then in the package; undefined: the system's. */
function library() {
  let built = process.env.AIKIT_LIBRARY;
  if (!built && existsSync(here(LIBRARY)) && !inCheckout) return here(LIBRARY);
  if (!built && systemHasIt()) {
    rmSync(here(LIBRARY), { force: true }); // it would come first
    return undefined;
  }
  if (!built && inCheckout) {
    const folder = path.join(checkout, 'build', 'node', 'library');
    run('cmake', '-S', checkout, '-B', folder, '-DCMAKE_BUILD_TYPE=Release', '-DAIKIT_BUILD_TESTS=OFF', '-DAIKIT_BUILD_SHARED=OFF');
    run('cmake', '--build', folder, '-j2', '--target', 'aikit_c');
    built = path.join(folder, 'capi', LIBRARY);
  }
  if (!built) throw new Sentence(`There is no ${LIBRARY} to be found: let AIKIT_LIBRARY name one.`);
  if (!existsSync(built)) throw new Sentence(`AIKIT_LIBRARY names ${built}, which is not there.`);
  rmSync(here(LIBRARY), { force: true }); // a process may have the old one open
  copyFileSync(built, here(LIBRARY));
  return here(LIBRARY);
}

/** What a package on its own needs of the checkout. */
function gather() {
  for (const name of ['capi/aikit.h', 'LICENSE', 'NOTICE']) copyFileSync(path.join(checkout, name), here(path.basename(name)));
}

/** The folder of node_api.h, and what is to be removed afterwards. */
function nodeHeaders() {
  const beside = [path.join(process.execPath, '..', '..', 'include', 'node'), '/usr/include/node'];
  const found = beside.find((folder) => existsSync(path.join(folder, 'node_api.h')));
  if (found) return { folder: found };
  try {
    return { folder: require('node-api-headers').include_dir };
  } catch {
    // It is fetched.
  }
  const temporary = mkdtempSync(path.join(os.tmpdir(), 'aikit-'));
  try {
    execFileSync('npm', ['install', '--silent', '--no-save', '--prefix', temporary, HEADERS], { stdio: ['ignore', 2, 2] });
    return { folder: path.join(temporary, 'node_modules', 'node-api-headers', 'include'), temporary };
  } catch {
    rmSync(temporary, { recursive: true });
    throw new Sentence(`node_api.h is not beside ${process.execPath}, and npm cannot fetch ${HEADERS}: install the headers of node ` +
      '(Debian: libnode-dev), or that package.');
  }
}

function compile(linked) {
  const headers = nodeHeaders();
  rmSync(here('aikit.node'), { force: true });
  try {
    run(...compiler('-std=c11', '-O2', '-fvisibility=hidden', `-I${__dirname}`, `-I${headers.folder}`, here('addon.c'), here('loop.c'),
      '-o', here('aikit.node'), linked ?? `-l:${LIBRARY}`, '-Wl,-rpath,$ORIGIN', '-Wl,-z,nodelete'));
  } finally {
    if (headers.temporary) rmSync(headers.temporary, { recursive: true });
  }
}

function install() {
  const packed = !inCheckout && !process.env.AIKIT_LIBRARY;
  if (packed && loads()) return;
  if (inCheckout) gather();
  compile(library());
  if (!loads()) throw new Sentence(`${here('aikit.node')} was built and does not load: is ${LIBRARY} complete?`);
}

try {
  install();
} catch (error) {
  if (!(error instanceof Sentence)) throw error;
  console.error(`aikit: ${error.message}`);
  process.exit(1);
}
