/* SPDX-License-Identifier: MIT */
/* aikit.h - the C ABI of aikit. Plain C11; include it from anything that can call C.
 *
 * Conventions, true for every function here:
 *
 *  1. Handles (aikit_runtime, aikit_kit, aikit_op, aikit_error) are typed, opaque, and never pointers to memory: each
 *     is a number that aikit looks up. A handle that was freed, that is of another kind, or that is no handle at all,
 *     gives AIKIT_E_INVALID_STATE; it is never followed. Handles are never reused. Every *_free takes NULL, and what
 *     was freed already, and then does nothing.
 *  2. What can fail returns aikit_status: 0 is success, the other numbers never change their meaning.
 *  3. Errors: the last argument, `error`, may be NULL. Otherwise on failure it receives an aikit_error that the caller
 *     frees (or NULL when there was no memory for one), and on success it is left as it was. There is no "last error".
 *     Besides what each function names, every one can fail with
 *       AIKIT_E_INVALID_ARGUMENT  a pointer is NULL that must not be, or an argument is wrong: the sentence says which
 *       AIKIT_E_INVALID_STATE     the handle is stale (1), foreign (1) or closed, or this is a forked child (10)
 *       AIKIT_E_OUT_OF_MEMORY     an allocation failed; nothing was done
 *       AIKIT_E_INTERNAL          a bug in aikit
 *  4. Arguments come in this order: handle, what goes in, callbacks, what comes out, error. What comes out is written
 *     on success only, and must not be NULL unless it says so.
 *  5. Text is UTF-8 as (pointer, length in bytes), without a NUL on the way in, with one behind it on the way out. What
 *     goes in (text, vectors) is copied before the call returns. (NULL, 0) is the empty text, where one is allowed.
 *  6. What aikit hands over in an aikit_bytes or aikit_floats is freed with aikit_bytes_free or aikit_floats_free,
 *     never with free().
 *  7. Requests, replies and configuration are JSON in the form of OpenAI's Chat Completions with a member "aikit" for
 *     what is ours; vectors are raw arrays of float. Each form has a schema in schema/<name>.json, named here as
 *     <name>. Unknown members are errors in configuration, in requests that are not OpenAI's, and under "aikit".
 *     Replies may gain members; none is ever removed or given another meaning.
 *  8. An operation is started by a function whose name ends in _start, which returns at once. Its events reach
 *     `on_event`, in order; then its end reaches `on_done`, exactly once, never followed by an event. No two callbacks
 *     of one operation overlap. `*out` is written before any of them runs, and none runs inside the start call. When
 *     the start call fails, none ever runs. Both callbacks may be NULL: aikit_op_next and aikit_op_wait then serve
 *     instead. Where callbacks run is the runtime's choice: see aikit_runtime_create. What a callback is handed lives
 *     as long as the callback. A callback may call anything here but what blocks, and may free any handle; it returns
 *     normally (no exception, no longjmp, no end of its thread). Nothing touches `user` once on_done has returned.
 *  9. At most `window` events (0 means 64) are handed to on_event, or wait for aikit_op_next, until aikit_op_more says
 *     that some were taken; while there are that many, the provider's connection is not read. With AIKIT_WINDOW_AUTO an
 *     event counts as taken when on_event returns.
 * 10. Every function may be called from any thread, and handles freed in any order, also while calls with them run:
 *     what runs keeps what it needs. A call that blocks is refused (AIKIT_E_INVALID_STATE) where it could never end:
 *     inside a callback on a thread of the runtime. In a child made by fork() every inherited handle gives
 *     AIKIT_E_INVALID_STATE, at once; handles made in the child work.
 * 11. No exception, signal handler, output or change of locale or environment comes from aikit. The library can be
 *     unloaded once every runtime and kit is freed. A process that exits with some open calls nobody back any more: an
 *     on_done that is due then never comes.
 * 12. Signatures never change. A better function gets a new name that ends in _v2. Numbers here are never reused.
 */
#ifndef AIKIT_CAPI_AIKIT_H
#define AIKIT_CAPI_AIKIT_H

#include <stddef.h>
#include <stdint.h>

#if defined(_WIN32)
#if defined(AIKIT_BUILDING)
#define AIKIT_API __declspec(dllexport)
#else
#define AIKIT_API __declspec(dllimport)
#endif
#else
#define AIKIT_API __attribute__((visibility("default")))
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* Raised when functions are added; see aikit_abi_version. */
#define AIKIT_ABI_VERSION 1

