// SPDX-License-Identifier: MIT
// telemetry/otlp.cpp - the queue of spans, the two timers, and the requests.
#include "core/async.hpp"
#include "core/os/os.hpp"
#include "core/waiter.hpp"
#include "net/request.hpp"
#include "net/retry_after.hpp"
#include "telemetry/otlp_form.hpp"

#include <aikit/telemetry/otlp.hpp>

#include <boost/asio/detached.hpp>

#include <algorithm>
#include <atomic>
#include <deque>
#include <functional>
#include <mutex>

namespace aikit::inline v0::telemetry {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds most_time = std::chrono::hours(1);
constexpr std::int64_t most_queued = 1'000'000;
constexpr std::size_t most_answer = 64 * 1024;

Error wrong(std::string const& what) {
    return fail(Errc::invalid_argument, "OtlpConfig::" + what);
}

net::HttpRequest request_of(OtlpConfig const& config, char const* path) {
    net::HttpRequest request;
    request.url = config.endpoint + path;
    request.headers = config.headers;
    request.headers.set("Content-Type", "application/json");
    request.credential_header = config.credential_header;
    request.credential = config.credential;
    request.repeatable = true;  // a collector may take the same twice
    return request;
}

Result<void> check(OtlpConfig const& config) {
    for (char const* const header : {"content-type", "content-length"}) {
        if (config.headers.find(header)) return wrong("headers: '" + std::string(header) + "' is the exporter's own");
    }
    if (Result<net::Url> const url = net::check_request(request_of(config, "/v1/traces")); !url) {
        return wrong("endpoint or headers: " + url.error().message);
    }
    if (config.endpoint.find_first_of("?#") != std::string::npos) return wrong("endpoint must have no query");
    auto const times = [](milliseconds value, milliseconds least) { return value >= least && value <= most_time; };
    if (!times(config.span_interval, milliseconds(1))) return wrong("span_interval must be 1 ms to 1 hour");
    if (!times(config.metric_interval, milliseconds(1))) return wrong("metric_interval must be 1 ms to 1 hour");
    if (!times(config.timeout, milliseconds(1))) return wrong("timeout must be 1 ms to 1 hour");
    if (!times(config.retry_for, milliseconds(0))) return wrong("retry_for must be 0 to 1 hour");
    if (config.most_spans < 1 || config.most_spans > most_queued) return wrong("most_spans must be 1 to 1,000,000");
    if (config.batch < 1 || config.batch > config.most_spans) return wrong("batch must be 1 to most_spans");
    return ok();
}

/// What one request came to.
struct Posted {
    Posted() = default;

    std::optional<Error> error;
    bool again = false;  ///< It may help to send it again.
    std::optional<milliseconds> retry_after;
    PartialSuccess partial;
};

std::uint32_t random_number() {
    std::uint32_t number = 0;
    // Without randomness the wait is its longest.
    if (!os::random_bytes(&number, sizeof number)) number = 0;
    return number;
}

}  // namespace

struct OtlpExporter::State : std::enable_shared_from_this<State> {
    using Self = std::shared_ptr<State>;
    using Nap = Waiter<bool>;
    using Naps = std::vector<std::shared_ptr<Nap>>;

    State(Runtime runtime_, std::shared_ptr<net::HttpTransport> transport_, OtlpConfig config_,
          std::unique_ptr<MetricTable> table_)
        : runtime(std::move(runtime_)),
          clock(runtime.clock()),
          executor(runtime.executor()),
          transport(std::move(transport_)),
          config(std::move(config_)),
          table(std::move(table_)),
          started(clock->system_now()) {}

    void take(Span const& span);
    void metrics_changed() noexcept;

    /// Has `timer` call `action` in a while; from any thread.
    void wake(std::unique_ptr<Timer> State::*timer, milliseconds in, void (*action)(Self));

