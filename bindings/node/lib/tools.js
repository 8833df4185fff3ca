// SPDX-License-Identifier: MIT
// bindings/node/lib/tools.js - runs of tools: functions that a model calls until it has its answer.
'use strict';

const { InvalidArgument, checked } = require('./errors.js');
const native = require('./native.js');
const { end } = require('./operation.js');

const LIMITS = { maxSteps: 'max_steps', maxTime: 'max_time', maxCost: 'max_cost', maxParallel: 'max_parallel' };

/** What a tool throws to tell the model in its own words what went wrong; other errors are told with their name. */
class ToolError extends Error {
  get name() {
    return 'ToolError';
  }
}

/** What a tool gives that is more than a text: parts in OpenAI's form, such as image_url. */
class Parts extends Array {}

function specOf({ name, description, parameters, strict }) {
  return { type: 'function', function: { name, description, parameters, strict } };
}

/** The request and its limits as the library takes them, and the functions by name. */
function prepared(whole) {
  const { tools = [], ...rest } = whole;
  const limits = {};
  for (const [ours, theirs] of Object.entries(LIMITS)) {
    if (rest[ours] !== undefined) limits[theirs] = ours === 'maxCost' ? String(rest[ours]) : rest[ours];
    delete rest[ours];
  }
  if (!Array.isArray(tools)) throw new InvalidArgument('The tools are no array.');
  const functions = new Map();
  const specs = tools.map((tool) => {
    if (tool?.call === undefined) return tool; // the provider's own
    if (typeof tool.call !== 'function') throw new InvalidArgument(`The call of the tool '${tool.name}' is no function.`);
    if (typeof tool.name !== 'string') throw new InvalidArgument('A tool has no name.');
    if (functions.has(tool.name)) throw new InvalidArgument(`Two tools are named '${tool.name}'.`);
    functions.set(tool.name, tool.call);
    return specOf(tool);
  });
  return { request: { ...rest, tools: specs }, limits, functions };
}

function failure(error) {
  const told = error instanceof ToolError ? error.message : String(error);
  return { content: told, failed: true };
}

function answerOf(value) {
  if (value instanceof Parts) return { content: [...value] };
  return { content: typeof value === 'string' ? value : JSON.stringify(value) ?? 'null' };
}

/** One run: answers the calls of `pending` until it ends. */
class Run {
  #pending;
  #functions;
  #approve;
  #onEvent;
  #calls = new Map(); // what is under way, by number
  #asking = Promise.resolve();
  #broken; // what the host's onEvent threw

  constructor(pending, functions, approve, onEvent) {
    this.#pending = pending;
    this.#functions = functions;
    this.#approve = approve;
    this.#onEvent = onEvent;
    pending.heard = (text) => this.#hear(JSON.parse(text));
  }

  async end() {
    try {
      const reply = await end(this.#pending);
      if (this.#broken) throw this.#broken.error;
      return reply;
    } catch (error) {
      throw this.#broken ? this.#broken.error : error;
    } finally {
      for (const controller of this.#calls.values()) controller.abort();
      this.#calls.clear();
    }
  }

  #hear(event) {
    this.#pending.more();
    if (event.type === 'call') void this.#call(event);
    else if (event.type === 'cancelled') this.#stop(event.call);
    else this.#tell(event);
  }

  #tell(event) {
    if (this.#broken) return;
    try {
      this.#onEvent?.(event);
    } catch (error) {
      this.#broken = { error };
      this.#pending.cancel();
    }
  }

  #stop(number) {
    this.#calls.get(number)?.abort();
    this.#calls.delete(number);
  }

  async #call(event) {
    const controller = new AbortController();
    this.#calls.set(event.call, controller);
    let answer;
    try {
      answer = await this.#carriedOut(event, controller.signal);
    } catch (error) {
      answer = failure(error);
    }
    if (!this.#calls.delete(event.call) || this.#pending.over) return;
    try {
      this.#give(event.call, answer);
    } catch (error) {
      this.#give(event.call, failure(error));
    }
  }

  #give(number, answer) {
    checked(() => native.answer(this.#pending.slot, number, JSON.stringify(answer)));
  }

  async #carriedOut({ id, name, step, arguments: text }, signal) {
    const call = this.#functions.get(name);
    if (!call) throw new ToolError('There is no function for this tool.');
    const given = JSON.parse(text);
    if (this.#approve) {
      const asked = this.#asking.then(() => signal.aborted || this.#approve({ id, name, step, arguments: given }));
      this.#asking = asked.catch(() => {});
      if (!(await asked)) return { declined: true };
    }
    return answerOf(await call(given, { id, step, signal }));
  }
}

module.exports = { Parts, Run, ToolError, prepared };
