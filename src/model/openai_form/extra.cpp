// SPDX-License-Identifier: MIT
// model/openai_form/extra.cpp - keeping what no field holds.
#include "model/json_exact.hpp"
#include "model/openai_form/form.hpp"

namespace aikit::inline v0::openai_form {

Error wrong(std::string const& path, std::string_view why) {
    return fail(Errc::invalid_argument, "The request is wrong: " + path + " " + std::string(why) + ".");
}

Error wrong_reply(std::string const& what) {
    return fail(Errc::protocol, "The provider's reply is not in its own format: " + what + ".");
}

std::string take_text(json::object& given, std::string_view key) {
    json::value const* value = given.if_contains(key);
    if (value == nullptr || !value->is_string()) return {};
    std::string text(value->get_string());
    given.erase(key);
    return text;
}

std::string extra_text(json::object const& members) {
    return members.empty() ? std::string() : json_exact::write(members);
}

Extra::Extra(std::string const& text) {
    if (text.empty()) return;
    Result<json::value> parsed = json_exact::parse(text, "extra", Errc::invalid_argument);
    valid_ = parsed && parsed->is_object();
    if (valid_) members_ = std::move(parsed->get_object());
}

void Extra::write(JsonWriter& out) const {
    for (auto const& member : members_) out.key(member.key()).value(member.value());
}

namespace {

json::string const* only_text(json::value const& v) noexcept {
    if (json::string const* text = v.if_string()) return text;
    if (json::array const* list = v.if_array(); list != nullptr && list->size() == 1) return list->front().if_string();
    if (json::object const* object = v.if_object(); object != nullptr && object->size() == 1) {
        json::value const* url = object->if_contains("url");
        return url == nullptr ? nullptr : url->if_string();
    }
    return nullptr;
}

bool same_number(json::value const& a, json::value const& b) noexcept {
    if (a.is_double() || b.is_double()) {
        boost::system::error_code ignored;
        return a.to_number<double>(ignored) == b.to_number<double>(ignored);
    }
    return a == b;
}

}  // namespace

bool same_meaning(json::value const& a, json::value const& b) noexcept {
    if (a.is_number() && b.is_number()) return same_number(a, b);
    if (a == b) return true;
    json::string const* const one = only_text(a);
    json::string const* const other = only_text(b);
    return one != nullptr && other != nullptr && *one == *other;
}

json::object difference(json::object const& given, json::object const& canonical) {
    json::object left;
    for (auto const& member : given) {
        json::value const* known = canonical.if_contains(member.key());
        if (known != nullptr && known->is_object() && member.value().is_object()) {
            json::object nested = difference(member.value().get_object(), known->get_object());
            if (!nested.empty()) left[member.key()] = std::move(nested);
        } else if (known == nullptr || !(*known == member.value())) {
            left[member.key()] = member.value();
        }
    }
    return left;
}

void overlay(json::object& into, json::object const& extra) {
    for (auto const& member : extra) {
        json::value* known = into.if_contains(member.key());
        if (known == nullptr) {
            into[member.key()] = member.value();
        } else if (known->is_object() && member.value().is_object()) {
            overlay(known->get_object(), member.value().get_object());
        } else if (same_meaning(*known, member.value())) {
            *known = member.value();
        }
    }
}

}  // namespace aikit::inline v0::openai_form