    static void begin_spans(Self self);
    static void begin_metrics(Self self);
    static Task<void> send_spans(Self self);
    static Task<void> send_metrics(Self self, std::shared_ptr<Nap> done);
    static Task<Posted> post(Self self, char const* path, std::shared_ptr<std::string const> body);
    static Task<PartialSuccess> deliver(Self self, char const* path, std::function<std::string()> write);
    static Task<void> flush(Self self);

    std::vector<Span> next_batch();
    Naps done_flushes();
    static void give(Naps const& done);
    void settle_spans(std::int64_t count, Result<PartialSuccess> const& sent);
    void settle_metrics(Result<PartialSuccess> const& sent);
    void tell(Error const& error, char const* path) const;
    void close();

    Runtime const runtime;
    std::shared_ptr<Clock> const clock;
    boost::asio::any_io_executor const executor;
    std::shared_ptr<net::HttpTransport> const transport;
    OtlpConfig const config;
    std::unique_ptr<MetricTable> const table;
    SystemTime const started;

    std::unique_ptr<Timer> span_timer;    // used on `executor` only
    std::unique_ptr<Timer> metric_timer;  // likewise

    std::atomic<bool> changed{false};  // since the latest report was begun

    mutable std::mutex mutex;  // guards what follows; never held across a suspension
    std::deque<Span> queue;
    bool waiting = false;  // the spans' timer is armed, or about to be
    bool sending = false;  // send_spans() runs, or is about to
    bool closed = false;
    int reporting = 0;         // how often send_metrics() runs, or is about to
    std::int64_t told = 0;     // spans that went into the queue
    std::int64_t settled = 0;  // and that have left it, whatever became of them
    OtlpStats stats;
    std::int64_t failures = 0;  // batches and reports that were dropped
    std::optional<Error> failure;
    std::vector<std::pair<std::int64_t, std::weak_ptr<Nap>>> flushes;  // by what has to be settled for them
    std::vector<std::weak_ptr<Nap>> naps;                              // between two tries
};

void OtlpExporter::State::take(Span const& span) {
    bool full = false;
    {
        std::lock_guard const lock(mutex);
        if (closed || static_cast<std::int64_t>(queue.size()) >= config.most_spans) {
            ++stats.spans_dropped;
            return;
        }
        queue.push_back(span);
        ++told;
        full = static_cast<std::int64_t>(queue.size()) >= config.batch;
        if (sending || (waiting && !full)) return;
        (full ? sending : waiting) = true;
    }
    if (!full) return wake(&State::span_timer, config.span_interval, &State::begin_spans);
    if (runtime.post(executor, [self = shared_from_this()] {
            boost::asio::co_spawn(self->executor, send_spans(self), boost::asio::detached);
        })) {
        return;
    }
    std::lock_guard const lock(mutex);
    sending = false;
}

void OtlpExporter::State::metrics_changed() noexcept {
    if (changed.load(std::memory_order_relaxed) || changed.exchange(true)) return;
    Result<void> const armed = guarded([&]() -> Result<void> {
        wake(&State::metric_timer, config.metric_interval, &State::begin_metrics);
        return ok();
    });
    if (!armed) changed = false;  // the next change tries again
}

void OtlpExporter::State::wake(std::unique_ptr<Timer> State::*timer, milliseconds in, void (*action)(Self)) {
    (void)runtime.post(executor, [self = shared_from_this(), timer, in, action] {  // a closed runtime sends nothing
        std::unique_ptr<Timer>& armed = (*self).*timer;
        if (!armed) armed = self->clock->make_timer(self->executor);
        // Not the state itself, which owns the timer.
        armed->arm(self->clock->now() + in, [weak = self->weak_from_this(), action] {
            if (Self const state = weak.lock()) action(state);
        });
    });
}

void OtlpExporter::State::begin_spans(Self self) {
    {
        std::lock_guard const lock(self->mutex);
        self->waiting = false;
        if (self->sending || self->queue.empty()) return;
        self->sending = true;
    }
    boost::asio::co_spawn(self->executor, send_spans(self), boost::asio::detached);
}

