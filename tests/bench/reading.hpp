// SPDX-License-Identifier: MIT
// tests/bench/reading.hpp - results that have to be there, and calls that are read to their end.
#ifndef AIKIT_TESTS_BENCH_READING_HPP
#define AIKIT_TESTS_BENCH_READING_HPP

#include <aikit/model/provider.hpp>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <type_traits>
#include <utility>

namespace bench {

[[noreturn]] inline void die(std::string const& why) {
    std::fprintf(stderr, "%s: %s\n", program_invocation_short_name, why.c_str());
    std::exit(2);
}

template <class T>
T must(aikit::Result<T> result) {
    if (!result) die(result.error().message);
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

inline aikit::Task<void> until_answered(aikit::Task<aikit::ChatReply> pending) {
    aikit::Result<aikit::ChatReply> const reply = co_await std::move(pending);
    if (!reply) co_return reply.error();
    if (!reply->complete) co_return aikit::fail(aikit::Errc::incomplete, "the reply is not whole");
    co_return aikit::ok();
}

/// Calls `first` at the stream's first text.
inline aikit::Task<void> until_ended(aikit::Task<aikit::ChatStream> opening, std::function<void()> first) {
    aikit::Result<aikit::ChatStream> stream = co_await std::move(opening);
    if (!stream) co_return stream.error();
    bool begun = false;
    for (;;) {
        aikit::Task<std::optional<aikit::ChatEvent>> pending = stream->next();
        aikit::Result<std::optional<aikit::ChatEvent>> const event = co_await std::move(pending);
        if (!event) co_return event.error();
        if (!*event) break;
        if (begun || !std::holds_alternative<aikit::TextDelta>(**event)) continue;
        begun = true;
        first();
    }
    if (!begun) co_return aikit::fail(aikit::Errc::incomplete, "the stream had no text");
    co_return aikit::ok();
}

}  // namespace bench

#endif  // AIKIT_TESTS_BENCH_READING_HPP
