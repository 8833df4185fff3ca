// SPDX-License-Identifier: MIT
// tests/bindings/node/types.ts - how TypeScript sees the package: what must compile, and (after @ts-expect-error) what
// must not.
import { AikitError, Cancelled, Kit, RateLimited, Parts, Reply, Stream, ToolError, configFromEnv, version } from 'aikit';
import type { Code, Told, Tool, ToolRun } from 'aikit';

async function everything(kit: Kit, signal: AbortSignal): Promise<void> {
  const reply: Told = await kit.chat('Hi', { temperature: 0, signal, aikit: { max_retries: 1 } });
  const said: string = reply.text;
  const cost: string | undefined = reply.aikit.cost?.usd;
  const stream: Stream = kit.stream([{ role: 'user', content: said }], { model: 'm' });
  for await (const words of stream.text()) words.toUpperCase();
  for await (const event of kit.stream({ messages: [] })) event.choices;
  const result = stream.result;
  if (result) result.text.length;
  const add: Tool = { name: 'add', parameters: { type: 'object' }, call: ({ a, b }: { a: number; b: number }) => a + b };
  const show: Tool = {
    name: 'show',
    call: async (_, { signal: gone, step }) => {
      if (gone.aborted || step > 3) throw new ToolError('Too late.');
      return new Parts({ type: 'text', text: 'see' });
    },
  };
  const run: ToolRun = await kit.runTools('Go', {
    tools: [add, show, { type: 'web_search' }],
    approve: async ({ name }) => name !== 'show',
    onEvent: (event) => (event.type === 'result' ? event.message : event.chunk),
    maxSteps: 4,
    maxCost: '0.05',
    signal,
  });
  await kit.runTools({ messages: run.messages, tools: [add], maxTime: 3 });
  const rows: Float32Array[] | undefined = (await kit.embed(['a'], { raw: true })).vectors;
  await kit.moderate('a', { signal });
  await kit.models();
  await kit.ingest('b', { documents: [{ uri: 'u', text: 't' }] }, { progress: (event) => event.done });
  await kit.search('b', 'words', { top: 3, mode: 'sparse' });
  await kit.search('b', null, { vector: new Float32Array(4) });
  await kit.ask('b', 'who?', { signal });
  kit.askStream('b', 'who?').close();
  kit.costEstimate('Hi').aikit;
  await kit.costReport({ by: 'day' });
  const left: string | undefined = (await kit.budgets())[0]?.cost_limit_usd;
  await kit.adjustBudget('month', { value: 'ann', usd: left, tokens: -1, signal });
  for await (const alert of kit.budgetAlerts({ after: 0, signal })) alert.percent + (alert.missed ?? 0);
  await kit.vectorsOpen('c', { dimensions: 2 });
  await kit.vectorsUpsert('c', [{ id: 'a' }], [[1, 2]]);
  await kit.vectorsUpsert('c', [{ id: 'a' }], new Float32Array(2));
  await kit.vectorsUpsert('c', [{ id: 'a', text: 'words' }]);
  const got: Reply = await kit.vectorsGet('c', ['a']);
  await kit.vectorsSearch('c', rows?.[0], { top: 1, text: cost });
  await kit.vectorsSearch('c', null, { text: got.text });
  await kit.vectorsRemove('c', ['a']);
  await kit.vectorsCount('c');
  await kit.vectorsDrop('c', { signal });
  await kit.vectorsCollections();
  await kit.flush();
  await kit.close();
  kit.closeSync();
}

function told(error: unknown): Code | undefined {
  if (error instanceof RateLimited) setTimeout(() => {}, error.retryAfterMs ?? 0);
  if (error instanceof Cancelled) error.cause;
  return error instanceof AikitError ? error.code : undefined;
}

function wrong(kit: Kit): void {
  // @ts-expect-error: a prompt is no number
  kit.chat(3);
  // @ts-expect-error: a signal is an AbortSignal
  kit.chat('Hi', { signal: 'stop' });
  // @ts-expect-error: a role is one of a few
  kit.chat([{ role: 'wizard', content: 'Hi' }]);
  // @ts-expect-error: an approval is a boolean
  kit.runTools('Hi', { tools: [], approve: () => 'yes' });
  // @ts-expect-error: dollars are a text
  kit.adjustBudget('month', { usd: 1 });
  // @ts-expect-error: there is no such call
  kit.talk('Hi');
  // @ts-expect-error: items have ids
  kit.vectorsUpsert('c', [{ text: 'words' }]);
  // @ts-expect-error: streams come from kits
  new Stream();
  // @ts-expect-error: there is no such code
  const code: Code = 'no_such_code';
  void code;
}

void [everything, told, wrong, new Kit(configFromEnv('x')), version.length];
