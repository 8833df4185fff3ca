// SPDX-License-Identifier: MIT
// tests/bindings/node/tls_test.mjs - inside Node, which has an OpenSSL of its own and shows it to everybody, aikit's TLS
// is its own, and works with a certificate authority made for the test.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import test from 'node:test';

import { Kit } from './scripted.mjs';

const require = createRequire(import.meta.url);
const probe = require(process.env.AIKIT_PROBE);
const LIBRARY = realpathSync(process.env.AIKIT_LIBRARY);

function symbols(...flags) {
  return execFileSync('nm', [...flags, LIBRARY], { encoding: 'utf8', maxBuffer: 1 << 28 }).split('\n');
}

/** Where in the library's file a function of its own is. */
function offset(name) {
  const line = symbols().find((symbol) => symbol.endsWith(` t ${name}`));
  assert.ok(line, `${name} is not inside ${LIBRARY}`);
  return Number.parseInt(line.split(' ')[0], 16);
}

test('SSL_CTX_new as the library sees it is its own, beside that of Node', () => {
  assert.ok(!probe.fileOf('SSL_CTX_new').includes('aikit'), 'Node shows one to everybody');
  const wanted = symbols('-D', '--undefined-only').filter((symbol) => / (SSL|TLS|X509|EVP|OPENSSL|OpenSSL|CRYPTO)_/.test(symbol));
  assert.deepEqual(wanted, [], 'the library asks for no such function from outside');
  assert.equal(realpathSync(probe.fileAt(process.env.AIKIT_LIBRARY, offset('SSL_CTX_new'))), LIBRARY);
  const ours = path.basename(probe.fileAt(process.env.AIKIT_LIBRARY, offset('SSL_CTX_new')));
  console.log(`# ours is in ${ours}, Node's (${process.versions.openssl}) in ${probe.fileOf('SSL_CTX_new')}`);
});

function certificates(folder) {
  const openssl = (...given) => execFileSync('openssl', given, { cwd: folder, stdio: 'pipe' });
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
  openssl('req', '-x509', ...key, '-keyout', 'ca.key', '-out', 'ca.pem', '-days', '2', '-subj', '/CN=test authority',
    '-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign');
  openssl('req', ...key, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=localhost');
  writeFileSync(path.join(folder, 'names'), 'subjectAltName=DNS:localhost,IP:127.0.0.1\n');
  openssl('x509', '-req', '-in', 'server.csr', '-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial', '-days', '2', '-extfile', 'names', '-out', 'server.pem');
}

test('HTTPS with a test authority works, and without it nothing is sent', async (t) => {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'aikit-tls-'));
  t.after(() => rmSync(folder, { recursive: true }));
  certificates(folder);
  let asked = 0;
  const chunk = (delta, finish) => ({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm', choices: [{ index: 0, delta, finish_reason: finish }] });
  const server = https.createServer({ key: readFileSync(path.join(folder, 'server.key')), cert: readFileSync(path.join(folder, 'server.pem')) }, (request, response) => {
    asked += 1;
    request.resume();
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    for (const event of [chunk({ content: 'Hel' }, null), chunk({ content: 'lo' }, null), chunk({}, 'stop')]) response.write(`data: ${JSON.stringify(event)}\n\n`);
    response.end('data: [DONE]\n\n');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  process.env.AIKIT_TEST_KEY = 'k';
  const config = { unknown_price: 'allow', providers: [{ name: 'openai', model: 'm', api_key: 'env:AIKIT_TEST_KEY', max_retries: 0,
    base_url: `https://localhost:${server.address().port}/v1` }] };
  const trusting = new Kit({ ...config, http: { ca_file: path.join(folder, 'ca.pem') } });
  const other = new Kit(config);
  t.after(async () => {
    await trusting.close();
    await other.close();
    server.closeAllConnections?.();
    server.close();
  });

  // Node's OpenSSL and ours work side by side.
  const agent = new https.Agent({ ca: readFileSync(path.join(folder, 'ca.pem')) });
  const nodes = new Promise((resolve, reject) => {
    https.get({ host: '127.0.0.1', servername: 'localhost', port: server.address().port, agent }, (response) => response.resume().on('end', resolve)).on('error', reject);
  });
  const stream = trusting.stream('Hi');
  let said = '';
  for await (const words of stream.text()) said += words;
  await nodes;
  assert.deepEqual([said, asked], ['Hello', 2]);
  await assert.rejects(other.chat('Hi', { aikit: { max_retries: 0 } }), { code: 'connection' });
  assert.equal(asked, 2);
});
