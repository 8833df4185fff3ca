// SPDX-License-Identifier: MIT
// bindings/node/index.d.ts - what the package offers, for TypeScript.

// For `using` and `await using`, where the language has them.
declare global {
  interface SymbolConstructor {
    readonly dispose: unique symbol;
    readonly asyncDispose: unique symbol;
  }
}

/** An object of JSON whose members this file does not name; the schemas in capi/schema do. */
export interface Json {
  [member: string]: any;
}

export interface Message {
  role: 'system' | 'developer' | 'user' | 'assistant' | 'tool';
  content?: string | Json[] | null;
  [member: string]: any;
}

/** A request in OpenAI's form, with `aikit` for what is ours: timeouts, caller, privacy, priority, max_retries, cache
 * ("use", "refresh", "bypass"), resume for streams of a router, and repairs for chats that ask for JSON. */
export interface ChatRequest {
  messages?: Message[];
  model?: string;
  temperature?: number;
  max_tokens?: number;
  aikit?: Json;
  [member: string]: any;
}

/** Words, messages, or a whole request. */
export type Prompt = string | Message[] | (ChatRequest & { length?: never });

export interface Signal {
  /** Cancels the call. */
  signal?: AbortSignal;
}

/** With `schema`, a JSON Schema, a chat answers in JSON that fits: it is checked, and the model is asked again at most
 * `repairs` times (2) when it does not. */
export interface Structured {
  schema?: Json;
  repairs?: number;
}

export type ChatOptions = Partial<ChatRequest> & Signal & Structured;

/** A row of numbers. */
export type Vector = Float32Array | Float64Array | number[];

export interface Cost extends Json {
  /** Dollars, as a decimal number without rounding. */
  usd: string;
  exact: boolean;
}

/** What is ours in a reply. */
export interface Info extends Json {
  provider: string;
  complete: boolean;
  cost: Cost | null;
  attempts: Array<Json & { rate_limits?: RateLimits }>;
}

/** A provider's limit on an account, as the headers of its answer told it. */
export interface RateLimit {
  limit: number | null;
  remaining: number | null;
  /** Seconds from the answer on, until all of it is there again. */
  reset: number | null;
}

/** Limits in one form for all providers; kinds that nothing was said of are missing. */
export interface RateLimits {
  requests?: RateLimit;
  tokens?: RateLimit;
  input_tokens?: RateLimit;
  output_tokens?: RateLimit;
}

/** A reply in OpenAI's form. */
export class Reply implements Json {
  [member: string]: any;
  aikit?: any;
  /** What a chat or an answer says; "" for other replies. */
  readonly text: string;
  /** What a chat says in JSON; throws a SyntaxError if it is none. */
  readonly value: any;
  /** Raw vectors, where they were asked for: a row for each. */
  readonly vectors?: Float32Array[];
}

/** A chat's or an embedding's reply. */
export type Told = Reply & { aikit: Info };

/** Events as they come. Leaving a loop over it, closing it, dropping it, and its signal cancel what has not ended. A
 * reader that waits holds the provider back: no more than 64 events are kept for it. */
