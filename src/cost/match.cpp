// SPDX-License-Identifier: MIT
// cost/match.cpp - reading and applying match rules.
#include "cost/match.hpp"

#include <algorithm>

namespace aikit::inline v0::cost {
namespace {

constexpr int deepest = 8;

Error wrong(std::string const& path, char const* why) {
    return fail(Errc::invalid_argument, path + " " + why);
}

}  // namespace

Result<MatchRule> MatchRule::parse(json::value const& source, std::string const& path, int depth) {
    json::object const* rule = source.if_object();
    if (rule == nullptr || rule->size() != 1) return wrong(path, "must be an object with one match rule");
    if (depth > deepest) return wrong(path, "is nested too deep");
    MatchRule made;
    std::string_view const key = rule->begin()->key();
    json::value const& value = rule->begin()->value();
    std::string const inner = path + "." + std::string(key);
    Result<void> read = ok();
    if (key == "or" || key == "and") {
        made.kind_ = key == "or" ? Kind::any : Kind::all;
        read = read_parts(made, value, inner, depth);
    } else if (key == "equals" || key == "starts_with" || key == "ends_with" || key == "contains" || key == "regex") {
        made.kind_ = key == "equals"        ? Kind::equals
                     : key == "starts_with" ? Kind::starts_with
                     : key == "ends_with"   ? Kind::ends_with
                     : key == "contains"    ? Kind::contains
                                            : Kind::regex;
        read = read_texts(made, value, inner);
    } else {
        return wrong(inner, "is no match rule");
    }
    if (!read) return read.error();
    return made;
}

Result<void> MatchRule::read_texts(MatchRule& rule, json::value const& source, std::string const& path) {
    if (json::array const* list = source.if_array(); list != nullptr && rule.kind_ == Kind::equals) {
        for (json::value const& text : *list) {
            if (!text.is_string()) return wrong(path, "must hold texts only");
            rule.texts_.emplace_back(text.get_string());
        }
    } else if (source.is_string()) {
        rule.texts_.emplace_back(source.get_string());
    } else {
        return wrong(path, "must be a text");
    }
    if (rule.kind_ != Kind::regex) return ok();
    try {
        rule.regex_ = std::make_shared<std::regex const>(rule.texts_.front());
    } catch (std::regex_error const&) {
        return wrong(path, "is no regular expression");
    }
    return ok();
}

Result<void> MatchRule::read_parts(MatchRule& rule, json::value const& source, std::string const& path, int depth) {
    json::array const* list = source.if_array();
    if (list == nullptr || list->empty()) return wrong(path, "must be a list of match rules");
    for (std::size_t i = 0; i < list->size(); ++i) {
        Result<MatchRule> part = parse((*list)[i], path + "[" + std::to_string(i) + "]", depth + 1);
        if (!part) return part.error();
        rule.parts_.push_back(std::move(*part));
    }
    return ok();
}

bool MatchRule::matches(std::string_view name) const {
    auto const fits = [&](MatchRule const& part) { return part.matches(name); };
    switch (kind_) {
        case Kind::equals: return std::find(texts_.begin(), texts_.end(), name) != texts_.end();
        case Kind::starts_with: return name.starts_with(texts_.front());
        case Kind::ends_with: return name.ends_with(texts_.front());
        case Kind::contains: return name.find(texts_.front()) != std::string_view::npos;
        case Kind::regex: return std::regex_search(name.begin(), name.end(), *regex_);
        case Kind::any: return std::any_of(parts_.begin(), parts_.end(), fits);
        case Kind::all: return std::all_of(parts_.begin(), parts_.end(), fits);
    }
    return false;
}

}  // namespace aikit::inline v0::cost
