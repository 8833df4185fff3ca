// SPDX-License-Identifier: MIT
// tests/bindings/node/scripted.mjs - the package as it stands in the tree, and configurations of the scripted provider.
export * from '../../../bindings/node/lib/index.mjs';

export function config(...replies) {
  const script = { repeat: true, replies };
  return { providers: [{ name: 'scripted', model: 'm-1', embedding_model: 'e-1', script }] };
}

/** A stream that takes its time. */
export function slow(pieces = 200, seconds = 0.05) {
  return config({ pieces: Array.from({ length: pieces }, (_, i) => `${i} `), piece_delay: seconds });
}

export function sleep(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
