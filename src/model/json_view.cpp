// SPDX-License-Identifier: MIT
// model/json_view.cpp - Boost.JSON behind a door.
#include "core/json.hpp"
#include "model/json_exact.hpp"

#include <aikit/core/no_destructor.hpp>
#include <aikit/model/json_view.hpp>

#include <cmath>

namespace aikit::inline v0 {
namespace {

json::value const& of(void const* value) noexcept {
    return *static_cast<json::value const*>(value);
}

NoDestructor<json::value> const null_value;

}  // namespace

bool JsonView::is_null() const noexcept {
    return of(value_).is_null();
}

bool JsonView::is_list() const noexcept {
    return of(value_).is_array();
}

bool JsonView::is_object() const noexcept {
    return of(value_).is_object();
}

std::optional<bool> JsonView::boolean() const noexcept {
    return of(value_).is_bool() ? std::optional<bool>(of(value_).get_bool()) : std::nullopt;
}

std::optional<std::int64_t> JsonView::integer() const noexcept {
    return json::as_integer(of(value_));
}

std::optional<std::uint64_t> JsonView::natural() const noexcept {
    if (of(value_).is_uint64()) return of(value_).get_uint64();
    std::optional<std::int64_t> const value = integer();
    return value && *value >= 0 ? std::optional<std::uint64_t>(static_cast<std::uint64_t>(*value)) : std::nullopt;
}

std::optional<double> JsonView::number() const noexcept {
    json::value const& value = of(value_);
    if (value.is_double()) return value.get_double();
    if (value.is_int64()) return static_cast<double>(value.get_int64());
    if (value.is_uint64()) return static_cast<double>(value.get_uint64());
    return std::nullopt;
}

std::optional<std::string_view> JsonView::text() const noexcept {
    if (!of(value_).is_string()) return std::nullopt;
    return std::string_view(of(value_).get_string());
}

std::size_t JsonView::size() const noexcept {
    if (is_list()) return of(value_).get_array().size();
    return is_object() ? of(value_).get_object().size() : 0;
}

JsonView JsonView::item(std::size_t index) const noexcept {
    return JsonView(is_list() && index < size() ? &of(value_).get_array()[index] : &*null_value);
}

std::pair<std::string_view, JsonView> JsonView::member(std::size_t index) const noexcept {
    if (!is_object() || index >= size()) return {std::string_view(), JsonView(&*null_value)};
    auto const& found = *(of(value_).get_object().begin() + static_cast<std::ptrdiff_t>(index));
    return {found.key(), JsonView(&found.value())};
}

std::optional<JsonView> JsonView::find(std::string_view name) const noexcept {
    json::value const* const found = json::find(of(value_), name);
    return found == nullptr ? std::nullopt : std::optional<JsonView>(JsonView(found));
}

Result<JsonDocument> JsonDocument::parse(std::string_view text) {
    Result<json::value> value = json::parse(text, "document", Errc::invalid_argument);
    if (!value) return value.error();
    JsonDocument document;
    document.value_ = std::make_shared<json::value const>(std::move(*value));
    return document;
}

JsonView JsonDocument::root() const noexcept {
    return JsonView(value_ ? value_.get() : &*null_value);
}

void JsonText::comma() {
    if (!first_) out_ += ',';
    first_ = false;
}

JsonText& JsonText::open(char bracket) {
    comma();
    out_ += bracket;
    first_ = true;
    return *this;
}

JsonText& JsonText::shut(char bracket) {
    out_ += bracket;
    first_ = false;
    return *this;
}

JsonText& JsonText::key(std::string_view name) {
    text(name);
    out_ += ':';
    first_ = true;
    return *this;
}

JsonText& JsonText::text(std::string_view value) {
    return raw(json_exact::write(json::value(value)));
}

JsonText& JsonText::number(std::int64_t value) {
    return raw(std::to_string(value));
}

JsonText& JsonText::number(std::uint64_t value) {
    return raw(std::to_string(value));
}

JsonText& JsonText::number(double value) {
    return std::isfinite(value) ? raw(json_exact::write(json::value(value))) : null();
}

JsonText& JsonText::raw(std::string_view json) {
    comma();
    out_ += json;
    return *this;
}

}  // namespace aikit::inline v0
