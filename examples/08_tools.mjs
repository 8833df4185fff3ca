// SPDX-License-Identifier: MIT
// examples/08_tools.mjs - functions that a model may call, with a signal for each call.
import { Kit, ToolError } from 'aikit';

const weather = {
  name: 'weather',
  description: 'The weather in a city, as it is now.',
  parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  call: async ({ city }, { signal }) => {
    if (city !== 'Rome') throw new ToolError('Only the weather in Rome is known.');
    return signal.aborted ? undefined : { celsius: 25, sky: 'clear' };
  },
};

const kit = new Kit();
const approve = ({ name }) => {
  console.log(`allowed: ${name}`);
  return true;
};
const run = await kit.runTools('Is it warm in Rome?', { tools: [weather], approve, maxSteps: 4, maxCost: '0.05' });
console.log(run.text);
console.log(`ended: ${run.end}, ${run.steps} replies, ${run.calls} call, $${run.cost.usd}`);
console.log(`messages for the next turn: ${run.messages.length}`);
await kit.close();