typedef int32_t aikit_status;
enum {
    AIKIT_OK = 0,
    AIKIT_E_INVALID_ARGUMENT = 1, /* The call is malformed; the sentence names the field. */
    AIKIT_E_AUTHENTICATION = 2,   /* The provider refused the credentials. */
    AIKIT_E_PERMISSION = 3,       /* The credentials are good, but not for this. */
    AIKIT_E_NOT_FOUND = 4,        /* No such model, file, collection or document. */
    AIKIT_E_INVALID_REQUEST = 5,  /* The provider refused the request as it stands. */
    AIKIT_E_CONTEXT_LENGTH = 6,   /* The request does not fit the model's context window. */
    AIKIT_E_CONTENT_FILTERED = 7, /* The provider's safety system refused it or withheld the answer. */
    AIKIT_E_RATE_LIMITED = 8,     /* Too many requests or tokens; see aikit_error_retry_after_ms. */
    AIKIT_E_QUOTA_EXCEEDED = 9,   /* The account's credit or plan is used up; waiting does not help. */
    AIKIT_E_OVERLOADED = 10,      /* The provider asks to come back later. */
    AIKIT_E_SERVER_ERROR = 11,    /* The provider failed. */
    AIKIT_E_TIMEOUT = 12,         /* A time limit of the request ran out. */
    AIKIT_E_CONNECTION = 13,      /* Lost or refused before an answer. */
    AIKIT_E_INCOMPLETE = 14,      /* A stream ended before its terminal marker. */
    AIKIT_E_PROTOCOL = 15,        /* The other side answered, but not in its own format. */
    AIKIT_E_BUDGET_EXCEEDED = 16, /* A budget of the caller's does not allow it. */
    AIKIT_E_UNKNOWN_PRICE = 17,   /* It cannot be priced, and the policy says not to guess. */
    AIKIT_E_UNSUPPORTED = 18,     /* This provider or model cannot do that; nothing was sent. */
    AIKIT_E_CANCELLED = 19,       /* The caller asked to stop. */
    AIKIT_E_STORAGE = 20,         /* The store is damaged, full, read-only, or newer than this library. */
    AIKIT_E_BUSY = 21,            /* Another process or connection holds it. */
    AIKIT_E_INVALID_STATE = 22,   /* Not now: the handle is stale, closed, or already doing this. */
    AIKIT_E_OUT_OF_MEMORY = 23,   /* An allocation failed. */
    AIKIT_E_INTERNAL = 24         /* A bug in aikit; please report it. */
};

typedef struct aikit_runtime aikit_runtime; /* threads, or the lack of them */
typedef struct aikit_kit aikit_kit;         /* providers, prices, ledger and store behind one handle */
typedef struct aikit_op aikit_op;           /* one operation in flight */
typedef struct aikit_error aikit_error;     /* what went wrong */

/* Bytes that aikit hands over. data[size] is 0; data is NULL when there are none. */
typedef struct aikit_bytes {
    char* data;
    size_t size;
} aikit_bytes;

/* Vectors that aikit hands over: `count` rows of `dimensions` numbers, one row after the other. */
typedef struct aikit_floats {
    float* data;
    size_t count;
    size_t dimensions;
} aikit_floats;

/* A string literal as (pointer, length). */
#define AIKIT_TEXT(literal) ("" literal), (sizeof(literal) - 1)

/* See convention 9. */
#define AIKIT_WINDOW_AUTO UINT32_MAX

/* Flags of aikit_embed_start: vectors are fetched with aikit_op_vectors, and "data" of the reply is empty. */
#define AIKIT_RAW_VECTORS 1u

/* One event of an operation as JSON. */
typedef void (*aikit_event_cb)(void* user, char const* event, size_t size);

/* The end of an operation. On success `error` is NULL and `result` is its reply as JSON. On failure `error` says why,
 * and `result` is what had come by then, where the operation says that it can have part of a reply; else NULL. */
typedef void (*aikit_done_cb)(void* user, aikit_status status, char const* result, size_t size,
                              aikit_error const* error);

/* Writes the key called `name` to `key`, at most `room` bytes (65,536), and returns its length; 0 means that there is
 * none. The memory is overwritten afterwards. It returns normally, and calls nothing here. */
typedef size_t (*aikit_key_cb)(void* user, char const* name, size_t name_size, char* key, size_t room);

/* ---- the library ---- */

