// SPDX-License-Identifier: MIT
// core/secret.cpp - keeps the copies of a key few, and overwrites each.
#include "core/os/os.hpp"

#include <aikit/core/secret.hpp>

#include <ostream>

namespace aikit::inline v0 {

namespace {

void wipe(std::string& text) noexcept {
    if (text.empty()) return;  // most requests carry none, through many hands
    os::overwrite(text.data(), text.size());
    text.clear();
}

/// Moves without leaving the bytes behind: a short text lives inside the string object, and a move copies it.
void take(std::string& to, std::string& from) noexcept {
    if (from.empty()) return to.clear();
    if (from.size() <= std::string().capacity()) {
        to.assign(from);
        wipe(from);
    } else {
        to = std::move(from);
        from.clear();
    }
}

}  // namespace

Secret::Secret(std::string_view text) : text_(text) {}

Secret::Secret(Secret const& other) = default;

Secret::Secret(Secret&& other) noexcept {
    take(text_, other.text_);
}

Secret& Secret::operator=(Secret const& other) {
    if (this != &other) {
        Secret copy(other);
        *this = std::move(copy);
    }
    return *this;
}

Secret& Secret::operator=(Secret&& other) noexcept {
    if (this != &other) {
        wipe(text_);
        take(text_, other.text_);
    }
    return *this;
}

Secret::~Secret() {
    wipe(text_);
}

bool operator==(Secret const& a, Secret const& b) noexcept {
    if (a.text_.size() != b.text_.size()) return false;
    unsigned char volatile difference = 0;
    for (std::size_t i = 0; i < a.text_.size(); ++i) {
        difference = static_cast<unsigned char>(difference | (a.text_[i] ^ b.text_[i]));
    }
    return difference == 0;
}

std::ostream& operator<<(std::ostream& out, Secret const& secret) {
    return secret.empty() ? out : out << "***";
}

}  // namespace aikit::inline v0
