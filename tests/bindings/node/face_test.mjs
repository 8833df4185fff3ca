// SPDX-License-Identifier: MIT
// tests/bindings/node/face_test.mjs - the face: each operation, vectors of every kind, signals, errors, wrong arguments,
// and what is left of it.
import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import test from 'node:test';

import * as aikit from './scripted.mjs';

const { Kit, config, slow, sleep } = aikit;
const require = createRequire(import.meta.url);
const LIBRARY = '../../../bindings/node/lib';
const native = require(`${LIBRARY}/native.js`);
const { live } = require(`${LIBRARY}/operation.js`);

async function withKit(configuration, body) {
  const kit = new Kit(configuration);
  try {
    return await body(kit);
  } finally {
    await kit.close();
  }
}

function failsWith(code) {
  return (error) => {
    assert.ok(error instanceof aikit.AikitError, error?.stack);
    assert.equal(error.code, code, error.message);
    return true;
  };
}

test('import and require give the same classes', () => {
  const required = require(`${LIBRARY}/index.js`);
  for (const [name, value] of Object.entries(required)) assert.equal(aikit[name], value, name);
  assert.equal(aikit.version, require(`${LIBRARY}/../package.json`).version);
});

test('there is one class for each code', () => {
  const codes = Array.from({ length: 24 }, (_, number) => native.statusName(number + 1));
  const classes = Object.values(aikit).filter((kind) => kind?.prototype instanceof aikit.AikitError);
  assert.deepEqual(classes.map((kind) => kind.code).sort(), [...codes].sort());
  assert.equal(native.statusName(25), 'unknown');
  for (const kind of classes) assert.equal(aikit[kind.name], kind);
});

test('an error carries what the provider said, and prints its class', async () => {
  const failure = { code: 'rate_limited', message: 'Slow down.', http_status: 429, provider_code: 'busy', retry_after: 2.5 };
  await withKit(config({ error: failure }), async (kit) => {
    await assert.rejects(kit.chat('Hi', { aikit: { max_retries: 0 } }), (error) => {
      assert.ok(error instanceof aikit.RateLimited);
      assert.deepEqual([error.message, error.httpStatus, error.providerCode, error.retryAfterMs, error.retryable, error.provider],
        ['Slow down.', 429, 'busy', 2500, true, 'scripted']);
      assert.match(String(error), /^RateLimited: Slow down\.$/);
      return true;
    });
  });
});

test('a chat answers in JSON that fits its schema, and shows it while it is written', async () => {
  const schema = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] };
  const pieces = ['{"city": "Ro', 'me", "da', 'ys": 3', '}'];
  await withKit(config({ text: '{"city": 1}' }, { text: 'Here: {"city": "Rome",}' }, { pieces }), async (kit) => {
    const reply = await kit.chat('Where?', { schema });
    assert.deepEqual([reply.value, reply.aikit.repairs], [{ city: 'Rome' }, 1]);
    const seen = [];
    for await (const document of kit.stream('Where?', { schema }).partial()) seen.push(document);
    assert.deepEqual(seen, [{ city: 'Ro' }, { city: 'Rome' }, { city: 'Rome' }, { city: 'Rome', days: 3 }]);
    await assert.rejects(kit.chat('Where?', { schema, repairs: 0 }), failsWith('protocol'));
  });
});

test('a key comes from a function of the host, and what that throws is thrown', async () => {
  const asking = (keys) => {
    const provider = { name: 'openai', base_url: 'http://127.0.0.1:9/v1', api_key: 'callback:work', max_retries: 0 };
    return new Kit({ providers: [provider] }, { keys });
  };
  const names = [];
  const ends = async (keys, code) => {
    const kit = asking(keys);
    await assert.rejects(kit.chat({ model: 'openai/gpt-4o', messages: [{ role: 'user', content: 'Hi' }] }), failsWith(code));
    await kit.close();
  };
  await ends((name) => (names.push(name), 'sk-abc'), 'connection'); // nobody listens there
  assert.deepEqual(names, ['work']);
  for (const keys of [() => '', () => 7, undefined]) await ends(keys, 'authentication');
  assert.throws(() => asking(() => { throw new RangeError('the vault is closed'); }), RangeError);
  assert.throws(() => asking(() => 'x'.repeat(65_537)), failsWith('invalid_argument'));
  assert.throws(() => asking('sk-abc'), failsWith('invalid_argument'));
});

