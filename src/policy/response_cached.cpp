// SPDX-License-Identifier: MIT
// policy/response_cached.cpp - the decorator that asks a cache first.
#include "core/async.hpp"
#include "model/replay.hpp"
#include "model/stream_layer.hpp"
#include "policy/response_cache_state.hpp"

#include <aikit/core/id.hpp>

#include <algorithm>

namespace aikit::inline v0::policy {
namespace {

using State = AIResponseCache::State;
using Cache = std::shared_ptr<State>;
using Question = QuestionIndex::Question;

constexpr char const* hit_word = "hit";
constexpr char const* miss_word = "miss";
constexpr char const* bypass_word = "bypass";

/// What is to be known of a call before it may be asked upstream.
struct Search {
    Search() = default;

    CacheKey key{};
    Caller caller;
    bool streams = false;  ///< The answer is to come as a stream.
    std::size_t expected = 0;
    std::int64_t epoch = 0;
    std::string words;                         ///< Where it may be answered by what was asked in other words.
    std::optional<Question> question;          ///< The same, with its embedding once there is one.
    std::shared_ptr<CallInfo const> embedded;  ///< What the embedding took; null: there was none.
    Kept kept;                                 ///< The answer; null: it has to be asked for.
    State::Hit hit = State::Hit::exact;
    std::shared_ptr<Turn> turn;  ///< Others wait for the answer; null: nobody does.
};

/// The sooner of the two limits that a call has.
Deadline limit_of(Clock const& clock, CallOptions const& options) {
    if (!options.limits.total) return options.deadline;
    return options.deadline.sooner(Deadline::after(clock, *options.limits.total));
}

void add_embedding(CallInfo& info, CallInfo const& embedded) {
    info.attempts.insert(info.attempts.begin(), embedded.attempts.begin(), embedded.attempts.end());
    info.usage.add(embedded.usage);
    info.cost_exact = info.cost_exact && embedded.cost_exact;
    if (!info.cost || !embedded.cost) {
        info.cost.reset();
        return;
    }
    Result<Money> const sum = Money::add(*info.cost, *embedded.cost);
    info.cost = sum ? std::optional<Money>(*sum) : std::nullopt;
}

/// A kept reply as the answer to another call: no attempt was made for it, nothing used, nothing to be paid.
template <class Reply>
Reply reply_of(State const& cache, Search const& search, std::string request_id) {
    Reply reply = *std::get_if<Reply>(&search.kept->reply);
    CallInfo& info = reply.info;
    info.request_id = request_id.empty() ? new_id(*cache.clock) : std::move(request_id);
    info.cost = Money();
    info.cost_exact = true;
    info.cache = hit_word;
    if (search.embedded) add_embedding(info, *search.embedded);
    return reply;
}

/// Waits for an equal call's answer, or for the turn to ask.
Task<Landing> wait_for(Cache cache, std::shared_ptr<Flights::Wait> wait, Deadline deadline) {
    Clock const& clock = *cache->clock;
    Deadline longest;
    if (cache->config.longest_wait.count() > 0) longest = Deadline::after(clock, cache->config.longest_wait);
    Task<Landing> waiting = Flights::Wait::wait(std::move(wait), cache->clock, deadline.sooner(longest).at());
    Result<Landing> landing = co_await std::move(waiting);
    if (landing) co_return landing;
    if (landing.error().code != Errc::timeout) {
        co_return fail(landing.error().code, "The call was stopped while it waited for the answer to an equal one.");
    }
    if (deadline.passed(cache->clock->now())) {
        co_return fail(Errc::timeout,
                       "The call ran out of time while it waited for the answer to an equal one; allow it more.");
    }
    co_return Landing();  // it asks for itself
}

/// Embeds the question, and finds an answer that was given to one like it.
Task<Search> search_alike(Cache cache, Search search, CallOptions options) {
    SemanticCacheConfig const& semantic = *cache->config.semantic;
    EmbedRequest request;
    request.model = semantic.model;
    request.inputs.emplace_back(TextPart(search.words));
    options.request_id.clear();
    options.idempotency_key.clear();
    options.attempts = nullptr;
    options.attempt = 1;
    Task<EmbedReply> embedding = guard(semantic.embedder->embed(std::move(request), std::move(options)));
    Result<EmbedReply> embedded = co_await std::move(embedding);
    if (!embedded) {
        if (embedded.error().code == Errc::cancelled) co_return embedded.error();
        cache->count_failure(&CacheStatistics::failed_embeddings, embedded.error());
        co_return search;
    }
    search.embedded = std::make_shared<CallInfo const>(std::move(embedded->info));
    Question question = std::move(*search.question);
    search.question.reset();
    if (embedded->vectors.size() != 1 || !normalise(embedded->vectors.front())) co_return search;
    question.vector = std::move(embedded->vectors.front());
    question.marks = marks_of(search.words);
    Task<Kept> finding = State::find_alike(cache, question);
    Result<Kept> found = co_await std::move(finding);
    if (!found) co_return found.error();
    search.kept = std::move(*found);
    if (search.kept) {
        search.hit = State::Hit::semantic;
    } else {
        search.question = std::move(question);
    }
    co_return search;
}

/// Looks everywhere; ends with the answer, or with the turn to ask for it.
Task<Search> seek(Cache cache, Search search, CallOptions options) {
    std::shared_ptr<Flights::Wait> wait;
    search.turn = cache->flights->join(search.key, wait);
    if (!search.turn) {
        Task<Landing> waiting = wait_for(cache, std::move(wait), limit_of(*cache->clock, options));
        Result<Landing> landing = co_await std::move(waiting);
        if (!landing) co_return landing.error();
        search.turn = std::move(landing->turn);
        search.kept = std::move(landing->kept);
        if (search.kept) search.hit = State::Hit::shared;
    }
    // Another call may have ended between the first look and this turn.
    if (!search.kept) search.kept = cache->find(search.key);
    if (!search.kept) {
        Task<Kept> reading = State::read(cache, search.key);
        Result<Kept> read = co_await std::move(reading);
        if (!read) co_return read.error();
        search.kept = std::move(*read);
    }
    if (!search.kept && search.question) {
        Task<Search> alike = search_alike(cache, std::move(search), std::move(options));
        Result<Search> found = co_await std::move(alike);
        if (!found) co_return found.error();
        search = std::move(*found);
    }
    if (search.kept && search.turn) {
        search.turn->finish(search.kept);
        search.turn.reset();
    }
    co_return search;
}

template <class Reply>
void keep_and_share(State& cache, Search& search, Reply const& whole) {
    bool const keep = may_keep(search.expected, whole);
    bool complete = true;
    if constexpr (std::is_same_v<Reply, ChatReply>) complete = whole.complete;
    if (!keep && !(search.turn && complete)) return;
    std::shared_ptr<KeptReply> const kept = cache.prepare(search.key, search.caller, whole);
    if (keep) {
        std::string body = pack(*kept);
        kept->size = static_cast<std::int64_t>(body.size());
        cache.keep(kept, search.epoch, std::move(body), std::move(search.question));
    }
    if (search.turn) search.turn->finish(kept);
}

/// A reply has come: it is kept if it may be, and given to who waits. What goes wrong is counted: the call has its
/// reply.
template <class Reply>
void settle(State& cache, Search& search, Reply const& whole) noexcept {
    Result<void> const done = guarded([&]() -> Result<void> {
        keep_and_share(cache, search, whole);
        return ok();
    });
    search.turn.reset();
    if (!done) cache.count_failure(&CacheStatistics::failed_writes, done.error());
}

/// A stream that is kept once it was read to its end. Let go before that, it hands its turn on.
class Watched final : public StreamLayer {
public:
    Watched(std::unique_ptr<Source> inner, Cache cache, Search search, bool keeps)
        : StreamLayer(std::move(inner)), cache_(std::move(cache)), search_(std::move(search)), keeps_(keeps) {}

