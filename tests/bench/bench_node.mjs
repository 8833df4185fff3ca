// SPDX-License-Identifier: MIT
// tests/bench/bench_node.mjs - CPU that the Node package adds to an awaited chat, over the same call in C++ on the same
// threads; and what many streams cost. Prints JSON lines. Rounds of both alternate; the medians are what counts.
//
//     AIKIT_ADDON=build/release/bindings/node/aikit.node node tests/bench/bench_node.mjs [BENCH_CAPI] [ROUNDS] [CALLS]
import { spawnSync } from 'node:child_process';

import { Kit } from '../../bindings/node/lib/index.mjs';

const [program = 'build/release/bin/bench_capi', rounds = 7, calls = 5000] = process.argv.slice(2);
const QUESTION = 'What did the quick brown fox do after it had jumped?';
const ANSWER = { text: 'It ran away, and was never seen again.', usage: { input: 20, output: 9 } };
const WORDS = { pieces: Array.from({ length: 100 }, (_, i) => `${i} `), usage: { input: 20, output: 100 } };

const AT_ONCE = 64;

const config = (reply) => ({ providers: [{ name: 'scripted', model: 'm', script: { repeat: true, replies: [reply] } }] });
const median = (values) => [...values].sort((a, b) => a - b)[values.length >> 1];
const rounded = (line) => JSON.stringify(line, (_, value) => (typeof value === 'number' ? Number(value.toFixed(3)) : value));

async function cpuUs(work, per) {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / per;
}

function cpp(threads) {
  const done = spawnSync(program, ['3', `${calls}`, threads ? '1' : '0'], { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`${program}: ${done.error ?? done.stderr}`);
  return JSON.parse(done.stdout).cpp_cpu_us_per_call;
}

async function chats(kit) {
  for (let i = 0; i < calls; ++i) {
    if ((await kit.chat(QUESTION)).text !== ANSWER.text) throw new Error('the call failed');
  }
}

async function together(kit) {
  for (let i = 0; i < calls; i += AT_ONCE) await Promise.all(Array.from({ length: AT_ONCE }, () => kit.chat(QUESTION)));
}

async function streams(kit, count) {
  await Promise.all(Array.from({ length: count }, async () => {
    let words = 0;
    for await (const _ of kit.stream(QUESTION).text()) words += 1;
    if (words !== 100) throw new Error(`${words} words`);
  }));
}

const kit = new Kit(config(ANSWER));
await chats(kit);
const told = { same: [], alone: [], node: [], added: [], together: [] };
for (let i = 0; i < Number(rounds); ++i) {
  told.alone.push(cpp(false));
  told.same.push(cpp(true));
  told.node.push(await cpuUs(() => chats(kit), calls));
  told.added.push(told.node.at(-1) - told.same.at(-1));
}
for (let i = 0; i < Number(rounds); ++i) told.together.push(await cpuUs(() => together(kit), AT_ONCE * Math.ceil(calls / AT_ONCE)));
await kit.close();
console.log(rounded({ bench: 'node', calls: rounds * calls, cpp_cpu_us_per_call: median(told.same), node_cpu_us_per_call: median(told.node),
  added_us_per_call: median(told.added), cpp_without_threads_cpu_us_per_call: median(told.alone), node_64_at_once_cpu_us_per_call: median(told.together) }));

const talking = new Kit(config(WORDS));
await streams(talking, 50);
const perEvent = [];
for (let i = 0; i < Number(rounds); ++i) perEvent.push(await cpuUs(() => streams(talking, 200), 200 * 100));
await talking.close();
console.log(rounded({ bench: 'node streams', streams_at_once: 200, events_per_stream: 100, node_cpu_us_per_event: median(perEvent) }));
