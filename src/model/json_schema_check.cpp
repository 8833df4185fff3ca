// SPDX-License-Identifier: MIT
// model/json_schema_check.cpp - the keywords of JSON Schema, one by one, within a bounded number of steps.
#include "model/json_schema_check.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace aikit::inline v0::schema {
namespace {

constexpr int max_nesting = 256;

/// Exact for every integer of 64 bits where long double has a mantissa of 64 bits (x86), else as good as double.
long double number_of(json::value const& value) {
    if (value.is_int64()) return static_cast<long double>(value.get_int64());
    if (value.is_uint64()) return static_cast<long double>(value.get_uint64());
    return value.get_double();
}

bool is_type(std::string_view type, json::value const& value) {
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "string") return value.is_string();
    if (type == "boolean") return value.is_bool();
    if (type == "null") return value.is_null();
    if (type == "number") return value.is_number();
    return value.is_number() && std::trunc(number_of(value)) == number_of(value);  // 1.0 is an integer
}

std::int64_t characters(std::string_view utf8) {
    return std::count_if(utf8.begin(), utf8.end(),
                         [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
}

bool multiple(long double value, long double of) {
    if (of <= 0) return true;
    if (std::trunc(of) == of) return std::fmod(value, of) == 0;
    // 0.1 and its like are no binary numbers: what is as near to a multiple as doubles can tell, is one.
    long double const quotient = value / of;
    return std::fabs(quotient - std::round(quotient)) <= 1e-12L * std::max(1.0L, std::fabs(quotient));
}

}  // namespace

bool known_type(std::string_view name) noexcept {
    for (char const* type : {"object", "array", "string", "boolean", "null", "number", "integer"}) {
        if (name == type) return true;
    }
    return false;
}

json::value const* resolve(json::value const& root, std::string_view reference) {
    if (reference.empty() || reference[0] != '#') return nullptr;
    reference.remove_prefix(1);
    json::value const* at = &root;
    while (!reference.empty()) {
        if (reference[0] != '/') return nullptr;
        reference.remove_prefix(1);
        std::size_t const end = std::min(reference.find('/'), reference.size());
        std::string segment;
        for (std::size_t i = 0; i < end; ++i) {
            if (reference[i] == '%') return nullptr;  // escaped for a URI, which nobody's schema needs
            if (reference[i] == '~' && i + 1 < end) {
                segment += reference[++i] == '1' ? '/' : '~';
            } else {
                segment += reference[i];
            }
        }
        reference.remove_prefix(end);
        if (at->is_array()) {
            std::size_t index = 0;
            auto const [rest, error] = std::from_chars(segment.data(), segment.data() + segment.size(), index);
            bool const whole = error == std::errc() && rest == segment.data() + segment.size();
            at = whole && index < at->get_array().size() ? &at->get_array()[index] : nullptr;
        } else {
            at = json::find(*at, segment);
        }
        if (!at) return nullptr;
    }
    return at;
}

Result<void> Check::run(json::value const& document) {
    bool const fit = fits(root_, document);
    if (exhausted_) return fail(Errc::invalid_argument, "The JSON takes too many steps to check against its schema.");
    if (fit) return ok();
    return fail(Errc::invalid_argument, why_, detail_);
}

bool Check::wrong(std::string why, std::string detail) {
    if (why_.empty()) {
        why_ = path_ + " " + why + ".";
        detail_ = std::move(detail);
    }
    return false;
}

bool Check::step() {
    exhausted_ = exhausted_ || --steps_left_ < 0;
    return !exhausted_;
}

bool Check::found(text::Pattern const& pattern, std::string_view text) {
    std::optional<bool> const found = pattern.found_in(text, steps_left_);
    exhausted_ = exhausted_ || !found;
    return found.value_or(false);
}

bool Check::would_fit(json::value const& schema, json::value const& value) {
    std::string const why = why_;
    std::string const detail = detail_;
    bool const fit = fits(schema, value);
    why_ = why;
    detail_ = detail;
    return fit;
}

bool Check::below(std::string const& segment, json::value const& schema, json::value const& value) {
    std::size_t const before = path_.size();
    path_ += segment;
    bool const fit = fits(schema, value);
    path_.resize(before);
    return fit;
}

bool Check::fits(json::value const& schema, json::value const& value) {
    if (!step()) return false;
    if (schema.is_bool()) return schema.get_bool() || wrong("must not be there");
    if (depth_ >= max_nesting) {
        exhausted_ = true;
        return false;
    }
    ++depth_;
    json::object const& own = schema.get_object();
    bool fit = kind(own, value) && logic(own, value);
    if (fit && value.is_number()) fit = number(own, value);
    if (fit && value.is_string()) fit = text(own, value.get_string());
    if (fit && value.is_array()) fit = array(own, value.get_array());
    if (fit && value.is_object()) fit = object(own, value.get_object());
    --depth_;
    return fit;
}

bool Check::kind(json::object const& schema, json::value const& value) {
    if (json::value const* const type = json::find(schema, "type")) {
        std::string names;
        bool fit = false;
        json::array const one = {*type};
        for (json::value const& each : type->is_array() ? type->get_array() : one) {
            std::string_view const wanted = each.get_string();
            fit = fit || is_type(wanted, value);
            names.append(names.empty() ? "" : " or ").append(wanted);
        }
        if (!fit) return wrong("must be of type " + names);
    }
    if (json::value const* const only = json::find(schema, "const"); only && !same(*only, value)) {
        return wrong("must be the one value that the schema allows");
    }
    if (json::value const* const listed = json::find(schema, "enum")) {
        bool fit = false;
        for (json::value const& each : listed->get_array()) fit = fit || same(each, value);
        if (!fit) return wrong("must be one of the values that the schema lists");
    }
    return true;
}

bool Check::logic(json::object const& schema, json::value const& value) {
    if (json::value const* const reference = json::find(schema, "$ref")) {
        json::value const* const target = resolve(root_, reference->get_string());
        if (!target || !fits(*target, value)) return false;
    }
    if (json::value const* const all = json::find(schema, "allOf")) {
        for (json::value const& each : all->get_array()) {
            if (!fits(each, value)) return false;
        }
    }
    if (json::value const* const any = json::find(schema, "anyOf")) {
        bool fit = false;
        for (json::value const& each : any->get_array()) fit = fit || would_fit(each, value);
        if (!fit) return wrong("must fit one of the schemas of anyOf");
    }
    if (json::value const* const one = json::find(schema, "oneOf")) {
        int fitting = 0;
        for (json::value const& each : one->get_array()) fitting += would_fit(each, value) ? 1 : 0;
        if (fitting != 1) return wrong("must fit exactly one of the schemas of oneOf");
    }
    if (json::value const* const other = json::find(schema, "not"); other && would_fit(*other, value)) {
        return wrong("must not fit the schema of not");
    }
    if (json::value const* const condition = json::find(schema, "if")) {
        json::value const* const then = json::find(schema, would_fit(*condition, value) ? "then" : "else");
        if (then && !fits(*then, value)) return false;
    }
    return true;
}

bool Check::number(json::object const& schema, json::value const& value) {
    long double const is = number_of(value);
    auto const limit = [&](char const* key) { return json::find(schema, key); };
    if (auto const* at = limit("minimum"); at && is < number_of(*at)) return wrong("is below its minimum");
    if (auto const* at = limit("maximum"); at && is > number_of(*at)) return wrong("is above its maximum");
    if (auto const* at = limit("exclusiveMinimum"); at && is <= number_of(*at)) return wrong("is not above its bound");
    if (auto const* at = limit("exclusiveMaximum"); at && is >= number_of(*at)) return wrong("is not below its bound");
    if (auto const* of = limit("multipleOf"); of && !multiple(is, number_of(*of))) return wrong("is no such multiple");
    return true;
}

namespace {

/// Whether `size` lies between two members of the schema that hold counts.
bool within(json::object const& schema, char const* least, char const* most, std::int64_t size) {
    json::value const* const from = json::find(schema, least);
    json::value const* const to = json::find(schema, most);
    return (!from || size >= *json::as_integer(*from)) && (!to || size <= *json::as_integer(*to));
}

}  // namespace

bool Check::text(json::object const& schema, json::string const& value) {
    if (!within(schema, "minLength", "maxLength", characters(value))) return wrong("is too short or too long");
    if (json::value const* const pattern = json::find(schema, "pattern")) {
        auto const read = patterns_.find(pattern);
        if (read != patterns_.end() && !found(read->second, value)) return wrong("does not match its pattern");
    }
    json::value const* const format = json::find(schema, "format");
    if (!format || is_of_format(format->get_string(), value)) return true;
    return wrong("is not of the format " + std::string(std::string_view(format->get_string())));
}

bool Check::array(json::object const& schema, json::array const& value) {
    if (!within(schema, "minItems", "maxItems", static_cast<std::int64_t>(value.size()))) {
        return wrong("has too few or too many items");
    }
    json::value const* const prefix = json::find(schema, "prefixItems");
    json::value const* const items = json::find(schema, "items");
    std::size_t const first = prefix ? prefix->get_array().size() : 0;
    for (std::size_t i = 0; i < value.size(); ++i) {
        json::value const* const mine = i < first ? &prefix->get_array()[i] : items;
        if (mine && !below("[" + std::to_string(i) + "]", *mine, value[i])) return false;
    }
    if (json::value const* const unique = json::find(schema, "uniqueItems"); unique && unique->get_bool()) {
        for (std::size_t i = 0; i < value.size(); ++i) {
            for (std::size_t j = 0; j < i; ++j) {
                if (same(value[i], value[j])) return wrong("has an item twice");
                if (exhausted_) return false;
            }
        }
    }
    return contained(schema, value);
}

bool Check::contained(json::object const& schema, json::array const& value) {
    json::value const* const wanted = json::find(schema, "contains");
    if (!wanted) return true;
    std::int64_t found = 0;
    for (json::value const& each : value) found += would_fit(*wanted, each) ? 1 : 0;
    bool const enough = found > 0 || json::find(schema, "minContains");
    return (enough && within(schema, "minContains", "maxContains", found)) ||
           wrong("has too few or too many items of the kind it must contain");
}

bool Check::object(json::object const& schema, json::object const& value) {
    if (!within(schema, "minProperties", "maxProperties", static_cast<std::int64_t>(value.size()))) {
        return wrong("has too few or too many members");
    }
    if (json::value const* const required = json::find(schema, "required")) {
        for (json::value const& name : required->get_array()) {
            if (!step()) return false;
            std::string const key(std::string_view(name.get_string()));
            if (!json::find(value, key)) return wrong("must have the member " + key);
        }
    }
    return members(schema, value) && depends(schema, value);
}

bool Check::member(json::object const& schema, std::string_view name, json::value const& value) {
    json::value const* const properties = json::find(schema, "properties");
    json::value const* const own = properties ? json::find(*properties, name) : nullptr;
    if (own && !below("." + std::string(name), *own, value)) return false;
    bool known = own != nullptr;
    // A name that the schema does not give is the document's own and stays out of the sentence.
    if (json::value const* const patterned = json::find(schema, "patternProperties")) {
        for (auto const& each : patterned->get_object()) {
            auto const read = patterns_.find(&each.value());
            if (read == patterns_.end() || !found(read->second, name)) continue;
            known = true;
            if (!below(".*", each.value(), value)) return false;
        }
    }
    json::value const* const others = json::find(schema, "additionalProperties");
    if (known || !others) return true;
    if (others->is_bool()) {
        return others->get_bool() || wrong("has a member that the schema does not know", std::string(name));
    }
    return below(".*", *others, value);
}

bool Check::members(json::object const& schema, json::object const& value) {
    json::value const* const names = json::find(schema, "propertyNames");
    for (auto const& each : value) {
        if (!step()) return false;
        if (names && !would_fit(*names, json::value(each.key()))) {
            return wrong("has a member whose name is not allowed", std::string(std::string_view(each.key())));
        }
        if (!member(schema, each.key(), each.value())) return false;
    }
    return true;
}

bool Check::depends(json::object const& schema, json::object const& value) {
    if (json::value const* const required = json::find(schema, "dependentRequired")) {
        for (auto const& member : required->get_object()) {
            if (!json::find(value, member.key())) continue;
            for (json::value const& name : member.value().get_array()) {
                std::string const key(std::string_view(name.get_string()));
                if (!json::find(value, key)) return wrong("must have the member " + key);
            }
        }
    }
    if (json::value const* const schemas = json::find(schema, "dependentSchemas")) {
        for (auto const& member : schemas->get_object()) {
            if (json::find(value, member.key()) && !fits(member.value(), json::value(value))) return false;
        }
    }
    return true;
}

bool Check::same(json::value const& a, json::value const& b) {
    if (!step()) return false;
    if (a.is_number() && b.is_number()) return number_of(a) == number_of(b);
    if (a.kind() != b.kind()) return false;
    if (a.is_array()) {
        json::array const& left = a.get_array();
        json::array const& right = b.get_array();
        if (left.size() != right.size()) return false;
        for (std::size_t i = 0; i < left.size(); ++i) {
            if (!same(left[i], right[i])) return false;
        }
        return true;
    }
    if (a.is_object()) {
        if (a.get_object().size() != b.get_object().size()) return false;
        for (auto const& member : a.get_object()) {
            json::value const* const other = json::find(b, member.key());
            if (!other || !same(member.value(), *other)) return false;
        }
        return true;
    }
    return a == b;
}

}  // namespace aikit::inline v0::schema