    CallInfo info() const override {
        CallInfo info = inner()->info();
        mark(info);
        return info;
    }

private:
    Then take(Event& event) override {
        if (event && *event) {
            gather(**event);
        } else {
            keeps_ = false;
            search_.turn.reset();
        }
        return Then::hand_on;
    }

    void mark(CallInfo& info) const {
        info.cache = cache_ ? miss_word : bypass_word;
        if (search_.embedded) add_embedding(info, *search_.embedded);
    }

    void gather(ChatEvent& event) {
        auto* const finished = std::get_if<Finished>(&event);
        if (keeps_) {
            // What is too much to keep is not gathered either.
            assembler_.take(event);
            keeps_ = assembler_.size() <= static_cast<std::size_t>(cache_->config.largest);
            if (!keeps_) assembler_ = ReplyAssembler();
        }
        if (finished == nullptr) return;
        if (keeps_) {
            ChatReply const whole = assembler_.release();
            settle(*cache_, search_, whole);
            keeps_ = false;
        }
        search_.turn.reset();
        mark(*finished->info);
    }

    Cache cache_;  // null: it is passed by
    Search search_;
    bool keeps_;
    ReplyAssembler assembler_;
};

/// A kept reply as a stream, at once or at a pace.
class Replayed final : public ChatStream::Source {
public:
    Replayed(Cache cache, ChatReply const& reply, Deadline deadline)
        : cache_(std::move(cache)),
          info_(reply.info),
          events_(replay(reply, static_cast<std::size_t>(cache_->config.replay_piece))),
          deadline_(deadline),
          due_(cache_->clock->now()) {}

