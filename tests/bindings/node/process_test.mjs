// SPDX-License-Identifier: MIT
// tests/bindings/node/process_test.mjs - workers that are terminated, processes that exit and fork, at any moment.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import test from 'node:test';

const HERE = JSON.stringify(new URL('./scripted.mjs', import.meta.url));
const LIMIT = 5000; // ms, for each end
const WORKERS = Number(process.env.AIKIT_WORKERS ?? 50);

/** Runs a program; its exit code or signal, its output, and how long it went on after it said "now". */
function run(program, ...flags) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [...flags, '--input-type=module', '-e', `import { Kit, config, slow, sleep } from ${HERE};\n${program}`]);
    const began = Date.now();
    let out = '', err = '', now = began;
    const timer = setTimeout(() => child.kill('SIGKILL'), 60_000);
    child.stdout.on('data', (data) => {
      out += data;
      if (out.includes('now')) now = Math.max(now, began === now ? Date.now() : now);
    });
    child.stderr.on('data', (data) => { err += data; });
    child.on('close', (code, signal) => {
      clearTimeout(timer);
      resolve({ code, signal, out, err, took: Date.now() - now });
    });
  });
}

function ended(result, code = 0) {
  assert.deepEqual([result.code, result.signal], [code, null], result.err + result.out);
  assert.ok(result.took < LIMIT, `took ${result.took} ms: ${result.out}`);
}

const LIVE = `const kit = new Kit(slow());
  const streams = Array.from({ length: 5 }, () => kit.stream('Hi'));
  await Promise.all(streams.map((stream) => stream.next()));
  console.log('now');`;

const ENDS = {
  'process.exit with live streams': `${LIVE} process.exit(0);`,
  'process.exit in a loop over a stream': `${LIVE} for await (const _ of streams[0]) process.exit(0);`,
  'process.exit where a reply arrives': `const kit = new Kit(config({ text: 'Hi' }));
    console.log('now'); kit.stream('x').next(); kit.chat('Hi').then(() => process.exit(0)); await sleep(60_000);`,
  'process.exit in progress of an ingest': `const kit = new Kit({});
    const documents = Array.from({ length: 50 }, (_, i) => ({ uri: i + '.md', text: 'Words ' + i }));
    console.log('now'); await kit.ingest('b', { documents }, { progress: () => process.exit(0) });`,
  'process.exit while it closes': `${LIVE} kit.close(); process.exit(0);`,
  'process.exit in a microtask between two events': `${LIVE}
    streams[1].next().then(() => queueMicrotask(() => process.exit(0))); await sleep(60_000);`,
  'the end of the work with a stream that is dropped': `const kit = new Kit(slow(5, 0.01)); kit.stream('Hi'); console.log('now');`,
  'the end of the work with kits open': `for (let i = 0; i < 5; ++i) await new Kit(config({ text: 'Hi' })).chat('Hi'); console.log('now');`,
  'process.exit in the handler of an exit': `${LIVE} process.on('exit', () => { streams[0].close(); kit.closeSync(); }); process.exit(0);`,
};

for (const [name, program] of Object.entries(ENDS)) {
  test(`a process ends with 0: ${name}`, async () => {
    for (let i = 0; i < 3; ++i) ended(await run(program));
  });
}

test('an uncaught exception with live streams ends the process as always', async () => {
  const result = await run(`${LIVE} throw new Error('mine');`);
  ended(result, 1);
  assert.match(result.err, /mine/);
});

test('SIGTERM and SIGINT end a process with live streams as always', async () => {
  for (const signal of ['SIGTERM', 'SIGINT']) {
    const result = await run(`${LIVE} setTimeout(() => process.kill(process.pid, '${signal}'), 20); await sleep(60_000);`);
    assert.equal(result.signal, signal, result.err);
    assert.ok(result.took < LIMIT);
  }
});

const WORKER = `import { parentPort } from 'node:worker_threads';
  import { Kit, slow } from ${HERE};
  const kit = new Kit({ ...slow(2000, 0.005), runtime: { io: 1 } });
  const streams = Array.from({ length: 3 }, () => kit.stream('Hi'));
  await streams[0].next();
  parentPort.postMessage('streams');
  for await (const _ of streams[0]);`;

function terminating(count, at, together) {
  return `import { Worker } from 'node:worker_threads';
    const source = new URL('data:text/javascript,' + encodeURIComponent(${JSON.stringify(WORKER)}));
    async function one(number) {
      const worker = new Worker(source);
      await new Promise((resolve, reject) => { worker.on('message', resolve); worker.on('error', reject); });
      ${at}
      const began = Date.now();
      await worker.terminate();
      return Date.now() - began;
    }
    console.log('now');
    const took = [];
    for (let done = 0; done < ${count}; done += ${together}) {
      took.push(...await Promise.all(Array.from({ length: ${together} }, (_, i) => one(done + i))));
    }
    const { Kit: Again } = await import(${HERE});
    const kit = new Again(config({ text: 'Hi' }));
    console.log((await kit.chat('Hi')).text, took.length, Math.max(...took));
    await kit.close();`;
}

