// SPDX-License-Identifier: MIT
// examples/12_budgets.mjs - so much money a day for each user; what might exceed it is refused before it is sent.
import { AikitError, Kit, configFromEnv } from 'aikit';

const config = configFromEnv();
config.budgets = { budgets: [{ name: 'per user', by: 'user', window: 'day', cost_usd: '0.0001' }] };

const kit = new Kit(config);
for (const user of ['ada', 'ada', 'ada', 'bob']) {
  let said;
  try {
    // What the answer may cost is set aside while the call runs.
    const options = { model: 'gpt-4o-mini', max_tokens: 140, aikit: { caller: { user } } };
    said = (await kit.chat('What is the capital of France?', options)).text;
  } catch (error) {
    if (!(error instanceof AikitError)) throw error;
    said = error.code;
  }
  console.log(`${user}: ${said}`);
}
for (const { budget, value, cost_usd: cost, cost_limit_usd: limit } of await kit.budgets()) {
  console.log(`${budget} ${value}: $${cost} of $${limit}`);
}
await kit.close();