/* The ABI of the loaded library: AIKIT_ABI_VERSION as it was built. It has every function of all lower numbers. */
AIKIT_API uint32_t aikit_abi_version(void);

/* "MAJOR.MINOR.PATCH" of the loaded library. Static storage. */
AIKIT_API char const* aikit_version(void);

/* "rate_limited" and so on; "ok" for 0, "unknown" for other numbers. Static storage. */
AIKIT_API char const* aikit_status_name(aikit_status status);

/* Frees the data and sets the struct to zero, so that doing it twice does no harm. NULL does nothing. */
AIKIT_API void aikit_bytes_free(aikit_bytes* bytes);
AIKIT_API void aikit_floats_free(aikit_floats* floats);

/* One value of a JSON document, for programs without a JSON library. `pointer` is a JSON Pointer (RFC 6901) such as
 * "/choices/0/delta/content"; the empty one is the whole. A string is handed over as its text, anything else as JSON.
 * Errors: not_found (no such value). */
AIKIT_API aikit_status aikit_json_get(char const* json, size_t json_size, char const* pointer, size_t pointer_size,
                                      aikit_bytes* out, aikit_error** error);

/* ---- errors ---- */

/* Its number; AIKIT_E_INVALID_ARGUMENT for NULL, AIKIT_E_INVALID_STATE for a stale handle. */
AIKIT_API aikit_status aikit_error_code(aikit_error const* error);

/* Texts live as long as the error; "" when there is none, for NULL and for a stale handle. */
AIKIT_API char const* aikit_error_message(aikit_error const* error);       /* one sentence of ours, safe to log */
AIKIT_API char const* aikit_error_provider(aikit_error const* error);      /* which configured provider */
AIKIT_API char const* aikit_error_provider_code(aikit_error const* error); /* its own code, "insufficient_quota" */
AIKIT_API char const* aikit_error_request_id(aikit_error const* error);    /* its id of the request */
AIKIT_API char const* aikit_error_remote_detail(aikit_error const* error); /* its words; may hold user data */

/* 0 when no HTTP answer came. */
AIKIT_API int32_t aikit_error_http_status(aikit_error const* error);

/* 1 when the same request may succeed later without being changed, else 0. */
AIKIT_API int32_t aikit_error_retryable(aikit_error const* error);

/* How long the provider asked to wait; -1 when it did not. */
AIKIT_API int64_t aikit_error_retry_after_ms(aikit_error const* error);

/* All but the remote side's words as JSON (error). */
AIKIT_API aikit_status aikit_error_json(aikit_error const* failed, aikit_bytes* out, aikit_error** error);

AIKIT_API void aikit_error_free(aikit_error* error);

/* ---- runtimes ---- */

/* Makes a runtime. `config` (runtime_config; may be empty) counts threads, all named and none other started:
 *   "io" 1, "cpu" -1 (one per core, started when needed), "storage" 1, "resolver" 1; 0: on the thread that asks
 *   "callbacks"  "io"        on a thread of the runtime: return quickly
 *                "dispatch"  in aikit_runtime_dispatch, on the thread that calls it; see aikit_runtime_wait_handle
 * With "io": 0 nothing moves unless aikit_runtime_poll (or a call that blocks) drives it, and callbacks run in there;
 * with all four at 0 there are no threads at all. The caller frees it. */
AIKIT_API aikit_status aikit_runtime_create(char const* config, size_t config_size, aikit_runtime** out,
                                            aikit_error** error);

/* A file descriptor that is readable while callbacks wait for aikit_runtime_dispatch: watch it in a loop of your own.
 * It is the runtime's, and valid until that is freed; do not read or close it. It may be readable once more when all
 * have run. Errors: invalid_state (this runtime's callbacks do not wait). */
AIKIT_API aikit_status aikit_runtime_wait_handle(aikit_runtime* runtime, int32_t* out, aikit_error** error);

/* Runs the callbacks that wait, on the calling thread; those that come meanwhile wait for the next call. Does not
 * block. `ran` (may be NULL) receives their number. Errors: invalid_state (callbacks do not wait here, or another
 * thread or a callback is in this function now). */
AIKIT_API aikit_status aikit_runtime_dispatch(aikit_runtime* runtime, size_t* ran, aikit_error** error);

/* Drives a runtime with "io": 0 on the calling thread: runs what is ready, waiting for up to `timeout_ms` (-1: as long
 * as it takes) for the first of it. `ran` (may be NULL) receives how many pieces of work that were.
 * Errors: invalid_state (the runtime has threads, or it is being driven already). */