export class Stream implements AsyncIterableIterator<Json> {
  private constructor();
  /** The whole reply, once the stream has ended. */
  readonly result: Told | undefined;
  next(): Promise<IteratorResult<Json, any>>;
  return(value?: any): Promise<IteratorResult<Json, any>>;
  [Symbol.asyncIterator](): this;
  /** The words alone. */
  text(): AsyncGenerator<string, void, void>;
  /** The JSON document of a chat with `schema`, as far as it is there, each time more of it is. */
  partial(): AsyncGenerator<any, void, void>;
  /** Cancels it, unless it has ended, and waits for its end. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Of a call of a tool: the model's id of it, which reply asked for it, and a signal that says that nobody waits any more. */
export interface ToolContext {
  id: string;
  step: number;
  signal: AbortSignal;
}

/** A function that a model may call. `parameters` is the JSON Schema of its arguments, which are checked before. What it
 * gives is told to the model as a text, or as JSON, or as Parts; what it throws is told too. */
export interface Tool {
  name: string;
  description?: string;
  parameters?: Json;
  strict?: boolean;
  call(args: any, context: ToolContext): unknown;
}

/** What a tool throws to tell the model in its own words what went wrong; other errors are told with their name. */
export class ToolError extends Error {}

/** What a tool gives that is more than a text: parts in OpenAI's form, such as image_url. */
export class Parts extends Array<Json> {}

/** A call that waits to be allowed. */
export interface AskedCall {
  id: string;
  name: string;
  step: number;
  arguments: any;
}

/** What is told on the way of a run. */
export type ToolEvent =
  | { type: 'chunk'; step: number; chunk: Json }
  | { type: 'result'; step: number; name: string; arguments: string; failed: boolean; message: Json };

export interface ToolOptions extends Signal {
  /** Functions, or tools of the provider's own. */
  tools?: Array<Tool | Json>;
  /** Asked before each call, one at a time. False: the model is told that the call was declined. */
  approve?: (call: AskedCall) => boolean | Promise<boolean>;
  onEvent?: (event: ToolEvent) => void;
  /** Replies of the model; 8. */
  maxSteps?: number;
  /** Seconds for the whole run. */
  maxTime?: number;
  /** Dollars for all replies together, as a decimal text or a number. */
  maxCost?: string | number;
  /** Calls of one reply at once; 4. */
  maxParallel?: number;
  [member: string]: any;
}

export interface ToolRun extends Reply {
  /** 'answered': the model asks for no tool any more. Else what stopped it. */
  end: 'answered' | 'length' | 'content_filter' | 'steps' | 'time' | 'cost';
  steps: number;
  calls: number;
  usage: Json;
  cost: { usd: string } | null;
  /** The last one that came. */
  reply: Json | null;
  /** The request's and all that came after, for the next turn: each call has its result. */
  messages: Message[];
}

export interface SearchOptions extends Signal {
  /** Stands in for the embedding of the query. */
  vector?: Vector;
  top?: number;
  mode?: 'hybrid' | 'dense' | 'sparse';
  [member: string]: any;
}

export interface IngestOptions extends Signal {
  progress?: (event: Json) => void;
  [member: string]: any;
}

export interface IngestRequest {
  paths?: string[];
  documents?: Array<{ uri: string; text: string; metadata?: Json; [member: string]: any }>;
  [member: string]: any;
}

/** Goes through JSON.stringify, and goes on with a job in another process. */
export interface JobHandle {
  provider: string;
  kind: 'batch' | 'fine_tune';
  id: string;
  [member: string]: any;
}

/** A job by its id, its handle, or a reply that has one. */
export type Job = string | JobHandle | { handle: JobHandle };

/** `provider`, else the default one, and what the action takes. */
export interface JobOptions extends Signal {
  provider?: string;
  [member: string]: any;
}

export interface JobReply extends Reply {
  id: string;
  status: string;
  handle: JobHandle;
}

export interface Item {
  id: string;
  text?: string;
  metadata?: Json;
}

/** Which rows of the ledger; times are RFC 3339. */
export interface RowsOptions extends Signal {
  provider?: string;
  model?: string;
  operation?: string;
  tenant?: string;
  user?: string;
  key?: string;
  project?: string;
  tag?: string;
  from?: string;
  until?: string;
  utc_offset_minutes?: number;
}

export interface CompareOptions extends Signal {
  providers?: string[];
  reasoning_only?: boolean;
  free_too?: boolean;
  most?: number;
}

/** What a call uses, each token counted once. */
export interface Counts {
  input?: number;
  cache_read?: number;
  cache_write_5m?: number;
  cache_write_1h?: number;
  output?: number;
  reasoning?: number;
  [kind: string]: number | undefined;
}

export interface VolumeOptions extends Signal {
  service_tier?: string;
  discounts?: { provider?: string; from_usd: string; basis_points: number }[];
}

export interface TrackOptions extends Signal {
  service_tier?: string;
  operation?: string;
  started?: string;
  latency?: number;
  caller?: { tenant?: string; user?: string; key?: string; project?: string; tags?: string[] };
}

export interface CostEstimate extends Reply {
  expected_usd: string;
  at_most_usd: string;
  low_usd?: string;
  high_usd?: string;
  learned_from?: number;
}

export interface VolumeQuote extends Reply {
  list_usd: string;
  discounted_usd: string;
  batch_usd: string;
  next_from_usd: string | null;
  next_basis_points: number;
}

export interface CostForecast extends Reply {
  from: string;
  until: string;
  spent_usd: string;
  expected_usd: string;
  low_usd: string;
  high_usd: string;
}

export interface CostAnomaly {
  key: string;
  day: string;
  cost_usd: string;
  expected_usd: string;
  score: number;
}

/** What of a budget an alert and a status tell alike. */
export interface BudgetUse {
  budget: string;
  value: string;
  cost_usd: string;
  tokens: number;
  cost_limit_usd?: string;
  token_limit?: number;
  resets_at?: string;
}

export interface BudgetAlert extends BudgetUse {
  percent: number;
  /** So many before this one were kept no more when it was asked for. */
  missed?: number;
}

export interface BudgetStatus extends BudgetUse {
  by: string;
  window: 'minute' | 'hour' | 'day' | 'week' | 'month' | 'total';
  hard: boolean;
  began_at: string;
  held_usd: string;
  held_tokens: number;
  lost_usd: string;
  lost_tokens: number;
}

export interface TierStatus {
  member: string;
  tier: string;
  since?: string;
  counts: { kind: string; used: number; limit?: number }[];
  use?: BudgetStatus;
}

export interface CacheState {
  process: {
    hits: number; shared: number; semantic_hits: number; misses: number; bypassed: number; stores: number;
    evictions: number; expired: number; corrupt: number; failed_reads: number; failed_writes: number;
    failed_embeddings: number; saved_usd: string; entries: number; bytes: number; last_failure?: string;
  };
  stored: { entries: number; bytes: number; worth_usd: string };
}

export interface RouterStatus {
  router: string;
  deployments: {
    deployment: string; provider: string; model: string; circuit: 'closed' | 'open' | 'half_open'; running: number;
    calls: number; error_rate: number; failures_in_row: number; latency_50_ms?: number; latency_95_ms?: number;
    first_token_50_ms?: number; first_token_95_ms?: number; reason?: string; usable_in_ms?: number;
  }[];
}

export interface RouteDecision {
  policy: string;
  grade: 'simple' | 'complex_reasoning' | 'code' | 'long_context';
  sensitive?: boolean;
  reasons: string[];
  input_tokens: number;
  candidates: {
    deployment: string; left_out?: string; cost_usd?: string; latency_ms?: number; quality?: number; running?: number;
    warm_cache?: boolean; score?: number;
  }[];
  retry_after_ms?: number;
}

export interface SavingsPlan extends Reply {
  savings: { change: string; provider: string; model: string; to: string; what: string; risk: string; risk_level: number; calls: number; per_month_usd: string }[];
  cost_per_month_usd: string;
  cost_after_usd: string;
  enough?: boolean;
}

/** A kit of a configuration, else of the environment: providers, prices, ledger and store behind one object. A
 * provider with `api: 'responses'` takes the same requests by OpenAI's Responses API. The options of a call are members of its request, and `signal`. Failures are AikitErrors.
 *
 *     const kit = new Kit();
 *     const stream = kit.stream('Hello');
 *     for await (const words of stream.text()) process.stdout.write(words);
 *     console.log(stream.result.aikit.cost.usd);
 *     await kit.close();
 *
 * A kit serves the thread that opened it; each worker opens its own. An idle one does not keep the process alive. */
export class Kit {
  /** `keys` gives the key that the configuration names as "callback:NAME"; it is asked while the kit is opened. */
  constructor(config?: Json, options?: { keys?: (name: string) => string });