    Task<std::optional<ChatEvent>> next() override {
        if (at_ == events_.size()) co_return std::optional<ChatEvent>();
        auto const* const text = std::get_if<TextDelta>(&events_[at_]);
        if (text != nullptr && cache_->config.replay_rate > 0) {
            due_ += std::chrono::microseconds(static_cast<std::int64_t>(text->text.size()) * 1'000'000 /
                                              cache_->config.replay_rate);
            if (deadline_.at() <= due_) {
                co_return fail(Errc::timeout, "The reply's pace is too slow for the call's time limit.");
            }
            Task<void> waiting = sleep_until(cache_->clock, due_);
            Result<void> const woken = co_await std::move(waiting);
            if (!woken) co_return woken.error();
        }
        co_return std::optional<ChatEvent>(std::move(events_[at_++]));
    }

    CallInfo info() const override { return info_; }

private:
    Cache cache_;
    CallInfo info_;
    std::vector<ChatEvent> events_;
    Deadline deadline_;
    SteadyTime due_;
    std::size_t at_ = 0;
};

ChatStream replayed(Cache const& cache, Search const& search, CallOptions const& options) {
    ChatReply const reply = reply_of<ChatReply>(*cache, search, options.request_id);
    return ChatStream(std::make_unique<Replayed>(cache, reply, limit_of(*cache->clock, options)));
}

template <class T>
Task<T> ready(T value) {
    co_return value;
}

class Cached final : public ForwardingProvider, public std::enable_shared_from_this<Cached> {
public:
    Cached(std::shared_ptr<AIProvider> next, std::shared_ptr<AIResponseCache> cache)
        : ForwardingProvider(std::move(next)), cache_(cache->state()) {}

    // None of these is a coroutine: what is in memory needs none, and the others hand over a share of this object.
    Task<ChatReply> chat(ChatRequest request, CallOptions options) override {
        if (passes_by(request, options)) {
            return pass_by<ChatReply>(shared_from_this(), &AIProvider::chat, std::move(request), std::move(options));
        }
        Search search = begin(request, options);
        if (search.kept) return ready(reply_of<ChatReply>(*cache_, search, std::move(options.request_id)));
        begin_question(search, request, options);
        return ask<ChatReply>(shared_from_this(), &AIProvider::chat, std::move(search), std::move(request),
                              std::move(options));
    }
    Task<ChatStream> stream_chat(ChatRequest request, CallOptions options) override {
        if (passes_by(request, options)) {
            return pass_by_stream(shared_from_this(), std::move(request), std::move(options));
        }
        Search search = begin(request, options, true);
        if (search.kept) return ready(replayed(cache_, search, options));
        begin_question(search, request, options);
        return ask_stream(shared_from_this(), std::move(search), std::move(request), std::move(options));
    }
    Task<EmbedReply> embed(EmbedRequest request, CallOptions options) override {
        if (options.cache == CacheUse::bypass) {
            cache_->count_bypass();
            return pass_by<EmbedReply>(shared_from_this(), &AIProvider::embed, std::move(request), std::move(options));
        }
        Search search = begin(request, options);
        if (search.kept) return ready(reply_of<EmbedReply>(*cache_, search, std::move(options.request_id)));
        return ask<EmbedReply>(shared_from_this(), &AIProvider::embed, std::move(search), std::move(request),
                               std::move(options));
    }

private:
    using Self = std::shared_ptr<Cached const>;

    bool passes_by(ChatRequest const& request, CallOptions const& options) const {
        bool const sampled = !request.temperature || *request.temperature != 0;
        bool const passes = options.cache == CacheUse::bypass || (sampled && !cache_->config.cache_sampled);
        if (passes) cache_->count_bypass();
        return passes;
    }

    template <class Request>
    Search begin(Request const& request, CallOptions const& options, bool streams = false) const {
        Search search;
        search.key = cache_key(name(), request, options, cache_->config.share);
        search.streams = streams;
        if (options.cache == CacheUse::use) search.kept = cache_->find(search.key);
        drop_unfit(search);
        if (search.kept) {
            cache_->count_hit(*search.kept, State::Hit::exact);
            return search;
        }
        search.caller = options.caller;
        search.expected = expected_of(request);
        search.epoch = cache_->epoch();
        return search;
    }