AIKIT_API aikit_status aikit_runtime_poll(aikit_runtime* runtime, int32_t timeout_ms, size_t* ran, aikit_error** error);

/* Ends the runtime: operations are cancelled, and their on_done runs before this returns (on the calling thread where
 * callbacks wait for aikit_runtime_dispatch or aikit_runtime_poll); what kits have recorded is written; threads are
 * joined. Blocks until then, but for a callback on one of its own threads: there all this is only begun. */
AIKIT_API void aikit_runtime_free(aikit_runtime* runtime);

/* ---- kits ---- */

/* What the environment says, as a configuration (kit_config): the file of `path`, else of AIKIT_CONFIG, else the usual
 * places; then AIKIT_STORE, OPENAI_API_KEY and its like, proxies. The one function here that reads the environment,
 * but for keys that a configuration names as "env:NAME". `path` may be empty. Blocks for the file.
 * Errors: not_found (a file that was named), permission. */
AIKIT_API aikit_status aikit_config_from_env(char const* path, size_t path_size, aikit_bytes* out, aikit_error** error);

/* Opens a kit. `config` (kit_config) mirrors aikit::KitConfig; "{}" is a store in memory and the built-in provider. For
 * tests, a provider of "type": "scripted" answers from "script": the path of a script, or the script itself. With
 * `runtime` NULL the kit makes one of its own as its member "runtime" says, which is not looked at otherwise. The
 * caller frees the kit. Blocks for the store's file. Errors: authentication (a key that cannot be read), not_found,
 * permission, storage, busy. */
AIKIT_API aikit_status aikit_kit_open(aikit_runtime* runtime, char const* config, size_t config_size, aikit_kit** out,
                                      aikit_error** error);

/* As aikit_kit_open; `keys` (may be NULL) gives the keys that the configuration names as "callback:NAME". It is called
 * on the calling thread before this returns, once for each name, and not when traffic is replayed. */
AIKIT_API aikit_status aikit_kit_open_with_keys(aikit_runtime* runtime, char const* config, size_t config_size,
                                                aikit_key_cb keys, void* user, aikit_kit** out, aikit_error** error);

/* Waits until what the kit has recorded is durable. Blocks. Errors: storage, busy. */
AIKIT_API aikit_status aikit_kit_flush(aikit_kit* kit, aikit_error** error);

/* Flushes, then closes the store; later calls give invalid_state, as do operations that still need it. Blocks.
 * Errors: storage, busy: what could not be written; it is closed all the same. */
AIKIT_API aikit_status aikit_kit_close(aikit_kit* kit, aikit_error** error);

/* Lets go of the kit. Operations go on; the last one's end flushes and closes it. A kit that made its own runtime ends
 * it, as aikit_runtime_free would. */
AIKIT_API void aikit_kit_free(aikit_kit* kit);

/* ---- operations ---- */

/* Asks it to stop. on_done still comes, usually with AIKIT_E_CANCELLED; what was asked of a provider may be carried out
 * and billed nonetheless. After the end it does nothing. */
AIKIT_API aikit_status aikit_op_cancel(aikit_op* op);

/* `events` more events may come (convention 9). */
AIKIT_API aikit_status aikit_op_more(aikit_op* op, uint32_t events);

/* Takes the next event of an operation that was started without on_event, waiting for up to `timeout_ms` (-1: as long
 * as it takes, 0: not at all). `event` is empty when none came by then; `ended` receives 1, with no event, when none
 * will come any more, else 0. Taking an event makes room for another: no aikit_op_more is needed.
 * Errors: invalid_state (started with on_event, or another thread is in here). Blocks. */
AIKIT_API aikit_status aikit_op_next(aikit_op* op, int32_t timeout_ms, aikit_bytes* event, int32_t* ended,
                                     aikit_error** error);

/* Waits for the end, up to `timeout_ms` (-1: as long as it takes, 0: not at all). `ended` receives 1 when the operation
 * has ended and its on_done has returned, else 0. An operation ends although events wait for aikit_op_next only when
 * the window has room for all. Blocks. Errors: invalid_state (its callbacks wait for aikit_runtime_dispatch). */
AIKIT_API aikit_status aikit_op_wait(aikit_op* op, int32_t timeout_ms, int32_t* ended, aikit_error** error);

/* How it ended: the status and `error` that on_done gets or got, and in `result` (may be NULL; written also on failure,
 * empty when there is none) the same result. It can be asked for any number of times.
 * Errors: invalid_state (it has not ended), and the operation's own. */
