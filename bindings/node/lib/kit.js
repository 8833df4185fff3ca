// SPDX-License-Identifier: MIT
// bindings/node/lib/kit.js - a kit: providers, prices, ledger and store behind one object.
'use strict';

const { Accounts } = require('./accounts.js');
const { Costs } = require('./costs.js');
const { InvalidArgument, InvalidState, checked } = require('./errors.js');
const { Jobs } = require('./jobs.js');
const native = require('./native.js');
const { Pending, Reply, Stream, end, live } = require('./operation.js');
const { Run, prepared } = require('./tools.js');

const RAW_VECTORS = 1;

/** JSON has no such numbers, and JSON.stringify writes null in their place. */
function finite(_, value) {
  if (typeof value === 'number' && !Number.isFinite(value)) throw new TypeError(`${value} is no number of JSON`);
  return value;
}

function json(value) {
  try {
    return JSON.stringify(value, finite);
  } catch (error) {
    throw new InvalidArgument(`What was given cannot be written as JSON: ${error.message}`, { cause: error });
  }
}

function words(value, name) {
  if (typeof value !== 'string') throw new InvalidArgument(`The ${name} is no string.`);
  return value;
}

function chatRequest(prompt, more) {
  if (typeof prompt === 'string') return { messages: [{ role: 'user', content: prompt }], ...more };
  if (Array.isArray(prompt)) return { messages: prompt, ...more };
  return { ...prompt, ...more };
}

/** A chat, perhaps one for JSON: what `schema` and `repairs` say goes where OpenAI's form and aikit have it. */
function asking(prompt, { schema, repairs, ...more }, streaming = false) {
  const request = chatRequest(prompt, more);
  const ours = { ...request.aikit };
  if (schema !== undefined) {
    request.response_format = { type: 'json_schema', json_schema: { name: 'reply', schema } };
    ours.repairs ??= 2;
    if (streaming) ours.partial = true;
  }
  if (repairs !== undefined) ours.repairs = repairs;
  return Object.keys(ours).length > 0 ? { ...request, aikit: ours } : request;
}

function named(name, value, more) {
  if (value === undefined || value === null) return more;
  return typeof value === 'object' && !Array.isArray(value) ? { ...value, ...more } : { [name]: value, ...more };
}

function floatsOf(row) {
  if (row instanceof Float32Array) return row;
  const plain = Array.isArray(row) ? row : row instanceof Float64Array ? row : undefined;
  if (!plain || !plain.every((number) => typeof number === 'number')) {
    throw new InvalidArgument('A vector is a Float32Array, a Float64Array, or an array of numbers.');
  }
  return Float32Array.from(plain);
}

/** Rows as one array, and their number. */
function rowsOf(vectors, count) {
  if (vectors === undefined || vectors === null) return [undefined, 0];
  if (!Array.isArray(vectors) || typeof vectors[0] === 'number') {
    const flat = floatsOf(vectors);
    if (count === 0 || flat.length % count) throw new InvalidArgument('The vectors do not divide into one for each item.');
    return [flat, count];
  }
  const rows = vectors.map(floatsOf);
  const width = rows.length ? rows[0].length : 0;
  if (rows.some((row) => row.length !== width)) throw new InvalidArgument('All vectors need the same number of dimensions.');
  const flat = new Float32Array(rows.length * width);
  rows.forEach((row, number) => flat.set(row, number * width));
  return [flat, rows.length];
}

function vectorOf(vector) {
  return vector === undefined || vector === null ? undefined : floatsOf(vector);
}

/** What the environment says, as a configuration. */
function configFromEnv(path = '') {
  return JSON.parse(checked(() => native.configFromEnv(words(path, 'path'))));
}

/** A kit of a configuration, else of the environment. Requests and replies are objects in OpenAI's form; the options of
 * a call are members of its request, and `signal`, an AbortSignal that cancels it. */
class Kit {
  #handle;
  #closing;

  constructor(config = configFromEnv(), { keys } = {}) {
    if (keys !== undefined && typeof keys !== 'function') throw new InvalidArgument('keys is no function.');
    if (typeof config !== 'object' || config === null) throw new InvalidArgument('The configuration is no object.');
    const { runtime, ...rest } = config;
    if (runtime?.io === 0) throw new InvalidArgument('A kit needs an I/O thread here: configuration.runtime.io is 0.');
    const threads = json({ ...runtime, callbacks: 'dispatch' });
    this.#handle = checked(() => native.open(json(rest), threads, keys));
  }

