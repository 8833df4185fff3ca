// SPDX-License-Identifier: MIT
// What was recorded of each dialect, split everywhere, cut everywhere, and damaged in each of its members.
#include "sweeps.hpp"

#include <doctest/doctest.h>

#include <set>

using namespace aikit;
using aikit_test::Dialect;
using aikit_test::Json;
using aikit_test::Recorded;
using aikit_test::Trace;
using provider::carrier::Exchange;
using provider::carrier::ReplyDecoder;

namespace {

bool have_recordings() {
    bool const there = std::filesystem::is_directory(aikit_test::recordings_folder());
    if (!there) MESSAGE("[skipped] there are no recordings beside the repository");
    return there;
}

std::vector<Recorded> recordings_of(Dialect const& dialect) {
    std::vector<Recorded> all;
    for (std::string const& folder : dialect.folders) {
        for (Recorded& one : aikit_test::recordings(folder)) all.push_back(std::move(one));
    }
    return all;
}

std::vector<Recorded> streams_of(Dialect const& dialect) {
    std::vector<Recorded> all;
    for (Recorded& one : recordings_of(dialect)) {
        if (aikit_test::form_of(one) == dialect.form && aikit_test::is_streamed(one)) all.push_back(std::move(one));
    }
    return all;
}

Trace decoded(Dialect const& dialect, Recorded const& recorded, std::vector<std::string_view> const& pieces) {
    std::unique_ptr<ReplyDecoder> const decoder = dialect.decoder(recorded);
    return aikit_test::trace(*decoder, pieces);
}

bool is_json(std::string const& text) {
    try {
        (void)Json::parse(text);
        return true;
    } catch (std::exception const&) {
        return false;
    }
}

/// What a damaged answer may fail with: the other side's fault, or what it says.
bool is_theirs(Errc code) {
    switch (code) {
        case Errc::invalid_argument:
        case Errc::budget_exceeded:
        case Errc::unknown_price:
        case Errc::storage:
        case Errc::busy:
        case Errc::invalid_state:
        case Errc::out_of_memory:
        case Errc::internal: return false;
        default: return true;
    }
}

}  // namespace

TEST_CASE("every recorded stream gives the same events however its bytes are split in two") {
    if (!have_recordings()) return;
    for (Dialect const& dialect : aikit_test::dialects()) {
        std::size_t streams = 0;
        std::size_t splits = 0;
        for (Recorded const& recorded : streams_of(dialect)) {
            CAPTURE(recorded.name);
            std::string_view const body = recorded.body;
            Trace const whole = decoded(dialect, recorded, {body});
            std::vector<std::string_view> bytes;
            for (std::size_t i = 0; i < body.size(); ++i) bytes.push_back(body.substr(i, 1));
            REQUIRE(decoded(dialect, recorded, bytes) == whole);
            for (std::size_t const at : aikit_test::offsets_of(recorded.body, 25'000'000)) {
                CAPTURE(at);
                REQUIRE(decoded(dialect, recorded, {body.substr(0, at), body.substr(at)}) == whole);
                ++splits;
            }
            ++streams;
        }
        MESSAGE(dialect.name << ": " << streams << " streams, " << splits << " splits");
        CHECK(streams > 4);
    }
}

TEST_CASE("no recorded stream that is cut before its end is whole, and none of its tool calls is handed over") {
    if (!have_recordings()) return;
    for (Dialect const& dialect : aikit_test::dialects()) {
        std::size_t cuts = 0;
        std::size_t whole_ones = 0;
        for (Recorded const& recorded : streams_of(dialect)) {
            CAPTURE(recorded.name);
            std::string_view const body = recorded.body;
            Trace const whole = decoded(dialect, recorded, {body});
            if (!whole.error) REQUIRE(whole.finished);
            if (!whole.error) ++whole_ones;
            std::size_t const end = aikit_test::may_be_whole(dialect.form, recorded.body);
            for (std::size_t const at : aikit_test::offsets_of(recorded.body, 25'000'000)) {
                CAPTURE(at);
                Trace const cut = decoded(dialect, recorded, {body.substr(0, at)});
                ++cuts;
                REQUIRE(cut.finished != cut.error.has_value());
                if (cut.finished) {
                    REQUIRE(at >= end);
                    continue;
                }
                // What it failed with is the cut; or, where the stream tells a failure, what came of those words.
                if (!whole.error) REQUIRE(*cut.error == Errc::incomplete);
                REQUIRE(cut.calls == 0);
                REQUIRE(cut.events.size() <= whole.events.size());
                REQUIRE(std::equal(cut.events.begin(), cut.events.end(), whole.events.begin()));
            }
        }
        MESSAGE(dialect.name << ": " << cuts << " cuts, streams that are whole when they are not cut: " << whole_ones);
        CHECK(whole_ones > 4);
    }
}