AIKIT_API aikit_status aikit_op_result(aikit_op* op, aikit_bytes* result, aikit_error** error);

/* The raw vectors of an operation that has some, handed over once, from on_done on.
 * Errors: invalid_state (not ended, failed, none, or taken already). */
AIKIT_API aikit_status aikit_op_vectors(aikit_op* op, aikit_floats* out, aikit_error** error);

/* Lets go of it; this does not cancel, and callbacks still come. The window is then lifted as with AIKIT_WINDOW_AUTO.
 * Only an operation without callbacks is cancelled, as nobody could see how it ends, and one of aikit_tools_start,
 * whose calls nobody could answer. */
AIKIT_API void aikit_op_free(aikit_op* op);

/* ---- what a kit does ----
 *
 * Each comes as a call that blocks and as one that starts an operation. Errors of all: any number above but incomplete,
 * which only streams have; those of a provider carry what it said. Every reply's "aikit" tells provider, usage, cost
 * and attempts. In requests "aikit" holds what is ours: timeouts, caller, privacy, priority, max_retries, resume,
 * repairs, cache (options). An operation that can have events (its start takes a window) has them when on_event is
 * given or the request says "stream": true; its whole reply comes at the end in any case. `base` is the name of a
 * knowledge base, `collection` of a collection of vectors. */

/* A chat: request (chat_request), reply (chat_reply). The events of aikit_chat_start are chunks (chat_chunk); a chat
 * that fails on the way leaves what came, with "complete" false. aikit_chat does not look at "stream". */
AIKIT_API aikit_status aikit_chat(aikit_kit* kit, char const* request, size_t request_size, aikit_bytes* reply,
                                  aikit_error** error);
AIKIT_API aikit_status aikit_chat_start(aikit_kit* kit, char const* request, size_t request_size, uint32_t window,
                                        aikit_event_cb on_event, aikit_done_cb on_done, void* user, aikit_op** out,
                                        aikit_error** error);

/* A chat whose model calls tools of the host's until it has its answer: request (chat_request), whose "tools" the host
 * carries out; limits (tool_limits; may be empty) on steps, time, cost and calls at once; reply (tool_run). Events
 * (tool_event), by their "type":
 *   "call"       carry it out, and give what came of it to aikit_op_answer, by its number "call", at once or later
 *   "cancelled"  nobody waits for that call any more: stop. The operation's end says the same of all its calls
 *   "result"     what the model is told of a call; those that are refused (an unknown tool, arguments that do not fit
 *                the schema) are not asked for first
 *   "chunk"      of the reply (chat_chunk), when the request says "stream": true
 * "cancelled" comes whatever the window. A run that fails leaves what it had come to, with what was spent. There is no
 * twin that blocks: aikit_op_next gives the calls one by one. aikit_op_free cancels it. */
AIKIT_API aikit_status aikit_tools_start(aikit_kit* kit, char const* request, size_t request_size, char const* limits,
                                         size_t limits_size, uint32_t window, aikit_event_cb on_event,
                                         aikit_done_cb on_done, void* user, aikit_op** out, aikit_error** error);

/* What a tool gave, for the call of that number: answer (tool_answer), a JSON string or an object. From any thread,
 * also inside on_event. Errors: invalid_argument (the answer; the call still waits), not_found (it was answered
 * already, or nobody waits any more), invalid_state (the operation has ended, or has no calls). */
AIKIT_API aikit_status aikit_op_answer(aikit_op* op, int64_t call, char const* answer, size_t answer_size,
                                       aikit_error** error);

/* How many tokens the provider counts in a chat that is not carried out: request (chat_request), reply (token_count).
 * Errors: unsupported (it has no such service; aikit_cost_estimate counts here). */
AIKIT_API aikit_status aikit_count_tokens(aikit_kit* kit, char const* request, size_t request_size, aikit_bytes* reply,
                                          aikit_error** error);
AIKIT_API aikit_status aikit_count_tokens_start(aikit_kit* kit, char const* request, size_t request_size,
                                                aikit_done_cb on_done, void* user, aikit_op** out, aikit_error** error);

/* Texts to vectors: request (embed_request), reply (embeddings). With `vectors` (may be NULL) they come raw, in the
 * order of the inputs, and "data" of the reply is empty. `reply` may be NULL then. flags: 0 or AIKIT_RAW_VECTORS. */
