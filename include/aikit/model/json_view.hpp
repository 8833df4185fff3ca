// SPDX-License-Identifier: MIT
// aikit/model/json_view.hpp - a JSON document to look into, and one to write, without a JSON library in sight.
#ifndef AIKIT_MODEL_JSON_VIEW_HPP
#define AIKIT_MODEL_JSON_VIEW_HPP

#include <aikit/core/result.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace aikit::inline v0 {

/// A value of a document; valid as long as its JsonDocument. What is asked of another kind of value is nothing.
class AIKIT_EXPORT JsonView {
public:
    bool is_null() const noexcept;
    bool is_list() const noexcept;
    bool is_object() const noexcept;
    std::optional<bool> boolean() const noexcept;
    std::optional<std::int64_t> integer() const noexcept;  ///< 3.0 counts.
    std::optional<std::uint64_t> natural() const noexcept;
    std::optional<double> number() const noexcept;
    std::optional<std::string_view> text() const noexcept;

    std::size_t size() const noexcept;                ///< Of a list or an object.
    JsonView item(std::size_t index) const noexcept;  ///< `index` is below size() of a list.
    std::pair<std::string_view, JsonView> member(std::size_t index) const noexcept;  ///< The same for an object.
    std::optional<JsonView> find(std::string_view name) const noexcept;

private:
    friend class JsonDocument;
    explicit JsonView(void const* value) noexcept : value_(value) {}

    void const* value_;
};

/// Ownership: a shared handle. Thread-safety: shared objects: safe.
class AIKIT_EXPORT JsonDocument {
public:
    /// Errors: invalid_argument, with the place and nothing of the text.
    static Result<JsonDocument> parse(std::string_view text);

    JsonDocument() = default;  ///< null
    JsonView root() const noexcept;

private:
    std::shared_ptr<void const> value_;
};

/// A document being written: values in their order, with key() before each member's.
class AIKIT_EXPORT JsonText {
public:
    JsonText& begin_object() { return open('{'); }
    JsonText& end_object() { return shut('}'); }
    JsonText& begin_list() { return open('['); }
    JsonText& end_list() { return shut(']'); }
    JsonText& key(std::string_view name);
    JsonText& text(std::string_view value);
    JsonText& number(std::int64_t value);
    JsonText& number(std::uint64_t value);
    JsonText& number(double value);  ///< What is not finite has no form in JSON, and is written as null.
    JsonText& boolean(bool value) { return raw(value ? "true" : "false"); }
    JsonText& null() { return raw("null"); }
    JsonText& raw(std::string_view json);  ///< A value that is JSON already.

    std::string take() { return std::move(out_); }

private:
    JsonText& open(char bracket);
    JsonText& shut(char bracket);
    void comma();

    std::string out_;
    bool first_ = true;
};

}  // namespace aikit::inline v0

#endif  // AIKIT_MODEL_JSON_VIEW_HPP
