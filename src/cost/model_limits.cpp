// SPDX-License-Identifier: MIT
// cost/model_limits.cpp - a request held against its model's entry.
#include "cost/model_limits.hpp"

#include <algorithm>
#include <string_view>

namespace aikit::inline v0::cost {
namespace {

bool lacks(PriceEntry const& entry, std::string_view what) {
    return std::find(entry.lacks.begin(), entry.lacks.end(), what) != entry.lacks.end();
}

std::string_view name_of(MediaPart::Kind kind) noexcept {
    switch (kind) {
        case MediaPart::Kind::document: return "document";
        case MediaPart::Kind::audio: return "audio";
        default: return "image";
    }
}

Error refusal(std::string const& model, std::string const& where, std::string_view what) {
    return fail(Errc::unsupported, "The model " + model + " takes no " + std::string(what) + ", and " + where +
                                       " has some; ask another model, or leave it out.");
}

}  // namespace

Result<void> check_content(PriceEntry const& entry, ChatRequest const& request) {
    if (entry.lacks.empty()) return ok();
    if (!request.tools.empty() && lacks(entry, "tools")) return refusal(request.model, "the request", "tools");
    for (std::size_t i = 0; i < request.messages.size(); ++i) {
        auto const refused = [&](MediaPart const& media) { return lacks(entry, name_of(media.kind)); };
        MediaPart const* found = nullptr;
        for (Part const& part : request.messages[i].parts) {
            if (auto const* media = std::get_if<MediaPart>(&part); media != nullptr && refused(*media)) found = media;
            auto const* result = std::get_if<ToolResult>(&part);
            if (result == nullptr) continue;
            for (auto const& inner : result->content) {
                auto const* media = std::get_if<MediaPart>(&inner);
                if (media != nullptr && refused(*media)) found = media;
            }
        }
        if (found == nullptr) continue;
        return refusal(request.model, "messages[" + std::to_string(i) + "]", name_of(found->kind));
    }
    return ok();
}

std::string end_of_life(PriceEntry const& entry, SystemTime at) {
    if (!entry.facts) return {};
    constexpr std::chrono::days soon{60};
    if (entry.facts->retires && at + soon >= *entry.facts->retires) {
        std::string const day = to_rfc3339(*entry.facts->retires).substr(0, 10);
        return at >= *entry.facts->retires
                   ? "The model " + entry.model + " was retired by its provider on " + day + ": move to another."
                   : "The model " + entry.model + " is retired by its provider on " + day +
                         ": move to another by then.";
    }
    if (!entry.facts->deprecated) return {};
    return "The model " + entry.model + " is deprecated by its provider: move to another.";
}

std::vector<std::string> warnings_of(PriceEntry const& entry, ChatRequest const& request, SystemTime at) {
    std::vector<std::string> warnings;
    if (std::string end = end_of_life(entry, at); !end.empty()) warnings.push_back(std::move(end));
    if (entry.max_output && request.max_tokens && *request.max_tokens > *entry.max_output) {
        warnings.emplace_back("max_tokens is " + std::to_string(*request.max_tokens) +
                              ", and the model is known to write at most " + std::to_string(*entry.max_output) +
                              " tokens.");
    }
    return warnings;
}

}  // namespace aikit::inline v0::cost