AIKIT_API aikit_status aikit_embed(aikit_kit* kit, char const* request, size_t request_size, aikit_floats* vectors,
                                   aikit_bytes* reply, aikit_error** error);
AIKIT_API aikit_status aikit_embed_start(aikit_kit* kit, char const* request, size_t request_size, uint32_t flags,
                                         aikit_done_cb on_done, void* user, aikit_op** out, aikit_error** error);

/* Is it within the rules? request (moderate_request), reply (moderation). */
AIKIT_API aikit_status aikit_moderate(aikit_kit* kit, char const* request, size_t request_size, aikit_bytes* reply,
                                      aikit_error** error);
AIKIT_API aikit_status aikit_moderate_start(aikit_kit* kit, char const* request, size_t request_size,
                                            aikit_done_cb on_done, void* user, aikit_op** out, aikit_error** error);

/* The models of a provider; the empty one is the default one. Reply: models. */
AIKIT_API aikit_status aikit_models(aikit_kit* kit, char const* provider, size_t provider_size, aikit_bytes* reply,
                                    aikit_error** error);
AIKIT_API aikit_status aikit_models_start(aikit_kit* kit, char const* provider, size_t provider_size,
                                          aikit_done_cb on_done, void* user, aikit_op** out, aikit_error** error);

/* The configured providers, and why one cannot be used: providers. Sends nothing and does not wait. */
AIKIT_API aikit_status aikit_providers(aikit_kit* kit, aikit_bytes* reply, aikit_error** error);

/* What is used of the limits on calls, and how many calls wait for room: call_limits. Does not wait. */
AIKIT_API aikit_status aikit_call_limits(aikit_kit* kit, aikit_bytes* reply, aikit_error** error);

/* The metrics of the kit's calls, in Prometheus's text format: metrics. Does not wait. Errors: not_found (the
 * configuration's telemetry has no prometheus). */
AIKIT_API aikit_status aikit_metrics(aikit_kit* kit, aikit_bytes* reply, aikit_error** error);

/* Tries a provider by its cheapest call, all of them for the empty name: provider_checks. One that fails is no failure
 * of the call; its check says what is wrong. */
AIKIT_API aikit_status aikit_check_providers(aikit_kit* kit, char const* provider, size_t provider_size,
                                             aikit_bytes* reply, aikit_error** error);
AIKIT_API aikit_status aikit_check_providers_start(aikit_kit* kit, char const* provider, size_t provider_size,
                                                   aikit_done_cb on_done, void* user, aikit_op** out,
                                                   aikit_error** error);

/* Long jobs and files at a provider. `action` is one of: batch.create, batch.poll, batch.results, batch.cancel,
 * batch.list (many chats at once, at a lower price); files.upload, files.find, files.list, files.content, files.remove;
 * fine_tune.create, fine_tune.poll, fine_tune.events, fine_tune.cancel, fine_tune.list. request (job_request) is an
 * object with "provider" and what the action takes; reply (job_reply) has "handle", which goes on with a job after a
 * restart. Events, of batch.results only (batch_result): a result each, as they are read; "data" of the reply is empty
 * then. Reading results again bills nothing twice. Errors: unsupported (the provider has no such service). */
AIKIT_API aikit_status aikit_job(aikit_kit* kit, char const* action, size_t action_size, char const* request,
                                 size_t request_size, aikit_bytes* reply, aikit_error** error);
AIKIT_API aikit_status aikit_job_start(aikit_kit* kit, char const* action, size_t action_size, char const* request,
                                       size_t request_size, uint32_t window, aikit_event_cb on_event,
                                       aikit_done_cb on_done, void* user, aikit_op** out, aikit_error** error);

/* Documents into a knowledge base, which is made when there is none: request (ingest_request) with "paths" of files and
 * folders, or "documents" as they stand; reply (ingest_report). Events (ingest_progress) tell how far it is; while the
 * window is full they are left out, and the next one is up to date. */
AIKIT_API aikit_status aikit_ingest(aikit_kit* kit, char const* base, size_t base_size, char const* request,
                                    size_t request_size, aikit_bytes* report, aikit_error** error);
AIKIT_API aikit_status aikit_ingest_start(aikit_kit* kit, char const* base, size_t base_size, char const* request,
                                          size_t request_size, uint32_t window, aikit_event_cb on_event,
                                          aikit_done_cb on_done, void* user, aikit_op** out, aikit_error** error);