  #start(signal, name, listens, ...given) {
    if (this.#closing) throw new InvalidState('The kit is closed.');
    return new Pending(this, this.#handle, signal, name, listens, given);
  }

  /** What needs no waiting. */
  #atOnce(name, given) {
    return Object.assign(new Reply(), this.#parsed(name, given));
  }

  #parsed(name, given) {
    if (this.#closing) throw new InvalidState('The kit is closed.');
    return JSON.parse(checked(() => native[name](this.#handle, given)));
  }

  /** A chat: words, messages, or a whole request; with `schema` it answers in JSON that fits. */
  async chat(prompt, { signal, ...more } = {}) {
    return end(this.#start(signal, 'chat', false, json(asking(prompt, more))));
  }

  /** A chat as it is said: an iterator of OpenAI's chunks. */
  stream(prompt, { signal, ...more } = {}) {
    const request = { ...asking(prompt, more, true), stream: true };
    return new Stream(this.#start(signal, 'chat', true, json(request)));
  }

  /** A chat whose model calls `tools` until it has its answer: { name, description, parameters, call }, or tools of the
   * provider's own without a call. What a call throws is told to the model. */
  async runTools(prompt, { signal, ...more } = {}) {
    const { approve, onEvent, ...whole } = chatRequest(prompt, more);
    const { request, limits, functions } = prepared(onEvent ? { stream: true, ...whole } : whole);
    const pending = this.#start(signal, 'runTools', true, json(request), json(limits));
    return new Run(pending, functions, approve, onEvent).end();
  }

  /** Texts to vectors. With `raw` they are in `vectors` of the reply: a Float32Array for each. */
  async embed(texts, { signal, raw = false, ...more } = {}) {
    const request = json(named('input', texts, more));
    return end(this.#start(signal, 'embed', false, request, undefined, undefined, raw ? RAW_VECTORS : 0));
  }

  /** Is it within the rules? */
  async moderate(texts, { signal, ...more } = {}) {
    return end(this.#start(signal, 'moderate', false, json(named('input', texts, more))));
  }

  /** How many tokens the provider counts in a chat, which is not carried out. */
  async countTokens(prompt, { signal, ...more } = {}) {
    return end(this.#start(signal, 'countTokens', false, json(chatRequest(prompt, more))));
  }

  /** The models of a provider, else of the default one. */
  async models(provider = '', { signal } = {}) {
    return end(this.#start(signal, 'models', false, words(provider, 'provider')));
  }

  /** What is used of the limits on calls, and how many calls wait for room. */
  callLimits() {
    return this.#atOnce('callLimits', '');
  }

  /** The metrics of this kit's calls, as Prometheus scrapes them; `telemetry` of the configuration says to keep them. */
  metricsText() {
    return this.#parsed('metrics', '').text;
  }

  /** The configured providers, and why one cannot be used. Sends nothing. */
  providers() {
    return this.#atOnce('providers', '');
  }

  /** Tries a provider, else all of them, by the cheapest call, and says what is wrong. */
  async checkProviders(provider = '', { signal } = {}) {
    return end(this.#start(signal, 'checkProviders', false, words(provider, 'provider')));
  }

  /** Any action on a batch, a file or a training by its name, such as 'batch.poll'. */
  async job(action, request = {}, { signal } = {}) {
    return end(this.#start(signal, 'job', false, words(action, 'action'), json(request)));
  }

  /** The same with what comes one by one: the results of a batch. */
  jobStream(action, request = {}, { signal } = {}) {
    return new Stream(this.#start(signal, 'job', true, words(action, 'action'), json({ ...request, stream: true })));
  }

  /** Takes in documents; `progress` is called with each event. */
  async ingest(base, request, { signal, progress, ...more } = {}) {
    const whole = { ...request, ...more };
    words(base, 'base');
    if (!progress) return end(this.#start(signal, 'ingest', false, base, json(whole)));
    const stream = new Stream(this.#start(signal, 'ingest', true, base, json({ ...whole, stream: true })));
    for await (const event of stream) progress(event);
    return stream.result;
  }

  /** What a knowledge base has on words, or near a `vector`. */
  async search(base, query, { signal, vector, ...more } = {}) {
    const request = json(named('query', query, more));
    return end(this.#start(signal, 'search', false, words(base, 'base'), request, vectorOf(vector)));
  }

  /** An answer from a knowledge base, with checked citations. */
  async ask(base, question, { signal, ...more } = {}) {
    return end(this.#start(signal, 'ask', false, words(base, 'base'), json(named('question', question, more))));
  }

  /** An answer as it is said: an event with its sources first, then events with text. */
  askStream(base, question, { signal, ...more } = {}) {
    const request = { ...named('question', question, more), stream: true };
    return new Stream(this.#start(signal, 'ask', true, words(base, 'base'), json(request)));
  }

  /** What a chat would cost, before it is sent. Does not wait for anything. */
  costEstimate(prompt, more = {}) {
    return this.#atOnce('costEstimate', json(chatRequest(prompt, more)));
  }

  /** What a provider said it used (its usage object, or its whole reply), priced. Does not wait for anything. */
  costPrice(usage, provider, more = {}) {
    return this.#atOnce('costPrice', json({ usage, provider, ...more }));
  }

  /** Any action on costs by its name, such as 'forecast'. */
  async cost(action, request = {}, { signal } = {}) {
    return end(this.#start(signal, 'cost', false, words(action, 'action'), json(request)));
  }

  /** What was spent. */
  async costReport({ signal, ...query } = {}) {
    return end(this.#start(signal, 'costReport', false, json(query)));
  }

  /** Makes a collection, or checks that the one there agrees. */
  async vectorsOpen(name, { signal, ...more } = {}) {
    return end(this.#start(signal, 'vectorsOpen', false, json({ name, ...more })));
  }

  /** Deletes a collection with all that is in it. */
  async vectorsDrop(collection, { signal } = {}) {
    return end(this.#start(signal, 'vectorsDrop', false, words(collection, 'collection')));
  }

  /** All collections. */
  async vectorsCollections({ signal } = {}) {
    return end(this.#start(signal, 'vectorsCollections', false));
  }

  /** Writes items: all or nothing. `vectors` has a row for each: an array of them, or one array with all. */
  async vectorsUpsert(collection, items, vectors, { signal } = {}) {
    if (!Array.isArray(items)) throw new InvalidArgument('The items are no array.');
    const [flat, count] = rowsOf(vectors, items.length);
    return end(this.#start(signal, 'vectorsUpsert', false, words(collection, 'collection'), json(items), flat, count));
  }

  /** Removes items. */
  async vectorsRemove(collection, ids, { signal } = {}) {
    return end(this.#start(signal, 'vectorsRemove', false, words(collection, 'collection'), json(ids)));
  }

  /** The items of these ids; `vectors` of the reply has their rows. */
  async vectorsGet(collection, ids, { signal } = {}) {
    return end(this.#start(signal, 'vectorsGet', false, words(collection, 'collection'), json(ids)));
  }

  /** How many items there are. */
  async vectorsCount(collection, { signal } = {}) {
    return end(this.#start(signal, 'vectorsCount', false, words(collection, 'collection')));
  }

  /** The nearest items to a vector, to words (`text`), or to both. */
  async vectorsSearch(collection, vector, { signal, ...query } = {}) {
    const given = [words(collection, 'collection'), json(query), vectorOf(vector)];
    return end(this.#start(signal, 'vectorsSearch', false, ...given));
  }

  /** Waits until what is recorded is durable. */
  async flush() {
    await end(this.#start(undefined, 'flush', false));
  }

  /** Cancels what runs, writes what is recorded, and closes the store. Twice does no harm. */
  close() {
    return (this.#closing ??= this.#close());
  }

  async #close() {
    const mine = [...live.values()].filter((pending) => pending.kit === this);
    await Promise.all(mine.map((pending) => new Promise((resolve) => {
      const told = pending.ended;
      pending.ended = () => {
        told?.();
        resolve();
      };
      pending.cancel();
    })));
    await end(new Pending(this, this.#handle, undefined, 'close', false, []));
  }

  /** The same, waiting on this thread. */
  closeSync() {
    if (this.#closing) return;
    this.#closing = Promise.resolve();
    checked(() => native.end(this.#handle));
  }
}
for (const { prototype } of [Accounts, Costs, Jobs]) {
  for (const name of Object.getOwnPropertyNames(prototype)) {
    if (name !== 'constructor') Object.defineProperty(Kit.prototype, name, Object.getOwnPropertyDescriptor(prototype, name));
  }
}
if (Symbol.asyncDispose) Kit.prototype[Symbol.asyncDispose] = Kit.prototype.close;
if (Symbol.dispose) Kit.prototype[Symbol.dispose] = Kit.prototype.closeSync;

module.exports = { Kit, configFromEnv };