test('a prompt is words, messages or a whole request', async () => {
  await withKit(config({ text: 'Hi' }), async (kit) => {
    const messages = [{ role: 'user', content: 'Hello' }];
    for (const prompt of ['Hello', messages, { messages }]) {
      assert.equal((await kit.chat(prompt, { temperature: 0 })).text, 'Hi');
      const stream = kit.stream(prompt);
      let said = '';
      for await (const words of stream.text()) said += words;
      assert.deepEqual([said, stream.result.text, stream.result.aikit.complete], ['Hi', 'Hi', true]);
    }
    await Promise.all([kit.flush(), kit.flush()]);
    assert.equal(kit.costEstimate('Hello').object, (await kit.costReport()).object);
  });
});

test('vectors come as typed arrays and as arrays, in rows or all in one', async () => {
  const rows = [[1, 0], [0, 1]];
  const given = [rows, rows.map((row) => Float32Array.from(row)), rows.map((row) => Float64Array.from(row)),
    new Float32Array([1, 0, 0, 1]), [1, 0, 0, 1]];
  await withKit({}, async (kit) => {
    for (const [number, vectors] of given.entries()) {
      const name = `c${number}`;
      await kit.vectorsOpen(name, { dimensions: 2 });
      await kit.vectorsUpsert(name, [{ id: 'a' }, { id: 'b' }], vectors);
      const found = await kit.vectorsGet(name, ['a', 'b']);
      assert.deepEqual(found.vectors.map((row) => [...row]), rows);
      for (const vector of [[0, 1], new Float32Array([0, 1]), new Float64Array([0, 1])]) {
        assert.equal((await kit.vectorsSearch(name, vector, { top: 1 })).hits[0].id, 'b');
      }
    }
    for (const wrong of [[[1, 2], [3]], [['x', 'y']], [1, 2, 3], 'ab', new Int32Array(4), {}]) {
      await assert.rejects(kit.vectorsUpsert('c0', [{ id: 'a' }, { id: 'b' }], wrong), failsWith('invalid_argument'));
    }
    assert.deepEqual((await kit.vectorsRemove('c0', ['a', 'x'])).removed, 1);
    assert.equal((await kit.vectorsCount('c0')).count, 1);
    await kit.vectorsDrop('c0');
    assert.equal((await kit.vectorsCollections()).collections.length, given.length - 1);
  });
});

test('embeddings come raw as one Float32Array each', async () => {
  await withKit({}, async (kit) => {
    const said = await kit.embed(['one', 'two']);
    const raw = await kit.embed(['one', 'two'], { raw: true });
    assert.equal(said.vectors, undefined);
    assert.equal(raw.vectors.length, 2);
    for (const [row, { embedding }] of said.data.entries()) {
      assert.ok(raw.vectors[row] instanceof Float32Array);
      embedding.forEach((number, place) => assert.ok(Math.abs(raw.vectors[row][place] - number) < 1e-5));
    }
    const near = await withDocuments(kit, (base) => kit.search(base, null, { vector: raw.vectors[0], top: 1 }));
    assert.equal(near.hits.length, 1);
  });
});

async function withDocuments(kit, body) {
  const documents = Array.from({ length: 3 }, (_, i) => ({ uri: `${i}.md`, text: `# Leave ${i}\n\nEvery employee has ${i} days.` }));
  await kit.ingest('b', { documents });
  return body('b');
}

test('ingest tells its progress, and ask its sources first', async () => {
  await withKit({}, async (kit) => {
    const seen = [];
    const documents = Array.from({ length: 3 }, (_, i) => ({ uri: `${i}.md`, text: `# Leave ${i}\n\nEvery employee has ${i} days.` }));
    const report = await kit.ingest('b', { documents }, { progress: (event) => seen.push(event) });
    assert.deepEqual([report.added, seen.at(-1).done], [3, 3]);
    const stream = kit.askStream('b', 'How many days has an employee?');
    const events = [];
    for await (const event of stream) events.push(event);
    assert.equal(events[0].type, 'sources');
    assert.equal(events.slice(1).map((event) => event.text).join(''), stream.result.answer);
    assert.equal((await kit.ask('b', 'How many days has an employee?')).text, stream.result.answer);
    assert.ok((await kit.search('b', 'employee days', { top: 2 })).hits.length === 2);
    const failure = new Error('enough');
    const more = documents.map(({ uri, text }) => ({ uri: `new-${uri}`, text }));
    await assert.rejects(kit.ingest('b', { documents: more }, { progress: () => { throw failure; } }), failure);
  });
});

