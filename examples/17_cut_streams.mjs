// SPDX-License-Identifier: MIT
// examples/17_cut_streams.mjs - a provider fails in the middle of its answer, and another goes on with it.
import { Kit } from 'aikit';

const words = ['The ', 'capital ', 'of ', 'France ', 'is ', 'Paris.'];
// The first provider is scripted to break off after four words; the second answers in full.
const cut = { replies: [{ pieces: words, fail_after: 5 }] };
const whole = { replies: [{ pieces: words, usage: { input: 14, output: 6 } }] };
const kit = new Kit({
  providers: [{ name: 'first', type: 'scripted', price_as: 'openai', script: cut },
    { name: 'second', type: 'scripted', price_as: 'openai', script: whole }],
  routers: [{ name: 'main', resume: true, deployments: [{ model: 'first/gpt-4o-mini' }, { model: 'second/gpt-4o-mini' }] }],
});

const stream = kit.stream('What is the capital of France?', { model: 'main' });
for await (const text of stream.text()) process.stdout.write(text);
const { attempts, warnings } = (await stream.result).aikit;
console.log();
for (const { provider, outcome } of attempts) console.log(`${provider}: ${outcome}`);
for (const warning of warnings) console.log(warning);
await kit.close();
