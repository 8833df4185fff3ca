// SPDX-License-Identifier: MIT
// examples/01_hello.mjs - ask a model, print the answer as it comes, and what it cost.
import { Kit } from 'aikit';

const kit = new Kit();
const stream = kit.stream('What is the capital of France?');
for await (const words of stream.text()) process.stdout.write(words);
const { aikit, usage } = stream.result;
console.log(`\n${aikit.provider}, ${usage.total_tokens} tokens, $${aikit.cost.usd}`);
await kit.close();