  /** A chat: words, messages, or a whole request. */
  chat(prompt: Prompt, options?: ChatOptions): Promise<Told>;
  /** A chat as it is said: an iterator of OpenAI's chunks. */
  stream(prompt: Prompt, options?: ChatOptions): Stream;
  /** A chat whose model calls tools until it has its answer, or until a limit. What had come when it fails is the
   * error's `partial`. */
  runTools(prompt: Prompt | (ToolOptions & { messages: Message[] }), options?: ToolOptions): Promise<ToolRun>;
  /** What a chat would cost, before it is sent. */
  costEstimate(prompt: Prompt, more?: Partial<ChatRequest>): Reply;
  /** What a provider said it used (its usage object, or its whole reply; with `api: "aikit"` in our names), priced.
   * `entry` of the reply is what it was priced by. */
  costPrice(usage: Json, provider: string, more?: { model?: string; api?: string; at?: string; service_tier?: string; region?: string }): Reply;

  /** Texts to vectors. With `raw` they are in `vectors` of the reply. */
  embed(texts: string | string[] | Json, options?: Signal & { raw?: boolean; model?: string; [member: string]: any }): Promise<Told>;
  /** Is it within the rules? */
  moderate(texts: string | string[] | Json, options?: Signal & { model?: string; [member: string]: any }): Promise<Told>;
  /** How many tokens the provider counts in a chat, which is not carried out. */
  countTokens(prompt: Prompt, options?: ChatOptions): Promise<Told & { input_tokens: number }>;
  /** The models of a provider, else of the default one. */
  models(provider?: string, options?: Signal): Promise<Reply>;
  /** The configured providers, and why one cannot be used. Sends nothing. */
  providers(): Reply;
  /** What is used of the limits on calls, and how many calls wait for room. */
  callLimits(): Reply;
  /** The metrics of this kit's calls, as Prometheus scrapes them; `telemetry` of the configuration says to keep them. */
  metricsText(): string;
  /** Tries a provider, else all of them, by the cheapest call, and says what is wrong. */
  checkProviders(provider?: string, options?: Signal): Promise<Reply>;