test('what cannot be JSON, and what is of the wrong kind, is refused', async () => {
  await withKit({}, async (kit) => {
    const circle = {};
    circle.self = circle;
    for (const wrong of [NaN, -Infinity, 10n, circle]) {
      await assert.rejects(kit.chat('Hi', { temperature: wrong }), failsWith('invalid_argument'));
      assert.throws(() => kit.stream('Hi', { temperature: wrong }), failsWith('invalid_argument'));
    }
    for (const call of [() => kit.search(1, 'x'), () => kit.ask(undefined, 'x'), () => kit.models(3), () => kit.vectorsCount(null),
      () => kit.ingest({}, {}), () => kit.vectorsUpsert('c', 'x'), () => kit.chat('Hi', { signal: 1 }), () => kit.chat('Hi', { signal: null })]) {
      await assert.rejects(call(), failsWith('invalid_argument'));
    }
    await assert.rejects(kit.chat('Hi', { aikit: { nope: 1 } }), failsWith('invalid_argument'));
    assert.throws(() => kit.costEstimate({ messages: 3 }), failsWith('invalid_argument'));
  });
  for (const wrong of [null, 'x', 3]) assert.throws(() => new Kit(wrong), failsWith('invalid_argument'));
  assert.throws(() => new Kit({ no_such_member: 1 }), failsWith('invalid_argument'));
  for (const io of [-1, 0, 'x']) assert.throws(() => new Kit({ runtime: { io } }), failsWith('invalid_argument'));
  assert.throws(() => aikit.configFromEnv('/no/such/file'), failsWith('not_found'));
});

test('the addon itself refuses what is of the wrong kind', () => {
  for (const call of [() => native.open(), () => native.open(1, 2), () => native.chat(), () => native.chat({}, false), () => native.end(1),
    () => native.close({}), () => native.more(0), () => native.statusName('x'), () => native.costEstimate(1, 2), () => native.configFromEnv({})]) {
    assert.throws(call);
  }
  native.cancel(4_000_000_000);
  native.more(4_000_000_000, 1);
});

test('a signal that was aborted before sends nothing', async () => {
  await withKit(config({ text: 'Hi' }), async (kit) => {
    const signal = AbortSignal.abort('why');
    const cancelled = (error) => failsWith('cancelled')(error) && error.cause === 'why';
    await assert.rejects(kit.chat('Hi', { signal }), cancelled);
    assert.throws(() => kit.stream('Hi', { signal }), cancelled);
    assert.equal((await kit.costReport({ by: 'provider' })).lines.length, 0);
  });
});

test('a signal cancels each operation while it runs', async () => {
  const late = config({ text: 'late', delay: 30 });
  await withKit({ ...late, answers: { model: 'scripted/m-1' } }, async (kit) => {
    await withDocuments(kit, async (base) => {
      const calls = [(signal) => kit.chat('Hi', { signal }), (signal) => kit.ask(base, 'How many days has an employee?', { signal }),
        (signal) => kit.models('scripted', { signal }), (signal) => kit.moderate('x', { model: 'scripted/m', signal }),
        async (signal) => { for await (const _ of kit.stream('Hi', { signal })); }];
      for (const call of calls) {
        const controller = new AbortController();
        const began = Date.now();
        const running = call(controller.signal);
        setTimeout(() => controller.abort('enough'), 20);
        await assert.rejects(running, (error) => failsWith('cancelled')(error) && error.cause === 'enough');
        assert.ok(Date.now() - began < 5000);
      }
    });
  });
  assert.equal(live.size, 0);
});

test('a signal that is aborted after the end changes nothing', async () => {
  await withKit(config({ text: 'Hi' }), async (kit) => {
    const controller = new AbortController();
    const reply = await kit.chat('Hi', { signal: controller.signal });
    const stream = kit.stream('Hi', { signal: controller.signal });
    for await (const _ of stream);
    controller.abort();
    await sleep(10);
    assert.deepEqual([reply.text, stream.result.text], ['Hi', 'Hi']);
  });
});

