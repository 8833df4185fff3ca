// SPDX-License-Identifier: MIT
// provider/openai_wire/tool_calls.cpp - which call a fragment belongs to, and whether a call is whole.
#include "provider/openai_wire/tool_calls.hpp"

#include "model/json_exact.hpp"
#include "model/openai_form/form.hpp"

#include <algorithm>

namespace aikit::inline v0::provider::openai_wire {

namespace {

constexpr std::size_t most_calls = 1024;
constexpr std::size_t most_members = 64;
constexpr std::size_t longest_arguments = 16 * 1024 * 1024;

Error wrong_fragment(char const* what) {
    return fail(Errc::protocol, std::string("The provider's tool call is not in its own format: ") + what + ".");
}

/// An index as servers write it: 3, "3"; nothing for null, "null" and what else is none.
std::optional<std::int64_t> read_index(json::value const* index) {
    if (index == nullptr) return std::nullopt;
    if (json::string const* text = index->if_string()) {
        bool const digits = !text->empty() && text->size() < 10 &&
                            std::all_of(text->begin(), text->end(), [](char c) { return c >= '0' && c <= '9'; });
        if (!digits) return std::nullopt;
        return std::stoll(std::string(*text));
    }
    return json::as_integer(*index);
}

std::string_view text_or_empty(json::value const& object, std::string_view key) {
    return json::text(object, key).value_or(std::string_view());
}

}  // namespace

void JsonProgress::take(std::string_view piece) noexcept {
    for (char const c : piece) {
        if (in_string_) {
            if (escaped_) {
                escaped_ = false;
            } else if (c == '\\') {
                escaped_ = true;
            } else if (c == '"') {
                in_string_ = false;
            }
        } else if (c == '"') {
            in_string_ = true;
        } else if (c == '{' || c == '[') {
            ++depth_;
            opened_ = true;
        } else if (c == '}' || c == ']') {
            --depth_;
        }
    }
}

ToolCalls::Building& ToolCalls::place(std::optional<std::int64_t> index, std::string_view id, std::string_view name,
                                      bool* is_new) {
    *is_new = false;
    Building* found = nullptr;
    for (auto it = calls_.rbegin(); it != calls_.rend() && found == nullptr; ++it) {
        if (index ? it->index == index : (!id.empty() && it->call.id == id)) found = &*it;
    }
    // The same index with another id may still be an earlier call of that index.
    if (found != nullptr && index && !id.empty() && found->call.id != id) {
        for (Building& other : calls_) {
            if (other.index == index && other.call.id == id) found = &other;
        }
    }
    if (found == nullptr && !index && !calls_.empty() && (id.empty() || name.empty())) found = &calls_.back();
    if (found != nullptr && !name.empty()) {
        bool const other_id = !id.empty() && !found->call.id.empty() && found->call.id != id;
        bool const same_id = !id.empty() && found->call.id == id;
        bool const other_name = !found->call.name.empty() && found->call.name != name;
        if (other_id || (!same_id && (found->progress.whole() || other_name))) found = nullptr;
    }
    if (found != nullptr) return *found;
    *is_new = true;
    Building& made = calls_.emplace_back();
    made.index = index;
    return made;
}

Result<ToolCallProgress> ToolCalls::take(json::value const& fragment) {
    if (!fragment.is_object()) return wrong_fragment("a fragment is no object");
    bool const custom = text_or_empty(fragment, "type") == "custom" || json::find(fragment, "custom") != nullptr;
    json::value const* function = json::find(fragment, custom ? "custom" : "function");
    if (function != nullptr && !function->is_object() && !function->is_null()) {
        return wrong_fragment("its function is no object");
    }
    json::value const null;
    json::value const& inner = function == nullptr ? null : *function;
    std::string_view const id = text_or_empty(fragment, "id");
    std::string_view const name = text_or_empty(inner, "name");

    bool is_new = false;
    Building& building = place(read_index(json::find(fragment, "index")), id, name, &is_new);
    if (calls_.size() > most_calls) return wrong_fragment("there are too many calls");

    ToolCallProgress progress;
    progress.index = static_cast<int>(&building - calls_.data());
    if (building.call.id.empty() && !id.empty()) progress.id = building.call.id = std::string(id);
    if (building.call.name.empty() && !name.empty()) progress.name = building.call.name = std::string(name);
    if (is_new) building.call.custom = custom;
    progress.custom = building.call.custom;

    json::value const* arguments = json::find(inner, building.call.custom ? "input" : "arguments");
    if (arguments != nullptr && arguments->is_string()) {
        progress.arguments = std::string(arguments->get_string());
    } else if (arguments != nullptr && arguments->is_object() && building.call.arguments.empty()) {
        progress.arguments = json_exact::write(*arguments);
    } else if (arguments != nullptr && !arguments->is_null()) {
        return wrong_fragment("its arguments are no text");
    }
    if (progress.arguments.size() > longest_arguments - building.call.arguments.size()) {
        return wrong_fragment("its arguments exceed 16 MiB");
    }
    building.call.arguments += progress.arguments;
    building.progress.take(progress.arguments);
    for (auto const& member : fragment.get_object()) {
        bool const known = member.key() == "index" || member.key() == "id" || member.key() == "type" ||
                           member.key() == "function" || member.key() == "custom";
        if (!known && !member.value().is_null() && building.extra.size() < most_members)
            building.extra[member.key()] = json::value(member.value(), {});
    }
    return progress;
}

Result<std::vector<ToolCall>> ToolCalls::finish(bool cut, int* dropped) {
    *dropped = 0;
    bool const ordered = std::all_of(calls_.begin(), calls_.end(), [](Building const& b) { return b.index; });
    if (ordered) {
        std::stable_sort(calls_.begin(), calls_.end(),
                         [](Building const& a, Building const& b) { return *a.index < *b.index; });
    }
    std::vector<ToolCall> calls;
    for (Building& building : calls_) {
        ToolCall call = std::move(building.call);
        bool const nothing = call.arguments.find_first_not_of(" \t\r\n") == std::string::npos;
        if (nothing && !call.custom && !cut) call.arguments = "{}";
        bool const whole = call.custom ? !cut : json_exact::parse(call.arguments, "arguments").has_value();
        if (whole && !call.name.empty()) {
            call.extra = openai_form::extra_text(building.extra);
            if (call.id.empty()) call.id = "call_" + std::to_string(calls.size());  // results need one to point at
            calls.push_back(std::move(call));
        } else if (cut) {
            ++*dropped;
        } else {
            return wrong_fragment(whole ? "it has no name" : "its arguments are not whole JSON");
        }
    }
    calls_.clear();
    return calls;
}

}  // namespace aikit::inline v0::provider::openai_wire