test('workers are terminated in the middle of their streams', async () => {
  const result = await run(terminating(WORKERS, 'await sleep(number % 17);', 5));
  assert.deepEqual([result.code, result.signal], [0, null], result.err);
  const [said, count, longest] = result.out.trim().split('\n').at(-1).split(' ');
  assert.deepEqual([said, Number(count)], ['Hi', WORKERS]);
  console.log(`# ${WORKERS} workers terminated, the slowest end took ${longest} ms`);
  assert.ok(Number(longest) < LIMIT, longest);
});

test('workers whose kits are closing, or just opened, are terminated', async () => {
  const closing = `import { parentPort } from 'node:worker_threads';
    import { Kit, slow } from ${HERE};
    parentPort.postMessage('streams');
    for (;;) { const kit = new Kit(slow()); kit.stream('Hi'); kit.flush(); kit.close(); await kit.chat('x').catch(() => {}); }`;
  const result = await run(terminating(20, 'await sleep(number * 3 % 40);', 4).replace(JSON.stringify(WORKER), JSON.stringify(closing)));
  assert.deepEqual([result.code, result.signal], [0, null], result.err);
  assert.match(result.out, /Hi 20 /);
});

test('a process exits while its workers stream', async () => {
  const result = await run(`import { Worker } from 'node:worker_threads';
    const source = new URL('data:text/javascript,' + encodeURIComponent(${JSON.stringify(WORKER)}));
    await Promise.all(Array.from({ length: 10 }, () => new Promise((resolve) => new Worker(source).on('message', resolve))));
    console.log('now');
    process.exit(0);`);
  ended(result);
});

test('a worker that calls process.exit in a callback ends alone', async () => {
  const source = WORKER.replace('for await (const _ of streams[0]);', 'for await (const _ of streams[0]) process.exit(0);');
  const result = await run(`import { Worker } from 'node:worker_threads';
    const source = new URL('data:text/javascript,' + encodeURIComponent(${JSON.stringify(source)}));
    console.log('now');
    const codes = await Promise.all(Array.from({ length: 5 }, () => new Promise((resolve) => new Worker(source).on('exit', resolve))));
    const kit = new Kit(config({ text: codes.join('') }));
    console.log((await kit.chat('Hi')).text);`);
  ended(result);
  assert.match(result.out, /00000/);
});

test('child processes and a cluster have kits of their own, beside live streams', async () => {
  const result = await run(`import cluster from 'node:cluster';
    import { fork } from 'node:child_process';
    import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
    const folder = mkdtempSync('/tmp/aikit-node-');
    const file = folder + '/child.mjs';
    writeFileSync(file, 'import { Kit, config } from ' + ${JSON.stringify(HERE)} + ";\\nconst kit = new Kit(config({ text: 'Hi' }));" +
      "process.send((await kit.chat('Hi')).text); await kit.close(); process.disconnect();");
    ${LIVE}
    const heard = (child) => new Promise((resolve) => { let said; child.on('message', (m) => { said ??= m; }); child.on('exit', async (code) => { while (!said) await sleep(1); resolve(said + code); }); });
    cluster.setupPrimary({ exec: file, execArgv: [] });
    const said = await Promise.all([...Array.from({ length: 5 }, () => heard(fork(file, { execArgv: [] }))), ...Array.from({ length: 3 }, () => heard(cluster.fork()))]);
    rmSync(folder, { recursive: true });
    await streams[0].next();
    console.log(said.join(' '));
    await kit.close();
    process.exit(0);`);
  assert.deepEqual([result.code, result.signal], [0, null], result.err);
  assert.match(result.out, /(Hi0 ?){8}/);
});

test('a process that opens and closes kits holds nothing of them', async () => {
  const result = await run(`import { readdirSync } from 'node:fs';
    const count = () => readdirSync('/proc/self/fd').length + readdirSync('/proc/self/task').length;
    const once = async () => { const kit = new Kit(config({ text: 'Hi' })); await kit.chat('Hi'); await kit.close(); };
    await once();
    const before = count();
    for (let i = 0; i < 50; ++i) await once();
    console.log(count() - before);`);
  ended(result);
  assert.ok(Number(result.out) <= 3, result.out); // threads of Node's own pool start when they are needed
});