void OtlpExporter::State::begin_metrics(Self self) {
    {
        std::lock_guard const lock(self->mutex);
        if (self->closed) return;
        // The collector does not answer: it is told when it does.
        if (self->reporting > 0) return self->wake(&State::metric_timer, self->config.metric_interval, &begin_metrics);
        ++self->reporting;
    }
    boost::asio::co_spawn(self->executor, send_metrics(self, nullptr), boost::asio::detached);
}

std::vector<Span> OtlpExporter::State::next_batch() {
    std::vector<Span> batch;
    std::lock_guard const lock(mutex);
    auto const count = std::min<std::int64_t>(config.batch, static_cast<std::int64_t>(queue.size()));
    for (std::int64_t i = 0; i < count; ++i) {
        batch.push_back(std::move(queue.front()));
        queue.pop_front();
    }
    if (batch.empty()) sending = false;
    return batch;
}

/// One of these at a time empties the queue, so that what cannot be sent piles up there and nowhere else.
Task<void> OtlpExporter::State::send_spans(Self self) {
    for (;;) {
        std::vector<Span> const batch = self->next_batch();
        if (batch.empty()) co_return ok();
        // Called before the first suspension, while the batch stands.
        std::function<std::string()> write = [self, &batch] { return spans_json(batch, self->config.resource); };
        Task<PartialSuccess> delivering = guard(deliver(self, "/v1/traces", std::move(write)));
        Result<PartialSuccess> const sent = co_await std::move(delivering);
        self->settle_spans(static_cast<std::int64_t>(batch.size()), sent);
    }
}

Task<void> OtlpExporter::State::send_metrics(Self self, std::shared_ptr<Nap> done) {
    self->changed = false;
    std::function<std::string()> write = [self] {
        SystemTime const now = self->clock->system_now();
        return metrics_json(self->table->snapshot(), self->config.resource, self->started, now);
    };
    Task<PartialSuccess> delivering = guard(deliver(self, "/v1/metrics", std::move(write)));
    Result<PartialSuccess> const sent = co_await std::move(delivering);
    self->settle_metrics(sent);
    Result<bool> through = true;
    if (done) done->give(through);
    co_return ok();
}

/// One request, and what its answer says.
Task<Posted> OtlpExporter::State::post(Self self, char const* path, std::shared_ptr<std::string const> body) {
    Posted posted;
    net::HttpRequest request = request_of(self->config, path);
    request.body = std::move(body);
    request.limits.total = Deadline::after(*self->clock, self->config.timeout);
    Task<net::HttpResponse> sending = guard(self->transport->send(std::move(request)));
    Result<net::HttpResponse> response = co_await std::move(sending);
    if (!response) {
        Errc const code = response.error().code;
        posted.error = response.error();
        posted.again = code == Errc::connection || code == Errc::timeout || code == Errc::incomplete;
        co_return posted;
    }
    Task<std::string> reading = guard(net::read_all(*response->body, most_answer));
    Result<std::string> const answer = co_await std::move(reading);
    if (response->status >= 200 && response->status < 300) {
        if (answer) posted.partial = read_partial_success(*answer);
        co_return posted;
    }
    Error error = fail(is_retryable(response->status) ? Errc::overloaded : Errc::invalid_request,
                       "the collector answered with status " + std::to_string(response->status),
                       answer ? *answer : std::string());
    error.http_status = response->status;
    posted.error = std::move(error);
    posted.again = is_retryable(response->status);
    std::optional<std::string_view> const after = response->headers.find("retry-after");
    if (after) posted.retry_after = net::parse_retry_after(*after, self->clock->system_now());
    co_return posted;
}