/* What a knowledge base has on something: request (search_request), reply (search_result). `vector` (may be NULL, with
 * 0 dimensions) stands in for the embedding of "query"; with it "query" may be left out, and then words do not count.
 */
AIKIT_API aikit_status aikit_search(aikit_kit* kit, char const* base, size_t base_size, char const* request,
                                    size_t request_size, float const* vector, size_t dimensions, aikit_bytes* result,
                                    aikit_error** error);
AIKIT_API aikit_status aikit_search_start(aikit_kit* kit, char const* base, size_t base_size, char const* request,
                                          size_t request_size, float const* vector, size_t dimensions,
                                          aikit_done_cb on_done, void* user, aikit_op** out, aikit_error** error);

/* An answer from a knowledge base with checked citations: request (ask_request), reply (answer). Events (answer_event):
 * the sources first, then text as it comes. One that fails on the way leaves what came. */
AIKIT_API aikit_status aikit_ask(aikit_kit* kit, char const* base, size_t base_size, char const* request,
                                 size_t request_size, aikit_bytes* answer, aikit_error** error);
AIKIT_API aikit_status aikit_ask_start(aikit_kit* kit, char const* base, size_t base_size, char const* request,
                                       size_t request_size, uint32_t window, aikit_event_cb on_event,
                                       aikit_done_cb on_done, void* user, aikit_op** out, aikit_error** error);

/* What a chat would cost, before it is sent: request (chat_request), reply (cost_estimate). Does not block.
 * Errors: unknown_price, not_found (no such provider). */
AIKIT_API aikit_status aikit_cost_estimate(aikit_kit* kit, char const* request, size_t request_size,
                                           aikit_bytes* estimate, aikit_error** error);

/* What a provider said it used, priced: request (usage_query: the usage object or the whole reply, and whose it is),
 * reply (priced_usage). Does not block. Errors: unknown_price, invalid_argument (no usage in it, unknown members). */
AIKIT_API aikit_status aikit_cost_price(aikit_kit* kit, char const* request, size_t request_size, aikit_bytes* priced,
                                        aikit_error** error);

/* What was spent: query (cost_query; may be empty), reply (cost_report). */
AIKIT_API aikit_status aikit_cost_report(aikit_kit* kit, char const* query, size_t query_size, aikit_bytes* report,
                                         aikit_error** error);
AIKIT_API aikit_status aikit_cost_report_start(aikit_kit* kit, char const* query, size_t query_size,
                                               aikit_done_cb on_done, void* user, aikit_op** out, aikit_error** error);

/* What is known of costs, and who may spend how much. `action` is one of: estimate (a "request", with the interval that
 * calls of the same kind came to), compare (what the catalog's models would ask for a "request"), volume (a month of
 * many calls, with discounts), track (writes down a call that was made elsewhere), forecast (what this month will come
 * to), anomalies (days that stand out), savings (what would have been cheaper; with "budget_usd" the least risky
 * changes that come below it), export (rows as lines of JSON or CSV, a page at a time), prune (removes rows of old
 * days; their sums stay), recost (prices rows anew; with "apply" it writes them); budgets (what is spent and set
 * aside), adjust_budget (adds to what counts as spent), budget_alerts (waits for thresholds to be passed: "last_alert"
 * of one reply is "after_alert" of the next); tiers, tier and assign_tier (who has subscribed to what), claim and
 * release (things that a tier allows so many of), check_feature; explain_route (who would be asked for a "request", and
 * why), routers (how their deployments are); cache (what is kept of replies), clear_cache. request (cost_request) is an
 * object with what the action takes; a "provider" is a configured name or the catalog's. Reply: cost_reply. Errors:
 * unknown_price, invalid_argument, not_found (no such budget, tier, ...), quota_exceeded (claim), storage. */
AIKIT_API aikit_status aikit_cost(aikit_kit* kit, char const* action, size_t action_size, char const* request,
                                  size_t request_size, aikit_bytes* reply, aikit_error** error);
AIKIT_API aikit_status aikit_cost_start(aikit_kit* kit, char const* action, size_t action_size, char const* request,
                                        size_t request_size, aikit_done_cb on_done, void* user, aikit_op** out,
                                        aikit_error** error);

/* ---- collections of vectors ---- */

/* Makes a collection, or checks that the one there agrees: config (collection). Reply of the operation: {}. */
AIKIT_API aikit_status aikit_vectors_open(aikit_kit* kit, char const* config, size_t config_size, aikit_error** error);
AIKIT_API aikit_status aikit_vectors_open_start(aikit_kit* kit, char const* config, size_t config_size,
                                                aikit_done_cb on_done, void* user, aikit_op** out, aikit_error** error);

