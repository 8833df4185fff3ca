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

std::vector<std::string> warnings_of(PriceEntry const& entry, ChatRequest const& request) {
    std::vector<std::string> warnings;
    if (entry.max_output && request.max_tokens && *request.max_tokens > *entry.max_output) {
        warnings.emplace_back("max_tokens is " + std::to_string(*request.max_tokens) +
                              ", and the model is known to write at most " + std::to_string(*entry.max_output) +
                              " tokens.");
    }
    return warnings;
}

}  // namespace aikit::inline v0::cost