  /** Any action on a batch, a file or a training by its name, such as 'batch.poll'. */
  job(action: string, request?: Json, options?: Signal): Promise<Reply>;
  /** The same with what comes one by one: the results of a batch. */
  jobStream(action: string, request?: Json, options?: Signal): Stream;
  /** Begins a batch: chats by their own ids, or a list of { custom_id, body }. */
  batchCreate(requests: Json[] | { [id: string]: string | ChatRequest }, options?: JobOptions): Promise<JobReply>;
  /** How a batch stands. */
  batchPoll(job: Job, options?: JobOptions): Promise<JobReply>;
  /** The results of a batch, one by one as they are read: { custom_id, reply or error }. */
  batchResults(job: Job, options?: JobOptions): Stream;
  /** Asks a batch to stop. */
  batchCancel(job: Job, options?: JobOptions): Promise<JobReply>;
  /** The latest batches of a provider. */
  batchList(options?: JobOptions): Promise<Reply>;
  /** Sends a file by its path, or bytes with a `name`. */
  filesUpload(file: string | Uint8Array, options?: JobOptions): Promise<Reply>;
  /** What is known of a file. */
  filesFind(id: string, options?: JobOptions): Promise<Reply>;
  /** The latest files at a provider. */
  filesList(options?: JobOptions): Promise<Reply>;
  /** What is in a file at a provider. */
  filesContent(id: string, options?: JobOptions): Promise<Uint8Array>;
  /** Deletes a file at a provider. */
  filesRemove(id: string, options?: JobOptions): Promise<Reply>;
  /** Begins a training, which the provider bills. */
  fineTuneCreate(model: string, trainingFile: string, options?: JobOptions): Promise<JobReply>;
  /** How a training stands. */
  fineTunePoll(job: Job, options?: JobOptions): Promise<JobReply>;
  /** What happened in a training, the latest first. */
  fineTuneEvents(job: Job, options?: JobOptions): Promise<Reply>;
  /** Asks a training to stop. */
  fineTuneCancel(job: Job, options?: JobOptions): Promise<JobReply>;
  /** The latest trainings at a provider. */
  fineTuneList(options?: JobOptions): Promise<Reply>;

  /** Takes in documents; `progress` is called with each event. */
  ingest(base: string, request: IngestRequest, options?: IngestOptions): Promise<Reply>;
  /** What a knowledge base has on words, or near a vector. */
  search(base: string, query?: string | Json | null, options?: SearchOptions): Promise<Reply>;
  /** An answer from a knowledge base, with checked citations. */
  ask(base: string, question: string | Json, options?: Signal & Json): Promise<Told>;
  /** An answer as it is said: an event with its sources first, then events with text. */
  askStream(base: string, question: string | Json, options?: Signal & Json): Stream;

