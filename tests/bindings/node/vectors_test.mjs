// SPDX-License-Identifier: MIT
// tests/bindings/node/vectors_test.mjs - the cases that every language runs hold in Node.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import test from 'node:test';

import { AikitError, Kit, ToolError } from './scripted.mjs';

const { cases } = JSON.parse(readFileSync(new URL('../../vectors/cases.json', import.meta.url)));

function at(document, pointer) {
  return pointer.split('/').slice(1).reduce((value, part) => {
    assert.ok(value !== null && typeof value === 'object', pointer);
    return value[part.replaceAll('~1', '/').replaceAll('~0', '~')];
  }, document);
}

const CALLS = {
  job: (kit, step) => kit.job(step.action, step.request),
  cost: (kit, step) => kit.cost(step.action, step.request),
  count_tokens: (kit, step) => kit.countTokens(step.request),
  models: (kit, step) => kit.models(step.provider),
  providers: (kit) => kit.providers(),
  call_limits: (kit) => kit.callLimits(),
  metrics: (kit) => ({ text: kit.metricsText() }),
  check_providers: (kit, step) => kit.checkProviders(step.provider),
  ask: (kit, step) => kit.ask(step.base, step.request),
  search: (kit, step) => kit.search(step.base, step.request),
  ingest: (kit, step) => kit.ingest(step.base, step.request),
  cost_estimate: (kit, step) => kit.costEstimate(step.request),
  cost_price: (kit, { request: { usage, provider, ...more } }) => kit.costPrice(usage, provider, more),
  cost_report: (kit, step) => kit.costReport(step.request),
  vectors_open: (kit, { request: { name, ...more } }) => kit.vectorsOpen(name, more),
  vectors_search: (kit, step) => kit.vectorsSearch(step.collection, step.vector, step.request),
  vectors_upsert: (kit, step) => kit.vectorsUpsert(step.collection, step.items, step.rows),
  vectors_get: (kit, step) => kit.vectorsGet(step.collection, step.ids),
  vectors_remove: (kit, step) => kit.vectorsRemove(step.collection, step.ids),
  vectors_count: (kit, step) => kit.vectorsCount(step.collection),
  vectors_drop: (kit, step) => kit.vectorsDrop(step.collection),
  vectors_collections: (kit) => kit.vectorsCollections(),
};

const OURS = { max_steps: 'maxSteps', max_time: 'maxTime', max_cost: 'maxCost', max_parallel: 'maxParallel' };

/** Tools that answer as the step says. */
function runTools(kit, { request, limits = {}, answers, text }, said) {
  const tools = request.tools.map(({ function: { name, ...spec } }) => ({
    name,
    ...spec,
    call: async () => {
      const { content, failed } = answers[name];
      if (failed) throw new ToolError(content);
      return content;
    },
  }));
  const options = Object.fromEntries(Object.entries(limits).map(([name, value]) => [OURS[name], value]));
  const approve = ({ name }) => !answers[name].declined;
  const onEvent = ({ chunk }) => said.push(chunk?.choices[0]?.delta.content ?? '');
  return kit.runTools({ ...request, tools }, { ...options, approve, ...(text === undefined ? {} : { onEvent }) });
}

async function run(kit, step, said) {
  const { call } = step;
  if (call === 'tools') return runTools(kit, step, said);
  if (call === 'batch_results') {
    const results = kit.batchResults(step.request);
    for await (const one of results) assert.ok(one.custom_id);
    return results.result;
  }
  if (call !== 'stream' && call !== 'ask_stream') return CALLS[call] ? CALLS[call](kit, step) : kit[call](step.request);
  const stream = call === 'stream' ? kit.stream(step.request) : kit.askStream(step.base, step.request);
  for await (const words of stream.text()) said.push(words);
  return stream.result;
}

const ERROR_MEMBERS = { http_status: 'httpStatus', provider_code: 'providerCode', retry_after_ms: 'retryAfterMs', request_id: 'requestId' };

let ran = 0;
for (const { name, config, steps } of cases) {
  test(name, async () => {
    const kit = new Kit(config);
    for (const step of steps) {
      const said = [];
      let reply, error;
      try {
        reply = await run(kit, step, said);
      } catch (failed) {
        if (!(failed instanceof AikitError)) throw failed;
        error = failed;
        reply = failed.partial;
      }
      assert.equal(error?.code, step.error, error?.message);
      if (step.text !== undefined) assert.equal(said.join(''), step.text);
      for (const [pointer, value] of step.expect ?? []) assert.deepEqual(at(reply, pointer), value, pointer);
      for (const [pointer, value] of step.error_expect ?? []) {
        const member = pointer.slice(1);
        assert.deepEqual(error[ERROR_MEMBERS[member] ?? member], value, pointer);
      }
      ran += 1;
    }
    await kit.close();
  });
}

test('there are enough of them', () => assert.ok(ran > 60, `${ran}`));