    void begin_question(Search& search, ChatRequest const& request, CallOptions const& options) const {
        if (!cache_->config.semantic || options.cache != CacheUse::use) return;
        std::string const* const words = question_of(request, options);
        if (words == nullptr) return;
        search.words = *words;
        search.question.emplace();
        search.question->circumstances = circumstances(name(), request, options, cache_->config.share);
    }

    /// A reply that a stream cannot give whole is asked for again.
    static void drop_unfit(Search& search) noexcept {
        if (search.streams && search.kept && !may_replay(*std::get_if<ChatReply>(&search.kept->reply))) {
            search.kept.reset();
        }
    }

    /// Where the cache may not answer there is nothing to look for, and nobody waits.
    static Task<Search> found(Cache cache, Search search, CallOptions options) {
        if (options.cache == CacheUse::use) {
            Task<Search> seeking = guard(seek(cache, std::move(search), std::move(options)));
            Result<Search> sought = co_await std::move(seeking);
            if (!sought) co_return sought.error();
            search = std::move(*sought);
            drop_unfit(search);
        }
        if (search.kept) {
            cache->count_hit(*search.kept, search.hit);
        } else {
            cache->count_miss();
        }
        co_return search;
    }

    template <class Reply, class Request>
    static Task<Reply> ask(Self self, Task<Reply> (AIProvider::*operation)(Request, CallOptions), Search begun,
                           Request request, CallOptions options) {
        options.deadline = limit_of(*self->cache_->clock, options);
        Task<Search> finding = found(self->cache_, std::move(begun), options);
        Result<Search> search = co_await std::move(finding);
        if (!search) co_return search.error();
        if (search->kept) co_return reply_of<Reply>(*self->cache_, *search, std::move(options.request_id));
        AIProvider& next = *self->next();
        Task<Reply> pending = guard((next.*operation)(std::move(request), std::move(options)));
        Result<Reply> reply = co_await std::move(pending);
        if (!reply) co_return reply;
        settle(*self->cache_, *search, *reply);
        reply->info.cache = miss_word;
        if (search->embedded) add_embedding(reply->info, *search->embedded);
        co_return reply;
    }

    static Task<ChatStream> ask_stream(Self self, Search begun, ChatRequest request, CallOptions options) {
        options.deadline = limit_of(*self->cache_->clock, options);
        Task<Search> finding = found(self->cache_, std::move(begun), options);
        Result<Search> search = co_await std::move(finding);
        if (!search) co_return search.error();
        if (search->kept) co_return replayed(self->cache_, *search, options);
        Task<ChatStream> pending = guard(self->next()->stream_chat(std::move(request), std::move(options)));
        Result<ChatStream> stream = co_await std::move(pending);
        if (!stream) co_return stream;
        auto watched = std::make_unique<Watched>(stream->release(), self->cache_, std::move(*search), true);
        co_return ChatStream(std::move(watched));
    }

    template <class Reply, class Request>
    static Task<Reply> pass_by(Self self, Task<Reply> (AIProvider::*operation)(Request, CallOptions), Request request,
                               CallOptions options) {
        AIProvider& next = *self->next();
        Task<Reply> pending = guard((next.*operation)(std::move(request), std::move(options)));
        Result<Reply> reply = co_await std::move(pending);
        if (reply) reply->info.cache = bypass_word;
        co_return reply;
    }

    static Task<ChatStream> pass_by_stream(Self self, ChatRequest request, CallOptions options) {
        Task<ChatStream> pending = guard(self->next()->stream_chat(std::move(request), std::move(options)));
        Result<ChatStream> stream = co_await std::move(pending);
        if (!stream) co_return stream;
        auto watched = std::make_unique<Watched>(stream->release(), nullptr, Search(), false);
        co_return ChatStream(std::move(watched));
    }

    Cache const cache_;
};

}  // namespace

Result<std::shared_ptr<AIProvider>> make_response_cache(std::shared_ptr<AIProvider> next,
                                                        std::shared_ptr<AIResponseCache> cache) {
    if (!next)
        return fail(Errc::invalid_argument, "make_response_cache: 'next' is null; give it the provider to cache");
    if (!cache) {
        return fail(Errc::invalid_argument,
                    "make_response_cache: 'cache' is null; AIResponseCache::create() makes one");
    }
    return std::shared_ptr<AIProvider>(std::make_shared<Cached>(std::move(next), std::move(cache)));
}

Result<std::shared_ptr<AIProvider>> make_response_cache(std::shared_ptr<AIProvider> next, ResponseCacheConfig config) {
    Result<std::shared_ptr<AIResponseCache>> cache = AIResponseCache::create(std::move(config));
    if (!cache) return cache.error();
    return make_response_cache(std::move(next), std::move(*cache));
}

}  // namespace aikit::inline v0::policy