  /** What was spent. */
  costReport(query?: Signal & Json): Promise<Reply>;
  /** Any action on costs by its name, such as 'forecast'. */
  cost(action: string, request?: Json, options?: Signal): Promise<Reply>;
  /** What a chat would cost, with the interval that the latest calls of the same kind came to, where there were 20. */
  estimateRequestCost(prompt: Prompt, options?: RowsOptions & { calls?: number }): Promise<CostEstimate>;
  /** What the catalog's models that can serve a chat would ask for it, cheapest first. */
  compareProviders(prompt: Prompt, options?: CompareOptions): Promise<Reply & { offers: Json[] }>;
  /** What a month of such calls costs, by list prices, with discounts, and by the batch price. */
  volumeDiscounts(provider: string, model: string, usage: Counts, callsPerMonth: number, options?: VolumeOptions): Promise<VolumeQuote>;
  /** Prices a call that was made without aikit and writes its row, once for each id. */
  trackActualCost(provider: string, model: string, usage: Counts, requestId: string, options?: TrackOptions): Promise<Reply & { cost_usd: string }>;
  /** What this month will come to. It takes at least 7 days of history. */
  predictMonthlyCost(options?: RowsOptions & { confidence?: number; history_days?: number }): Promise<CostForecast>;
  /** Days that stand out, latest first. */
  detectCostAnomalies(options?: RowsOptions & { by?: string; threshold?: number; history_days?: number }): Promise<Reply & { anomalies: CostAnomaly[] }>;
  /** What would have been cheaper, each with its risk, greatest first. */
  suggestOptimizations(options?: RowsOptions & { least_usd?: string }): Promise<SavingsPlan>;
  /** The least risky changes that bring a month below a budget; `enough` says whether they do. */
  optimizeForBudget(budgetUsd: string, options?: RowsOptions & { least_usd?: string }): Promise<SavingsPlan>;
  /** The rows of the ledger as text, a page at a time. */
  ledgerExport(format?: 'csv' | 'json_lines', options?: RowsOptions & { limit?: number }): AsyncGenerator<string>;
  /** The rows of the ledger, one by one. */
  ledgerRows(options?: RowsOptions & { limit?: number }): AsyncGenerator<Json>;
  /** Removes the rows of old days; what they cost stays in reports. */
  ledgerPrune(options: Signal & ({ before: string } | { keep_days: number })): Promise<Reply>;
  /** Prices rows anew, each as of its day; with `apply` it writes the new prices down. */
  ledgerRecost(options?: RowsOptions & { apply?: boolean }): Promise<Reply>;

  /** What is spent and set aside in the windows of now, by all processes with the same ledger. */
  budgets(options?: Signal): Promise<BudgetStatus[]>;
  /** Adds to what counts as spent in the window of now; less than nothing is taken off. `value`: whose. */
  adjustBudget(budget: string, options: Signal & { value?: string; usd?: string; tokens?: number }): Promise<BudgetStatus[]>;
  /** Thresholds as this process passes them; ends with invalid_state when the kit is closed. A reader that does not keep
   * up gets the latest 256, the first with what it `missed`. `after` 0: also those that were passed before; missing: those
   * after the first is asked for. Any number may read. */
  budgetAlerts(options?: Signal & { after?: number }): AsyncGenerator<BudgetAlert>;
  /** Everybody who was assigned to a tier, or has something that is counted. */
  tiers(options?: Signal): Promise<TierStatus[]>;
  /** The tier of a member, what it has, and what it used this month. */
  tier(member: string, options?: Signal): Promise<Reply & TierStatus>;
  /** Puts a member into a tier from now on; without one, back to the configuration's. */
  assignTier(member: string, tier?: string, options?: Signal): Promise<Reply & TierStatus>;
  /** Counts a thing as the caller's, before it is made; rejects with quota_exceeded. False: it was there already. */
  claim(caller: Json, kind: string, id: string, options?: Signal): Promise<boolean>;
  /** The thing is gone. False: it was not there. */
  release(caller: Json, kind: string, id: string, options?: Signal): Promise<boolean>;
  /** Whether the caller's tier includes a feature: one of aikit's, or your own ('shop:export'). */
  hasFeature(caller: Json, feature: string, options?: Signal): Promise<boolean>;
  /** What is kept of replies: in the file, and what the cache of this process has done. */
  cache(options?: Signal): Promise<CacheState>;
  /** Removes it: of everybody, of a tenant ("": of those without one), or of one user of it. Gives what is left. */
  clearCache(options?: Signal & { tenant?: string; user?: string }): Promise<CacheState>;
  /** The configured routers, and how their deployments are. */
  routers(options?: Signal): Promise<RouterStatus[]>;
  /** Who would be asked for a chat, and why; asks nobody. `router`: missing: the one that its model names, or the only one. */
  explainRoute(request: Json, options?: Signal & { router?: string }): Promise<Reply & RouteDecision>;