/// Sends the same until it is taken, refused, or given up.
Task<PartialSuccess> OtlpExporter::State::deliver(Self self, char const* path, std::function<std::string()> write) {
    auto const body = std::make_shared<std::string const>(write());
    SteadyTime const begun = self->clock->now();
    for (int failed = 1;; ++failed) {
        Task<Posted> posting = post(self, path, body);
        Result<Posted> const posted = co_await std::move(posting);
        if (!posted) co_return posted.error();
        if (!posted->error) co_return posted->partial;
        auto const passed = std::chrono::duration_cast<milliseconds>(self->clock->now() - begun);
        std::optional<milliseconds> const wait =
            retry_wait(failed, posted->retry_after, passed, self->config.retry_for, random_number());
        auto const nap = std::make_shared<Nap>();
        {
            std::lock_guard const lock(self->mutex);
            if (!posted->again || !wait || self->closed) co_return *posted->error;
            ++self->stats.retries;
            std::erase_if(self->naps, [](auto const& weak) { return weak.expired(); });
            self->naps.push_back(nap);
        }
        Task<bool> sleeping = Nap::wait(nap, self->clock, self->clock->now() + *wait);
        // Its time, or close(), which has the next failure be the last.
        Result<bool> const slept = co_await std::move(sleeping);
        if (!slept && slept.error().code == Errc::cancelled) co_return *posted->error;
    }
}

/// With the mutex held: those whose spans have all been settled.
OtlpExporter::State::Naps OtlpExporter::State::done_flushes() {
    Naps done;
    for (auto const& [target, weak] : flushes) {
        std::shared_ptr<Nap> nap = target <= settled ? weak.lock() : nullptr;
        if (nap) done.push_back(std::move(nap));
    }
    std::erase_if(flushes, [&](auto const& flush) { return flush.first <= settled || flush.second.expired(); });
    return done;
}

void OtlpExporter::State::give(Naps const& done) {
    for (std::shared_ptr<Nap> const& nap : done) {
        Result<bool> through = true;
        nap->give(through);
    }
}

void OtlpExporter::State::settle_spans(std::int64_t count, Result<PartialSuccess> const& sent) {
    Naps done;
    {
        std::lock_guard const lock(mutex);
        settled += count;
        std::int64_t const dropped = sent ? std::min(sent->rejected, count) : count;
        stats.spans_sent += count - dropped;
        stats.spans_dropped += dropped;
        if (!sent) {
            ++failures;
            failure = sent.error();
            stats.last_error = failure->message;
        }
        done = done_flushes();
    }
    give(done);
    if (!sent) tell(sent.error(), "/v1/traces");
}

void OtlpExporter::State::settle_metrics(Result<PartialSuccess> const& sent) {
    {
        std::lock_guard const lock(mutex);
        --reporting;
        if (sent) {
            ++stats.reports_sent;
            stats.points_rejected += sent->rejected;
        } else {
            ++stats.reports_dropped;
            ++failures;
            failure = sent.error();
            stats.last_error = failure->message;
        }
    }
    if (!sent) tell(sent.error(), "/v1/metrics");
}

void OtlpExporter::State::tell(Error const& error, char const* path) const {
    runtime.log(LogLevel::warning, "telemetry.otlp", [&] {
        std::vector<LogField> fields;
        fields.emplace_back("path", path);
        fields.emplace_back("error", aikit::name(error.code));
        fields.emplace_back("status", std::int64_t(error.http_status));
        return fields;
    });
}

Task<void> OtlpExporter::State::flush(Self self) {
    std::int64_t target = 0;
    std::int64_t failed = 0;
    {
        std::lock_guard const lock(self->mutex);
        if (self->closed) co_return fail(Errc::invalid_state, "the exporter is closed");
        target = self->told;
        failed = self->failures;
    }
    begin_spans(self);
    auto const nap = std::make_shared<Nap>();
    Naps naps;
    {
        std::lock_guard const lock(self->mutex);
        if (self->settled < target) {
            self->flushes.emplace_back(target, nap);
            naps.push_back(nap);
        }
        if (self->config.metrics) ++self->reporting;
    }
    if (self->config.metrics) {
        // Not within this task, whose cancellation would end it in the middle.
        naps.push_back(std::make_shared<Nap>());
        boost::asio::co_spawn(self->executor, send_metrics(self, naps.back()), boost::asio::detached);
    }
    for (std::shared_ptr<Nap> const& each : naps) {
        Task<bool> waiting = Nap::wait(each, self->clock, SteadyTime::max());
        Result<bool> const waited = co_await std::move(waiting);
        if (!waited) co_return waited.error();
    }
    std::lock_guard const lock(self->mutex);
    if (self->failures != failed) co_return *self->failure;
    co_return ok();
}