TEST_CASE("a recorded stream any member of which is missing, null or of another kind is an error or makes sense") {
    if (!have_recordings()) return;
    for (Dialect const& dialect : aikit_test::dialects()) {
        std::size_t mutants = 0;
        std::size_t complete = 0;
        std::set<std::string> shapes;
        for (Recorded const& recorded : streams_of(dialect)) {
            CAPTURE(recorded.name);
            // The stream without what repeats itself: a second and third delta are like the first.
            std::vector<std::string> kept;
            std::vector<std::size_t> fresh;
            std::map<std::string, int> seen;
            for (std::string& data : dialect.documents(recorded.body)) {
                bool const json = is_json(data);
                std::string const shape = json ? aikit_test::shape_of(Json::parse(data)) : data;
                if (++seen[shape] > 3) continue;
                if (json && shapes.insert(shape).second) fresh.push_back(kept.size());
                kept.push_back(std::move(data));
            }
            std::size_t const said = decoded(dialect, recorded, {dialect.framed(kept)}).said;
            for (std::size_t const place : fresh) {
                Json const document = Json::parse(kept[place]);
                for (auto const& edit : aikit_test::damage_of(document).edits) {
                    Json mutant = document;
                    edit(mutant);
                    std::vector<std::string> documents = kept;
                    documents[place] = mutant.dump();
                    CAPTURE(documents[place]);
                    std::string const body = dialect.framed(documents);
                    Trace const came = decoded(dialect, recorded, {body});
                    ++mutants;
                    REQUIRE(came.finished != came.error.has_value());
                    if (came.error) REQUIRE(is_theirs(*came.error));
                    if (came.error) REQUIRE(came.calls == 0);
                    // Nobody's words are made up: what is lost is lost, and "text" is all that was put in.
                    REQUIRE(came.said <= said + 4);
                    if (came.finished) ++complete;
                }
            }
        }
        MESSAGE(dialect.name << ": " << shapes.size() << " kinds of event, " << mutants
                             << " mutants, still complete: " << complete);
        CHECK(mutants > 500);
    }
}

TEST_CASE("a recorded answer any member of which is missing, null or of another kind is an error or makes sense") {
    if (!have_recordings()) return;
    for (Dialect const& dialect : aikit_test::dialects()) {
        std::size_t mutants = 0;
        std::size_t read = 0;
        std::set<std::string> shapes;
        auto const sweep = [&](Recorded const& recorded, std::string const& kind, aikit_test::WholeReader const& reader,
                               bool failure) {
            if (!is_json(recorded.body)) return;  // a page of HTML, or nothing
            Json const document = Json::parse(recorded.body);
            if (!shapes.insert(kind + aikit_test::shape_of(document)).second) return;
            Exchange exchange = aikit_test::plain_exchange(dialect.name);
            exchange.status = recorded.status;
            for (auto const& edit : aikit_test::damage_of(document).edits) {
                Json mutant = document;
                edit(mutant);
                std::string const body = mutant.dump();
                CAPTURE(body);
                std::optional<Error> error;
                REQUIRE_NOTHROW(error = reader(exchange, body));
                ++mutants;
                if (failure) REQUIRE(error.has_value());
                if (!error) ++read;
                if (!error) continue;
                REQUIRE(is_theirs(error->code));
                REQUIRE(!error->message.empty());
            }
        };
        aikit_test::WholeReader const failed = [](Exchange const& exchange, std::string_view body) {
            return std::optional<Error>(provider::carrier::http_error(exchange, body));
        };
        for (Recorded const& recorded : recordings_of(dialect)) {
            CAPTURE(recorded.name);
            if (recorded.status >= 400) sweep(recorded, "error", failed, true);
            if (recorded.status != 200) continue;
            if (aikit_test::form_of(recorded) == dialect.form && !aikit_test::is_streamed(recorded)) {
                sweep(recorded, "chat", dialect.read_chat, false);
            }
            for (auto const& [end, reader] : dialect.others) {
                if (recorded.path.substr(0, recorded.path.find('?')).ends_with(end))
                    sweep(recorded, end, reader, false);
            }
        }
        MESSAGE(dialect.name << ": " << shapes.size() << " kinds of answer, " << mutants
                             << " mutants, of which read: " << read);
        CHECK(mutants > 500);
    }
}
