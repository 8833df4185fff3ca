// SPDX-License-Identifier: MIT
// tests/bindings/node/async_test.mjs - many streams on one kit; what is held of a stream nobody reads; the loop stays
// free, and ends when nothing runs.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import http from 'node:http';
import { createRequire } from 'node:module';
import test from 'node:test';
import { promisify } from 'node:util';
import { Worker } from 'node:worker_threads';

import { Kit, config, sleep, slow } from './scripted.mjs';

const require = createRequire(import.meta.url);
const { Pending, live } = require('../../../bindings/node/lib/operation.js');
const SECONDS = Number(process.env.AIKIT_FLOW_SECONDS ?? 3);

const descriptors = () => readdirSync('/proc/self/fd').length;
const threads = () => readdirSync('/proc/self/task').length;
const resident = () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync('/proc/self/status'))[1]) / 1024; // MiB

test('of 200 streams, half of them cancelled, each ends exactly once', async () => {
  const before = { descriptors: descriptors(), threads: threads() };
  const ends = new Map();
  const { finish } = Pending.prototype;
  Pending.prototype.finish = function counted(...how) {
    ends.set(this, (ends.get(this) ?? 0) + 1);
    return finish.apply(this, how);
  };
  try {
    const kit = new Kit(slow(20, 0.02));
    const ways = [
      () => ({ stop: new AbortController() }), // is read to its end
      () => { const stop = new AbortController(); setTimeout(() => stop.abort(), 100); return { stop }; },
      () => ({ stop: new AbortController() }),
      () => ({ stop: new AbortController(), leave: 5 }),
    ];
    const read = async (number) => {
      const { stop, leave } = ways[number % 4]();
      let said = '', words = 0;
      for await (const piece of kit.stream('Count', { signal: stop.signal }).text()) {
        said += piece;
        if (++words === leave) return 'left';
      }
      return said;
    };
    const results = await Promise.allSettled(Array.from({ length: 200 }, (_, number) => read(number)));
    const whole = Array.from({ length: 20 }, (_, i) => `${i} `).join('');
    results.forEach(({ value, reason }, number) => {
      if (number % 4 === 1) assert.equal(reason?.code, 'cancelled', `${value}`);
      else assert.equal(value, number % 4 === 3 ? 'left' : whole, reason);
    });
    assert.deepEqual([ends.size, new Set(ends.values())], [200, new Set([1])]);
    assert.equal(live.size, 0);
    await kit.close();
  } finally {
    Pending.prototype.finish = finish;
  }
  await sleep(50);
  assert.ok(descriptors() <= before.descriptors + 1, `${descriptors()} descriptors, ${before.descriptors} before`);
  assert.ok(threads() <= before.threads + 4, `${threads()} threads, ${before.threads} before`); // those of Node's pool
});

test('no more than the window is held for a reader who waits', async () => {
  const kit = new Kit(slow(500, 0));
  const stream = kit.stream('Count');
  const [pending] = live.values();
  let held = 0;
  const { heard } = pending;
  pending.heard = (text) => { held += 1; heard(text); };
  await stream.next();
  await sleep(300);
  assert.ok(held > 0 && held <= 65, `${held}`); // one was read
  let rest = 0;
  for await (const _ of stream.text()) rest += 1;
  assert.ok(rest > 490, `${rest}`);
  await kit.close();
});

test('a provider whose stream nobody reads is not read either, and memory stays flat', async (t) => {
  // A server that sends as fast as it is read, for as long as it is asked.
  const piece = `data: ${JSON.stringify({ id: 'c', object: 'chat.completion.chunk', created: 1, model: 'm',
    choices: [{ index: 0, delta: { content: 'x'.repeat(200) }, finish_reason: null }] })}\n\n`.repeat(64);
  let sent = 0;
  const server = http.createServer((request, response) => {
    request.resume();
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    const more = () => {
      for (let i = 0; i < 16; ++i) {
        sent += piece.length;
        if (!response.write(piece)) return void response.once('drain', more);
      }
      setImmediate(more);
    };
    response.on('error', () => {});
    more();
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const base = `http://127.0.0.1:${server.address().port}/v1`;
  process.env.AIKIT_TEST_KEY = 'k';
  const kit = new Kit({ unknown_price: 'allow', providers: [{ name: 'openai', model: 'm', api_key: 'env:AIKIT_TEST_KEY', base_url: base }] });
  t.after(async () => {
    await kit.close();
    server.closeAllConnections?.();
    server.close();
  });
  const stream = kit.stream('Go on');
  for (let i = 0; i < 1000; ++i) await stream.next(); // it does flow
  await sleep(500);
  globalThis.gc?.();
  const [atFirst, memory] = [sent, resident()];
  let most = 0;
  for (const until = Date.now() + SECONDS * 1000; Date.now() < until;) {
    await sleep(100);
    most = Math.max(most, resident() - memory);
  }
  console.log(`# stopped reading for ${SECONDS} s: ${sent - atFirst} bytes sent meanwhile, memory grew by ${most.toFixed(1)} MiB at most`);
  assert.ok(sent - atFirst < 8 << 20, `${sent - atFirst} bytes were sent`);
  assert.ok(most < 8, `${most} MiB`);
  for (let i = 0; i < 1000; ++i) await stream.next(); // and flows again
  await stream.close();
});

test('the loop turns while a kit works', async () => {
  const kit = new Kit(slow(50, 0.005));
  let turns = 0;
  const timer = setInterval(() => { turns += 1; }, 1);
  const { text } = await (async () => { const stream = kit.stream('Hi'); for await (const _ of stream); return stream.result; })();
  clearInterval(timer);
  assert.ok(text.startsWith('0 1 ') && turns > 20, `${turns}`);
  await kit.close();
});

test('an idle kit does not keep a process, and a running call does', async () => {
  const program = (rest) => `import { Kit, config } from ${JSON.stringify(new URL('./scripted.mjs', import.meta.url))};
    globalThis.kit = new Kit(config({ text: 'Hi', delay: 0.1 })); ${rest}`;
  const run = (rest) => promisify(execFile)(process.execPath, ['--input-type=module', '-e', program(rest)], { timeout: 10_000 });
  assert.equal((await run('')).stdout, '');
  assert.equal((await run("kit.chat('Hi').then(({ text }) => console.log(text));")).stdout, 'Hi\n');
});

test('each worker has kits of its own, at the same time', async () => {
  const source = `import { parentPort } from 'node:worker_threads';
    import { Kit, config } from ${JSON.stringify(new URL('./scripted.mjs', import.meta.url))};
    const kit = new Kit(config({ text: 'Hi' }));
    const replies = await Promise.all(Array.from({ length: 20 }, () => kit.chat('Hi')));
    parentPort.postMessage(replies.map(({ text }) => text).join(''));
    await kit.close();`;
  const said = await Promise.all(Array.from({ length: 8 }, () => new Promise((resolve, reject) => {
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`));
    let message;
    worker.on('message', (text) => { message = text; });
    worker.on('error', reject);
    worker.on('exit', (code) => (code === 0 ? resolve(message) : reject(new Error(`exit ${code}`))));
  })));
  assert.deepEqual(new Set(said), new Set(['Hi'.repeat(20)]));
});