test('a stream that is left is cancelled and gives no more', async () => {
  await withKit(slow(), async (kit) => {
    const stream = kit.stream('Hi');
    for await (const _ of stream) break;
    assert.deepEqual(await stream.next(), { done: true, value: undefined });
    assert.equal(stream.result, undefined);
    const other = kit.stream('Hi');
    const waiting = [other.next(), other.next(), other.next()];
    await waiting[0];
    await Promise.all([other.close(), other.close()]);
    assert.deepEqual((await Promise.all(waiting.slice(1))).at(-1), { done: true, value: undefined });
  });
  assert.equal(live.size, 0);
});

test('several readers of one stream get each event once, in order', async () => {
  await withKit(slow(20, 0.001), async (kit) => {
    const stream = kit.stream('Hi');
    const read = await Promise.all(Array.from({ length: 40 }, () => stream.next()));
    const said = read.filter(({ done }) => !done).map(({ value }) => value.choices[0]?.delta.content ?? '').join('');
    assert.equal(said, stream.result.text);
    assert.ok(read.at(-1).done);
  });
});

test('the error of a stream is told once, with what had come', async () => {
  await withKit(config({ pieces: ['Hel', 'lo'], fail_after: 2, error: { code: 'connection' } }), async (kit) => {
    const stream = kit.stream('Hi', { aikit: { max_retries: 0 } });
    await assert.rejects(async () => { for await (const _ of stream); },
      (error) => failsWith('connection')(error) && error.partial.choices[0].message.content === 'Hel');
    assert.deepEqual(await stream.next(), { done: true, value: undefined });
  });
  assert.equal(live.size, 0);
});

test('a closed kit says so, closing ends what runs, and closing twice does no harm', async () => {
  for (const close of [(kit) => kit.close(), (kit) => kit.closeSync()]) {
    const kit = new Kit(slow());
    const running = kit.chat('Hi');
    const stream = kit.stream('Hi');
    await stream.next();
    const reading = (async () => { for await (const _ of stream); })();
    const ends = Promise.allSettled([running, reading]);
    await close(kit);
    for (const { status, reason } of await ends) {
      assert.equal(status, 'rejected');
      assert.ok(reason instanceof aikit.AikitError, reason);
    }
    await close(kit);
    await kit.close();
    await assert.rejects(kit.chat('Hi'), failsWith('invalid_state'));
    assert.throws(() => kit.costEstimate('Hi'), failsWith('invalid_state'));
  }
  assert.equal(live.size, 0);
});

test('kits and streams that nobody holds are gone', { skip: !globalThis.gc && 'run node with --expose-gc' }, async () => {
  const before = threads();
  await (async () => {
    for (let i = 0; i < 5; ++i) await new Kit(config({ text: 'Hi' })).chat('Hi');
    const kit = new Kit(slow());
    await kit.stream('Hi').next();
  })();
  for (let i = 0; i < 50 && (threads() > before || live.size > 0); ++i) {
    globalThis.gc();
    await sleep(20);
  }
  assert.equal(live.size, 0);
  assert.ok(threads() <= before, `${threads()} threads, ${before} before`);
});

function threads() {
  return require('node:fs').readdirSync('/proc/self/task').length;
}

/** Each chat comes to $0.00045 and 1,500 tokens. */
function accounts(more) {
  const answer = { text: 'x', usage: { input: 1000, output: 500 } };
  return { providers: [{ name: 'scripted', model: 'gpt-4o-mini', price_as: 'openai',
                         script: { repeat: true, replies: [answer] } }], ...more };
}