void OtlpExporter::State::close() {
    Naps woken;
    {
        std::lock_guard const lock(mutex);
        if (std::exchange(closed, true)) return;
        auto const left = static_cast<std::int64_t>(queue.size());
        stats.spans_dropped += left;
        settled += left;
        queue.clear();
        woken = done_flushes();
        for (auto const& weak : naps) {
            if (std::shared_ptr<Nap> nap = weak.lock()) woken.push_back(std::move(nap));
        }
    }
    give(woken);
    // Timers are let go where they may be at work.
    (void)runtime.post(executor, [self = shared_from_this()] {
        self->span_timer.reset();
        self->metric_timer.reset();
    });
}

OtlpExporter::OtlpExporter(std::shared_ptr<State> state) : state_(std::move(state)) {}

OtlpExporter::~OtlpExporter() {
    try {
        state_->close();
    } catch (...) {
        // Only memory can be short here; the runtime's end does the same.
    }
}

Result<std::shared_ptr<OtlpExporter>> OtlpExporter::create(Runtime runtime,
                                                           std::shared_ptr<net::HttpTransport> transport,
                                                           OtlpConfig config) {
    if (!runtime) return fail(Errc::invalid_argument, "OtlpExporter::create: 'runtime' is not one");
    if (!transport) return fail(Errc::invalid_argument, "OtlpExporter::create: 'transport' is null");
    while (config.endpoint.ends_with('/')) config.endpoint.pop_back();
    if (Result<void> const good = check(config); !good) return good.error();
    config.resource.try_emplace("service.name", "unknown_service");
    Result<std::unique_ptr<MetricTable>> table = MetricTable::create(config.series);
    if (!table) return table.error();
    auto state =
        std::make_shared<State>(std::move(runtime), std::move(transport), std::move(config), std::move(*table));
    return std::shared_ptr<OtlpExporter>(new OtlpExporter(std::move(state)));
}

void OtlpExporter::count(std::string_view metric, std::int64_t amount, std::span<LogField const> labels) noexcept {
    if (!state_->config.metrics) return;
    state_->table->add(MetricKind::counter, metric, amount, labels);
    state_->metrics_changed();
}

void OtlpExporter::record(std::string_view metric, std::int64_t value, std::span<LogField const> labels) noexcept {
    if (!state_->config.metrics) return;
    state_->table->add(MetricKind::histogram, metric, value, labels);
    state_->metrics_changed();
}

void OtlpExporter::span(Span const& span) noexcept {
    if (!state_->config.spans) return;
    try {
        state_->take(span);
    } catch (...) {
        std::lock_guard const lock(state_->mutex);
        ++state_->stats.spans_dropped;  // without memory for it
    }
}

Task<void> OtlpExporter::flush(std::chrono::milliseconds within) {
    Deadline const deadline = Deadline::after(*state_->clock, std::max(within, milliseconds(1)));
    return with_timeout(state_->clock, deadline, "flush of telemetry", State::flush(state_));
}

Task<void> OtlpExporter::close(std::chrono::milliseconds within) {
    auto task = [](std::shared_ptr<State> state, Task<void> flushing) -> Task<void> {
        Result<void> const flushed = co_await std::move(flushing);
        bool const again = !flushed && flushed.error().code == Errc::invalid_state;
        state->close();
        if (!flushed && !again) co_return flushed.error();
        co_return ok();
    };
    return task(state_, flush(within));
}

OtlpStats OtlpExporter::stats() const {
    std::lock_guard const lock(state_->mutex);
    return state_->stats;
}

}  // namespace aikit::inline v0::telemetry
