// SPDX-License-Identifier: MIT
// What was recorded of every dialect's streams, through the whole kit and connections that end too early.
#include "golden/recordings.hpp"
#include "kit_support.hpp"

namespace aikit_test {
namespace {

/// How a dialect is spoken to, and what its streams are like.
struct Spoken {
    Form form;
    std::string type;  // of the provider
    std::string base;  // path of the base URL
    std::string api = {};
};

std::vector<Recorded> streams_of(Form form) {
    std::vector<Recorded> all;
    for (std::string const folder :
         {"anthropic", "azure", "huggingface", "ollama", "openai", "openai-compat", "vertex"}) {
        for (Recorded& one : recordings(folder)) {
            if (form_of(one) == form && is_streamed(one)) all.push_back(std::move(one));
        }
    }
    return all;
}

std::string end_of_event(Recorded const& recorded) {
    if (form_of(recorded) == Form::ollama) return "\n";
    return recorded.body.find("\r\n\r\n") == std::string::npos ? "\n\n" : "\r\n\r\n";
}

/// A long stream has more events than time allows; every so manieth of its cuts stands for those beside it.
std::size_t step_of(std::size_t many) {
    std::size_t const most = std::getenv("AIKIT_LONG") != nullptr ? many : 90;
    return many / std::max<std::size_t>(most, 1) + 1;
}

void check_stream(Kit& kit, Reply& next, Recorded const& recorded, std::size_t& count) {
    CAPTURE(recorded.name);
    next = Reply::chunked(200, {recorded.body});
    Heard const whole = listen(kit);
    std::size_t const end = may_be_whole(*form_of(recorded), recorded.body);
    std::vector<std::size_t> const all = cuts(recorded.body, end_of_event(recorded));
    std::size_t const step = step_of(all.size());
    std::vector<Ending> const ways = endings(recorded.body.size());
    for (std::size_t i = 0; i < all.size(); i += step) {
        std::size_t const cut = all[i];
        // Each way to end in its turn; the long run takes all of them at each place.
        std::size_t const ways_here = std::getenv("AIKIT_LONG") != nullptr ? ways.size() : 2;
        for (std::size_t way = 0; way < ways_here; ++way) {
            Ending const& ending = ways[(count + way * 5) % ways.size()];
            CAPTURE(ending.name);
            CAPTURE(cut);
            next = ending.reply(recorded.body.substr(0, cut));
            Heard const heard = listen(kit);
            REQUIRE(heard.reply.complete == !heard.error.has_value());
            if (cut >= end) continue;
            REQUIRE(heard.error.has_value());
            CHECK(heard.tools == 0);
            bool const lost = heard.error->code == Errc::incomplete || heard.error->code == Errc::connection;
            CHECK((lost || whole.error.has_value()));
            CHECK(whole.reply.text().starts_with(heard.reply.text()));
        }
        ++count;
    }
}

}  // namespace

TEST_CASE("a recorded stream of any dialect that is cut is never complete, however its connection ends") {
    if (!std::filesystem::is_directory(recordings_folder())) {
        MESSAGE("[skipped] there are no recordings beside the repository");
        return;
    }
    Reply next;
    LoopbackServer server([&](ServerRequest const&) { return next; });
    for (Spoken const& spoken :
         {Spoken{Form::openai, "openai", "/v1"}, Spoken{Form::responses, "openai", "/v1", "responses"},
          Spoken{Form::anthropic, "anthropic", ""}, Spoken{Form::gemini, "gemini", "/v1beta"},
          Spoken{Form::ollama, "ollama", ""}}) {
        CAPTURE(spoken.type);
        Kit kit = open_kit(server.url(spoken.base), {}, spoken.type, spoken.api);
        std::size_t count = 0;
        std::vector<Recorded> const streams = streams_of(spoken.form);
        for (Recorded const& recorded : streams) check_stream(kit, next, recorded, count);
        MESSAGE(spoken.type << spoken.api << ": " << streams.size() << " streams, cut at " << count << " places");
        CHECK(count > 100);
    }
}

}  // namespace aikit_test