test('alerts come as thresholds of budgets are passed, and waiting for them can be stopped', async () => {
  const budgets = { budgets: [{ name: 'month', by: 'user', cost_usd: '0.001', alerts: [40, 90] }] };
  await withKit(accounts({ budgets }), async (kit) => {
    const alerts = kit.budgetAlerts({ after: 0 });
    for (const percent of [40, 90]) {
      await kit.chat('Hi', { max_tokens: 500, aikit: { caller: { user: 'ann' } } });
      const { value } = await alerts.next();
      assert.deepEqual([value.budget, value.value, value.percent], ['month', 'ann', percent]);
    }
    assert.deepEqual((await kit.budgets()).map((one) => one.cost_usd), ['0.0009']);
    await assert.rejects(kit.chat('Hi', { max_tokens: 500, aikit: { caller: { user: 'ann' } } }), failsWith('budget_exceeded'));
    assert.equal((await kit.adjustBudget('month', { value: 'ann', usd: '-0.0009' }))[0].cost_usd, '0');
    const stop = new AbortController();
    const waiting = kit.budgetAlerts({ signal: stop.signal }).next();
    stop.abort();
    await assert.rejects(waiting, (error) => error.name === 'AbortError' || error.code === 'cancelled');
  });
});

test('a reader that does not keep up is told how many alerts it missed', async () => {
  const alerts = Array.from({ length: 100 }, (_, i) => i + 1);
  const month = { name: 'month', by: 'user', cost_usd: '0.0004', hard: false, alerts };
  await withKit(accounts({ budgets: { budgets: [month] } }), async (kit) => {
    for (const user of ['ann', 'bob', 'eve']) { // each passes all hundred
      await kit.chat('Hi', { max_tokens: 500, aikit: { caller: { user } } });
    }
    await kit.budgets();
    const told = [];
    for await (const alert of kit.budgetAlerts({ after: 0 })) {
      if (told.push(alert) === 256) break;
    }
    assert.deepEqual(told.map((alert) => alert.missed), [44, ...Array(255).fill(undefined)]);
    assert.deepEqual([told[0].percent, told[1].percent], [45, 46]);
  });
});

test('a member has what its tier includes', async () => {
  const tiers = { tiers: [{ name: 'free', counts: { conversations: 1 }, features: ['chat'] },
                          { name: 'pro', features: ['chat', 'shop:export'] }] };
  const ann = { user: 'ann' };
  await withKit(accounts({ tiers }), async (kit) => {
    assert.equal(await kit.claim(ann, 'conversations', 'c1'), true);
    assert.equal(await kit.claim(ann, 'conversations', 'c1'), false);
    await assert.rejects(kit.claim(ann, 'conversations', 'c2'), failsWith('quota_exceeded'));
    assert.equal(await kit.hasFeature(ann, 'shop:export'), false);
    assert.equal((await kit.assignTier('ann', 'pro')).tier, 'pro');
    assert.equal(await kit.hasFeature(ann, 'shop:export'), true);
    assert.equal(await kit.release(ann, 'conversations', 'c1'), true);
    assert.deepEqual((await kit.tier('ann')).counts, []);
    assert.deepEqual((await kit.tiers()).map((one) => one.member), ['ann']);
    assert.equal((await kit.assignTier('ann')).tier, 'free');
  });
});

test('the cache tells what it keeps, and is cleared', async () => {
  await withKit(accounts({ cache: {} }), async (kit) => {
    for (let i = 0; i < 3; i++) await kit.chat({ messages: [{ role: 'user', content: 'Hi' }] });
    const { process } = await kit.cache();
    assert.deepEqual([process.hits, process.entries], [2, 1]);
    assert.equal((await kit.clearCache({ tenant: 'other' })).process.entries, 1);
    assert.equal((await kit.clearCache()).process.entries, 0);
    assert.equal((await kit.clearCache({ tenant: 't', user: 'u' })).stored.entries, 0);
  });
  await withKit(accounts({}), (kit) => assert.rejects(kit.cache(), failsWith('not_found')));
});

test('a router says who would be asked, and how its deployments are', async () => {
  const routers = [{ name: 'main', deployments: [{ model: 'scripted/m-1' }] }];
  const request = { model: 'main/cheapest', messages: [{ role: 'user', content: 'Hi' }] };
  await withKit(accounts({ routers }), async (kit) => {
    const told = await kit.explainRoute(request);
    assert.deepEqual([told.policy, told.candidates[0].deployment], ['cheapest', 'scripted/m-1']);
    assert.equal((await kit.explainRoute(request, { router: 'main' })).grade, 'simple');
    assert.equal((await kit.routers())[0].deployments[0].circuit, 'closed');
    await assert.rejects(kit.explainRoute(request, { router: 'other' }), failsWith('not_found'));
  });
});
