// SPDX-License-Identifier: MIT
// tests/bindings/node/types_using.ts - `await using`, for TypeScript 5.2 and later.
import { Kit } from 'aikit';

export async function disposed(): Promise<void> {
  await using kit = new Kit({});
  await using stream = kit.stream('Hi');
  await stream.next();
}

export function closed(): void {
  using kit = new Kit({});
  void kit;
}
