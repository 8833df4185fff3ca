// SPDX-License-Identifier: MIT
// bindings/node/lib/operation.js - operations in flight: awaited, and iterated.
'use strict';

const { Cancelled, InvalidArgument, checked, made } = require('./errors.js');
const native = require('./native.js');

const EVENT = -1;

/** What runs, by the number the addon gave it. Keeps a kit alive while it works. */
const live = new Map();

/** A reply in OpenAI's form. */
class Reply {
  /** What a chat or an answer says. */
  get text() {
    if (this.reply && this.end) return this.reply.choices[0]?.message.content ?? ''; // of a run of tools
    return this.choices ? this.choices[0].message.content ?? '' : this.answer ?? '';
  }

  /** What a chat says in JSON; throws a SyntaxError if it is none. */
  get value() {
    return JSON.parse(this.text);
  }
}

function replyOf(text, vectors) {
  const reply = Object.assign(new Reply(), text ? JSON.parse(text) : {});
  if (vectors) {
    const width = vectors.count ? vectors.data.length / vectors.count : 0;
    const rows = Array.from({ length: vectors.count }, (_, row) => vectors.data.subarray(row * width, (row + 1) * width));
    Object.defineProperty(reply, 'vectors', { value: rows });
  }
  return reply;
}

function wordsOf(event) {
  if (event.choices) return event.choices[0]?.delta.content ?? '';
  return event.text ?? '';
}

/** One operation, from its start to its end. */
class Pending {
  /** Starts it: `name` is the addon's function, `given` what that takes after whether it listens. */
  constructor(kit, handle, signal, name, listens, given) {
    if (signal !== undefined && typeof signal?.addEventListener !== 'function') {
      throw new InvalidArgument('The signal is no AbortSignal.');
    }
    this.kit = kit;
    this.signal = signal;
    this.over = false;
    this.error = undefined;
    this.reply = undefined;
    this.ended = undefined; // called at the end
    this.heard = undefined; // called with each event
    if (signal?.aborted) throw new Cancelled('The signal was aborted before the call.', { cause: signal.reason });
    const [first, second, floats, number = 0] = given;
    this.slot = checked(() => native[name](handle, listens, first, second, floats, number));
    live.set(this.slot, this);
    if (signal) {
      this.aborted = () => this.cancel();
      signal.addEventListener('abort', this.aborted, { once: true });
    }
  }

  /** Asks it to stop; its end still comes. */
  cancel() {
    if (!this.over) native.cancel(this.slot);
  }

  /** Makes room for one more event. */
  more() {
    if (!this.over) native.more(this.slot, 1);
  }

  finish(status, text, error, detail, vectors) {
    this.over = true;
    this.signal?.removeEventListener('abort', this.aborted);
    if (status) {
      this.error = made(status, error, detail, text);
      if (this.signal?.aborted && this.error instanceof Cancelled) this.error.cause = this.signal.reason;
    } else {
      this.reply = replyOf(text, vectors);
    }
    this.ended?.();
  }
}

native.listen((slot, status, text, error, detail, vectors) => {
  const pending = live.get(slot);
  if (status === EVENT) {
    pending.heard?.(text);
    return;
  }
  live.delete(slot);
  pending.finish(status, text, error, detail, vectors);
});

/** The end of an operation. */
function end(pending) {
  return new Promise((resolve, reject) => {
    const settle = () => (pending.error ? reject(pending.error) : resolve(pending.reply));
    if (pending.over) settle();
    else pending.ended = settle;
  });
}

/** Streams that nobody holds any more are cancelled. */
const dropped = new FinalizationRegistry((pending) => pending.cancel());

/** Events as they come. Leaving the loop over it, closing it, dropping it, and its signal cancel what has not ended. */
class Stream {
  #pending;
  #events = [];
  #told; // the error was handed to a reader

  constructor(pending) {
    this.#pending = pending;
    const events = this.#events;
    // What the operation holds must not hold the stream, but while somebody waits.
    const readers = (pending.readers = []);
    pending.left = false;
    pending.heard = (text) => {
      if (pending.left) return;
      const reader = readers.shift();
      if (!reader) {
        events.push(text);
        return;
      }
      pending.more();
      reader.resolve({ done: false, value: JSON.parse(text) });
    };
    pending.ended = () => {
      for (const reader of readers.splice(0)) reader.stream.#end(reader);
      pending.closed?.();
    };
    dropped.register(this, pending);
  }

  /** The whole reply, once the last event was read or the stream has ended. */
  get result() {
    return this.#pending.reply;
  }

  [Symbol.asyncIterator]() {
    return this;
  }

  next() {
    return new Promise((resolve, reject) => {
      const pending = this.#pending;
      if (pending.left) {
        resolve({ done: true, value: undefined });
      } else if (this.#events.length > 0) {
        const text = this.#events.shift();
        pending.more();
        resolve({ done: false, value: JSON.parse(text) });
      } else if (pending.over) {
        this.#end({ resolve, reject });
      } else {
        pending.readers.push({ resolve, reject, stream: this });
      }
    });
  }

  #end({ resolve, reject }) {
    const { error, left } = this.#pending;
    if (!error || left || this.#told) {
      resolve({ done: true, value: undefined });
    } else {
      this.#told = true;
      reject(error);
    }
  }

  /** What a loop calls that is left early. */
  async return(value) {
    await this.close();
    return { done: true, value };
  }

  /** The words alone. */
  async *text() {
    for await (const event of this) {
      const words = wordsOf(event);
      if (words) yield words;
    }
  }

  /** The JSON document of a chat with `schema`, as far as it is there, each time more of it is. */
  async *partial() {
    for await (const event of this) {
      const document = event.aikit?.partial;
      if (document !== undefined) yield document;
    }
  }

  /** Cancels it, unless it has ended, and waits for its end. */
  async close() {
    const pending = this.#pending;
    pending.left = true;
    this.#events.length = 0;
    if (pending.over) return;
    pending.cancel();
    await (pending.closing ??= new Promise((resolve) => (pending.closed = resolve)));
  }
}
if (Symbol.asyncDispose) Stream.prototype[Symbol.asyncDispose] = Stream.prototype.close;

module.exports = { Pending, Reply, Stream, end, live };