  /** Makes a collection, or checks that the one there agrees. */
  vectorsOpen(name: string, options: Signal & { dimensions?: number; [member: string]: any }): Promise<Reply>;
  /** Deletes a collection with all that is in it. */
  vectorsDrop(collection: string, options?: Signal): Promise<Reply>;
  /** All collections. */
  vectorsCollections(options?: Signal): Promise<Reply>;
  /** Writes items: all or nothing. `vectors` has a row for each: an array of them, or one array with all. */
  vectorsUpsert(collection: string, items: Item[], vectors?: Vector | Vector[] | null, options?: Signal): Promise<Reply>;
  /** Removes items. */
  vectorsRemove(collection: string, ids: string[], options?: Signal): Promise<Reply>;
  /** The items of these ids; `vectors` of the reply has their rows. */
  vectorsGet(collection: string, ids: string[], options?: Signal): Promise<Reply>;
  /** How many items there are. */
  vectorsCount(collection: string, options?: Signal): Promise<Reply>;
  /** The nearest items to a vector, to words (`text`), or to both. */
  vectorsSearch(collection: string, vector?: Vector | null, query?: Signal & { top?: number; text?: string; [member: string]: any }): Promise<Reply>;

  /** Waits until what is recorded is durable. */
  flush(): Promise<void>;
  /** Cancels what runs, writes what is recorded, and closes the store. Twice does no harm. */
  close(): Promise<void>;
  /** The same, waiting on this thread. */
  closeSync(): void;
  [Symbol.asyncDispose](): Promise<void>;
  [Symbol.dispose](): void;
}

/** What the environment says, as a configuration: the file of `path`, else of AIKIT_CONFIG, else the usual places. */
export function configFromEnv(path?: string): Json;

/** The version of the library. */
export const version: string;

export type Code =
  | 'invalid_argument'
  | 'authentication'
  | 'permission'
  | 'not_found'
  | 'invalid_request'
  | 'context_length'
  | 'content_filtered'
  | 'rate_limited'
  | 'quota_exceeded'
  | 'overloaded'
  | 'server_error'
  | 'timeout'
  | 'connection'
  | 'incomplete'
  | 'protocol'
  | 'budget_exceeded'
  | 'unknown_price'
  | 'unsupported'
  | 'cancelled'
  | 'storage'
  | 'busy'
  | 'invalid_state'
  | 'out_of_memory'
  | 'internal';

/** What went wrong; each code has a subclass. The message is a sentence of ours and safe to log. */
export class AikitError extends Error {
  static readonly code: Code;
  readonly code: Code;
  /** The reason of the signal that cancelled it. */
  readonly cause?: unknown;
  provider: string | null;
  httpStatus: number | null;
  providerCode: string | null;
  requestId: string | null;
  /** The same request may succeed later without being changed. */
  retryable: boolean;
  /** How long the provider asked to wait. */
  retryAfterMs: number | null;
  /** What the answer's headers said of the account's limits. */
  rateLimits: RateLimits | null;
  /** The provider's own words, which may hold user data. */
  remoteDetail: string;
  /** What had come of a reply by then. */
  partial: Json | null;
}

export class InvalidArgument extends AikitError {}
export class Authentication extends AikitError {}
export class Permission extends AikitError {}
export class NotFound extends AikitError {}
export class InvalidRequest extends AikitError {}
export class ContextLength extends AikitError {}
export class ContentFiltered extends AikitError {}
export class RateLimited extends AikitError {}
export class QuotaExceeded extends AikitError {}
export class Overloaded extends AikitError {}
export class ServerError extends AikitError {}
export class Timeout extends AikitError {}
export class ConnectionFailed extends AikitError {}
export class Incomplete extends AikitError {}
export class ProtocolError extends AikitError {}
export class BudgetExceeded extends AikitError {}
export class UnknownPrice extends AikitError {}
export class Unsupported extends AikitError {}
export class Cancelled extends AikitError {}
export class StorageError extends AikitError {}
export class Busy extends AikitError {}
export class InvalidState extends AikitError {}
export class OutOfMemory extends AikitError {}
export class Internal extends AikitError {}