/* Deletes a collection with all that is in it. Reply of the operation: {}. */
AIKIT_API aikit_status aikit_vectors_drop(aikit_kit* kit, char const* collection, size_t collection_size,
                                          aikit_error** error);
AIKIT_API aikit_status aikit_vectors_drop_start(aikit_kit* kit, char const* collection, size_t collection_size,
                                                aikit_done_cb on_done, void* user, aikit_op** out, aikit_error** error);

/* All collections. Reply: collections. */
AIKIT_API aikit_status aikit_vectors_collections(aikit_kit* kit, aikit_bytes* result, aikit_error** error);
AIKIT_API aikit_status aikit_vectors_collections_start(aikit_kit* kit, aikit_done_cb on_done, void* user,
                                                       aikit_op** out, aikit_error** error);

/* Writes items, replacing those whose id is there: all or nothing, durable and findable when acknowledged. items
 * (vector_items) has one entry for each of the `count` rows of `vectors`, in order; with `vectors` NULL (and count and
 * dimensions 0) they have texts only. Some hundred at a time leave room for other writers. Reply of the operation:
 * written. */
AIKIT_API aikit_status aikit_vectors_upsert(aikit_kit* kit, char const* collection, size_t collection_size,
                                            char const* items, size_t items_size, float const* vectors, size_t count,
                                            size_t dimensions, aikit_error** error);
AIKIT_API aikit_status aikit_vectors_upsert_start(aikit_kit* kit, char const* collection, size_t collection_size,
                                                  char const* items, size_t items_size, float const* vectors,
                                                  size_t count, size_t dimensions, aikit_done_cb on_done, void* user,
                                                  aikit_op** out, aikit_error** error);

/* Removes items: ids is a JSON array of strings. `removed` (may be NULL) receives how many were there. Reply of the
 * operation: removed. */
AIKIT_API aikit_status aikit_vectors_remove(aikit_kit* kit, char const* collection, size_t collection_size,
                                            char const* ids, size_t ids_size, int64_t* removed, aikit_error** error);
AIKIT_API aikit_status aikit_vectors_remove_start(aikit_kit* kit, char const* collection, size_t collection_size,
                                                  char const* ids, size_t ids_size, aikit_done_cb on_done, void* user,
                                                  aikit_op** out, aikit_error** error);

/* The items of these ids (a JSON array of strings) in their order, those that are missing left out: vector_found, whose
 * "row" tells which row of `vectors` (may be NULL; aikit_op_vectors) is the item's. */
AIKIT_API aikit_status aikit_vectors_get(aikit_kit* kit, char const* collection, size_t collection_size,
                                         char const* ids, size_t ids_size, aikit_bytes* items, aikit_floats* vectors,
                                         aikit_error** error);
AIKIT_API aikit_status aikit_vectors_get_start(aikit_kit* kit, char const* collection, size_t collection_size,
                                               char const* ids, size_t ids_size, aikit_done_cb on_done, void* user,
                                               aikit_op** out, aikit_error** error);

/* How many items there are. Reply of the operation: count. */
AIKIT_API aikit_status aikit_vectors_count(aikit_kit* kit, char const* collection, size_t collection_size, int64_t* out,
                                           aikit_error** error);
AIKIT_API aikit_status aikit_vectors_count_start(aikit_kit* kit, char const* collection, size_t collection_size,
                                                 aikit_done_cb on_done, void* user, aikit_op** out,
                                                 aikit_error** error);

/* The nearest items, best first: query (vector_query; may be empty with a vector), reply (vector_hits). A `vector`
 * alone is compared with vectors, "text" of the query alone (`vector` NULL, 0 dimensions) with words, both together
 * with both. */
AIKIT_API aikit_status aikit_vectors_search(aikit_kit* kit, char const* collection, size_t collection_size,
                                            char const* query, size_t query_size, float const* vector,
                                            size_t dimensions, aikit_bytes* hits, aikit_error** error);
AIKIT_API aikit_status aikit_vectors_search_start(aikit_kit* kit, char const* collection, size_t collection_size,
                                                  char const* query, size_t query_size, float const* vector,
                                                  size_t dimensions, aikit_done_cb on_done, void* user, aikit_op** out,
                                                  aikit_error** error);

#ifdef __cplusplus
}
#endif

#endif /* AIKIT_CAPI_AIKIT_H */
