// SPDX-License-Identifier: MIT
// provider/gemini/partial_args.cpp - pieces of arguments to the whole, by their paths.
#include "provider/gemini/partial_args.hpp"

#include "model/openai_form/form.hpp"

#include <charconv>

namespace aikit::inline v0::provider::gemini {

namespace {

using openai_form::wrong_reply;

constexpr std::size_t deepest = 64;
constexpr std::size_t longest_list = 100'000;

Error wrong_path() {
    return wrong_reply("a piece of arguments has no path that makes sense");
}

/// "['a b']" or "["a b"]" at the start of `path`, which loses it; a quote in it stands behind a backslash.
std::optional<std::string> take_quoted(std::string_view& path) {
    char const quote = path[1];
    std::string name;
    for (std::size_t i = 2; i < path.size(); ++i) {
        if (path[i] == '\\' && i + 1 < path.size()) {
            name += path[++i];
        } else if (path[i] == quote) {
            if (path.substr(i + 1, 1) != "]") return std::nullopt;
            path.remove_prefix(i + 2);
            return name;
        } else {
            name += path[i];
        }
    }
    return std::nullopt;
}

/// "[12]" at the start of `path`, which loses it.
std::optional<std::size_t> take_index(std::string_view& path) {
    std::size_t index = 0;
    std::size_t const end = path.find(']');
    if (end == std::string_view::npos || end < 2) return std::nullopt;
    std::from_chars_result const read = std::from_chars(path.data() + 1, path.data() + end, index);
    if (read.ec != std::errc() || read.ptr != path.data() + end || index >= longest_list) return std::nullopt;
    path.remove_prefix(end + 1);
    return index;
}

}  // namespace

Result<std::vector<ArgumentPieces::Step>> ArgumentPieces::read_path(std::string_view path) {
    if (!path.starts_with('$')) return wrong_path();
    path.remove_prefix(1);
    std::vector<Step> steps;
    while (!path.empty()) {
        if (steps.size() == deepest) return wrong_path();
        if (path.front() == '.') {
            path.remove_prefix(1);
            std::size_t const end = path.find_first_of(".[]");
            std::string_view const name = path.substr(0, end);
            if (name.empty()) return wrong_path();
            steps.emplace_back(std::string(name));
            path.remove_prefix(name.size());
        } else if (path.starts_with("['") || path.starts_with("[\"")) {
            std::optional<std::string> name = take_quoted(path);
            if (!name) return wrong_path();
            steps.emplace_back(std::move(*name));
        } else if (path.front() == '[') {
            std::optional<std::size_t> const index = take_index(path);
            if (!index) return wrong_path();
            steps.emplace_back(*index);
        } else {
            return wrong_path();
        }
    }
    // The arguments are an object, and a piece is never all of it.
    if (steps.empty() || !std::holds_alternative<std::string>(steps.front())) return wrong_path();
    return steps;
}

Result<json::value*> ArgumentPieces::place(std::vector<Step> const& path) {
    json::value* at = nullptr;
    for (Step const& step : path) {
        if (auto const* name = std::get_if<std::string>(&step)) {
            if (at != nullptr && at->is_null()) *at = json::object();
            json::object* object = at == nullptr ? &arguments_ : at->if_object();
            if (object == nullptr) return wrong_reply("pieces of arguments contradict each other");
            at = &(*object)[*name];
        } else {
            std::size_t const index = std::get<std::size_t>(step);
            if (at->is_null()) *at = json::array();
            json::array* list = at->if_array();
            if (list == nullptr || index > list->size()) {
                return wrong_reply("pieces of arguments contradict each other");
            }
            if (index == list->size()) list->emplace_back(nullptr);
            at = &(*list)[index];
        }
    }
    return at;
}

Result<void> ArgumentPieces::take(json::value const& piece) {
    std::string const path(json::text(piece, "jsonPath").value_or(""));
    Result<std::vector<Step>> const steps = read_path(path);
    if (!steps) return steps.error();
    json::value const* text = json::find(piece, "stringValue");
    bool const goes_on = json::boolean(piece, "willContinue") == true;
    bool const more = !open_.empty() && open_ == path;
    Result<json::value*> const where = place(*steps);
    if (!where) return where.error();
    json::value& value = **where;
    open_.clear();
    if (text != nullptr && text->is_string()) {
        if (!more || !value.is_string()) value = json::string();
        value.get_string().append(text->get_string());
        if (goes_on) open_ = path;
        return ok();
    }
    for (std::string_view const name : {"numberValue", "boolValue"}) {
        json::value const* given = json::find(piece, name);
        if (given == nullptr || given->is_structured() || given->is_null()) continue;
        value = json::value(*given, boost::json::storage_ptr());
        return ok();
    }
    if (json::find(piece, "nullValue") == nullptr && !more) return wrong_reply("a piece of arguments has no value");
    if (!more) value = nullptr;
    return ok();
}

}  // namespace aikit::inline v0::provider::gemini
