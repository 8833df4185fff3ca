// SPDX-License-Identifier: MIT
// net/transport.cpp - header fields, and reading a body whole.
#include "net/ascii.hpp"

#include <aikit/net/transport.hpp>

#include <algorithm>

namespace aikit::inline v0::net {

namespace {

constexpr std::size_t usual_fields = 8;

}  // namespace

void Headers::add(std::string_view name, std::string_view value) {
    if (fields_.empty()) fields_.reserve(usual_fields);
    fields_.emplace_back(name, value);
}

void Headers::append(std::pair<std::string, std::string> field) {
    if (fields_.empty()) fields_.reserve(usual_fields);
    fields_.push_back(std::move(field));
}

void Headers::set(std::string_view name, std::string_view value) {
    auto const named = [name](auto const& other) { return equals_ignoring_case(other.first, name); };
    auto const first = std::find_if(fields_.begin(), fields_.end(), named);
    if (first == fields_.end()) return add(name, value);
    std::pair<std::string, std::string> field(name, value);  // copied first: both may be views of our own fields
    auto const same = [&field](auto const& other) { return equals_ignoring_case(other.first, field.first); };
    fields_.erase(std::remove_if(std::next(first), fields_.end(), same), fields_.end());
    first->second = std::move(field.second);
}

std::optional<std::string_view> Headers::find(std::string_view name) const noexcept {
    for (auto const& field : fields_) {
        if (equals_ignoring_case(field.first, name)) return std::string_view(field.second);
    }
    return std::nullopt;
}

bool read_ready(HttpBody& body, std::size_t limit, std::string& text) {
    std::string piece;
    while (text.size() <= limit && body.take_ready(piece)) {
        if (piece.empty()) return true;
        text.empty() ? text.swap(piece) : static_cast<void>(text += piece);
        piece.clear();
    }
    return false;
}

Task<std::string> read_rest(HttpBody& body, std::string text, std::size_t limit) {
    while (!read_ready(body, limit, text)) {
        Result<std::string> piece;
        if (text.size() <= limit) {
            Task<std::string> reading = body.read();
            piece = co_await std::move(reading);
        }
        if (!piece) co_return piece.error();
        if (text.size() > limit || piece->size() > limit - text.size()) {
            co_return fail(Errc::protocol, "net: the response's body is longer than the " + std::to_string(limit) +
                                               " bytes that are taken of it");
        }
        if (piece->empty()) break;
        text.empty() ? text.swap(*piece) : static_cast<void>(text += *piece);
    }
    co_return text;
}

Task<std::string> read_all(HttpBody& body, std::size_t limit) {
    return read_rest(body, std::string(), limit);
}

}  // namespace aikit::inline v0::net
