// SPDX-License-Identifier: MIT
// tests/bindings/node/tools_test.mjs - tools are functions; what they throw is told, and signals reach them.
import assert from 'node:assert/strict';
import test from 'node:test';

import { Cancelled, InvalidArgument, Kit, Parts, ServerError, ToolError, config, sleep } from './scripted.mjs';

const call = (name, id = 'c1', args = {}) => ({ id, name, arguments: JSON.stringify(args) });
const asking = (...calls) => ({ tool_calls: calls, finish: 'tool_calls', usage: { input: 1, output: 1 } });
const done = { text: 'Done.', usage: { input: 1, output: 1 } };
const told = (run) => run.messages.filter(({ role }) => role === 'tool').map(({ content }) => content);

async function opened(replies, use) {
  const kit = new Kit(config(...replies));
  try {
    return await use(kit);
  } finally {
    await kit.close();
  }
}

test('what a tool gives, and what it throws, is told to the model', async () => {
  const image = { type: 'image_url', image_url: { url: 'https://example.org/a.png' } };
  const circle = {};
  circle.self = circle;
  const gives = {
    text: () => 'sunny',
    data: async () => ({ days: [1, 2] }),
    parts: () => new Parts({ type: 'text', text: 'see' }, image),
    nothing: () => undefined,
    breaks: () => { throw new RangeError('too many'); },
    refuses: async () => { throw new ToolError('Only on Mondays.'); },
    circle: () => circle,
  };
  const tools = Object.entries(gives).map(([name, give]) => ({ name, call: give }));
  const calls = Object.keys(gives).map((name, number) => call(name, `c${number}`));
  const run = await opened([asking(...calls), done], (kit) => kit.runTools('Go', { tools }));
  const said = told(run);
  assert.deepEqual(said.slice(0, 2), ['sunny', '{"days":[1,2]}']);
  assert.deepEqual(said[2][1], image);
  assert.deepEqual(said.slice(3, 6), ['null', 'RangeError: too many', 'Only on Mondays.']);
  assert.match(said[6], /^TypeError: /);
  assert.equal(run.end, 'answered');
  assert.equal(run.text, 'Done.');
});

test('arguments that fit reach the function, and each call is asked for one at a time', async () => {
  const seen = [];
  let asking_now = 0;
  const parameters = { type: 'object', properties: { a: { type: 'integer' } }, required: ['a'] };
  const tools = [{ name: 'take', parameters, call: ({ a }, { id, step }) => void seen.push([a, id, step]) }];
  const approve = async ({ arguments: { a } }) => {
    asking_now += 1;
    await sleep(1);
    assert.equal(asking_now, 1);
    asking_now -= 1;
    return a < 3;
  };
  const calls = [1, 2, 3].map((a) => call('take', `c${a}`, { a }));
  const run = await opened([asking(...calls, call('take', 'c4', { a: 'x' })), done], (kit) => kit.runTools('Go', { tools, approve }));
  assert.deepEqual(seen.sort(), [[1, 'c1', 1], [2, 'c2', 1]]);
  assert.equal(told(run)[2], 'The call was declined.');
  assert.equal(told(run)[3], 'The arguments do not fit the schema: $.a must be of type integer.');
});

test('calls of one reply run beside each other', async () => {
  let meet;
  const met = new Promise((resolve) => (meet = resolve));
  const tools = [{ name: 'first', call: () => met }, { name: 'second', call: () => meet('met') ?? 'second' }];
  const run = await opened([asking(call('first'), call('second', 'c2')), done], (kit) => kit.runTools('Go', { tools }));
  assert.deepEqual(told(run), ['met', 'second']);
});

test('events come on the way, and what listens to them may end the run', async () => {
  const tools = [{ name: 'again', call: () => 'again' }];
  await opened([asking(call('again')), done, asking(call('again')), done], async (kit) => {
    const events = [];
    await kit.runTools('Go', { tools, onEvent: (event) => events.push(event) });
    const text = events.map(({ chunk }) => chunk?.choices[0]?.delta.content ?? '').join('');
    assert.equal(text, 'Done.');
    assert.deepEqual(events.filter(({ type }) => type === 'result').map(({ message }) => message.content), ['again']);
    const stop = () => { throw new Error('enough'); };
    await assert.rejects(kit.runTools('Go', { tools, onEvent: stop }), /enough/);
  });
});

test('a signal ends the run and the functions at work', async () => {
  const controller = new AbortController();
  const ends = [];
  const slow = {
    name: 'slow',
    call: (_, { signal }) => new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        ends.push('aborted');
        reject(new Error('stopped'));
      });
      controller.abort(new Error('no more'));
    }),
  };
  await opened([asking(call('slow')), done], async (kit) => {
    await assert.rejects(kit.runTools('Go', { tools: [slow], signal: controller.signal }), (error) => {
      assert.ok(error instanceof Cancelled);
      assert.equal(error.cause.message, 'no more');
      assert.equal(error.partial.end, 'cancelled');
      return true;
    });
  });
  assert.deepEqual(ends, ['aborted']);
});

test('time that is up ends the functions at work', async () => {
  let aborted = 0;
  const slow = { name: 'slow', call: (_, { signal }) => new Promise(() => signal.addEventListener('abort', () => (aborted += 1))) };
  const run = await opened([asking(call('slow')), done], (kit) => kit.runTools('Go', { tools: [slow], maxTime: 0.2 }));
  assert.equal(run.end, 'time');
  assert.equal(aborted, 1);
  assert.deepEqual(told(run), ['The call was stopped before it ended: time was up.']);
});

test('a kit that closes ends its runs', async () => {
  const kit = new Kit(config(asking(call('slow')), done));
  let begun;
  const at_work = new Promise((resolve) => (begun = resolve));
  const run = kit.runTools('Go', { tools: [{ name: 'slow', call: () => new Promise(() => begun()) }] });
  await at_work;
  const ended = assert.rejects(run, Cancelled);
  await kit.close();
  await ended;
});

test('limits end a run, its history goes on, and a failure leaves what had come', async () => {
  const tools = [{ name: 'again', call: () => 'again' }];
  const failing = { error: { code: 'server_error', message: 'Down.' } };
  await opened([asking(call('again')), asking(call('again')), done, asking(call('again')), failing], async (kit) => {
    const run = await kit.runTools('Go', { tools, maxSteps: 2 });
    assert.deepEqual([run.end, run.steps, run.calls], ['steps', 2, 1]);
    const messages = [...run.messages, { role: 'user', content: 'Go on.' }];
    assert.equal((await kit.runTools({ messages, tools })).text, 'Done.');
    await assert.rejects(kit.runTools('Go', { tools, aikit: { max_retries: 0 } }), (error) => {
      assert.ok(error instanceof ServerError);
      assert.deepEqual(told(error.partial), ['again']);
      return true;
    });
  });
});

test('what is wrong with tools is told before anything is asked', async () => {
  const tool = { name: 'again', call: () => 'again' };
  await opened([done], async (kit) => {
    for (const options of [{ tools: [tool, tool] }, { tools: tool }, { tools: [{ ...tool, call: 'again' }] },
      { tools: [{ call: tool.call }] }, { tools: [tool], maxSteps: 0 }, { tools: [tool], maxCost: 'much' }]) {
      await assert.rejects(kit.runTools('Go', options), InvalidArgument, JSON.stringify(options));
    }
  });
});
