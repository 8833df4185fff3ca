// SPDX-License-Identifier: MIT
// support/heard.hpp - an observer that keeps all it is told.
#ifndef AIKIT_TESTS_SUPPORT_HEARD_HPP
#define AIKIT_TESTS_SUPPORT_HEARD_HPP

#include <aikit/core/observer.hpp>

#include <map>
#include <mutex>
#include <string>
#include <vector>

namespace aikit_test {

class Heard final : public aikit::Observer {
public:
    struct Value {
        std::string metric;
        std::int64_t value = 0;
        std::map<std::string, std::string> labels;
    };

    void count(std::string_view metric, std::int64_t amount,
               std::span<aikit::LogField const> labels) noexcept override {
        keep(counts_, metric, amount, labels);
    }
    void record(std::string_view metric, std::int64_t value,
                std::span<aikit::LogField const> labels) noexcept override {
        keep(records_, metric, value, labels);
    }
    void span(aikit::Span const& span) noexcept override {
        std::lock_guard const lock(mutex_);
        spans_.push_back(span);
    }

    std::vector<Value> counts(std::string_view metric) const { return of(counts_, metric); }
    std::vector<Value> records(std::string_view metric) const { return of(records_, metric); }
    std::vector<aikit::Span> spans() const {
        std::lock_guard const lock(mutex_);
        return spans_;
    }

    /// Every text that was told.
    std::string all() const {
        std::string text;
        for (auto const* const values : {&counts_, &records_}) {
            for (Value const& value : *values) {
                text += value.metric + "\n";
                for (auto const& [key, label] : value.labels) text += key + "=" + label + "\n";
            }
        }
        for (aikit::Span const& span : spans_) {
            text += span.name + "\n" + span.message + "\n";
            for (aikit::TraceField const& field : span.fields) text += field.key + "=" + text_of(field) + "\n";
        }
        return text;
    }

    /// The field of that name as text; "" where there is none.
    static std::string field(aikit::Span const& span, std::string_view key) {
        for (aikit::TraceField const& field : span.fields) {
            if (field.key == key) return text_of(field);
        }
        return {};
    }

private:
    static std::string text_of(aikit::TraceField const& field) {
        if (auto const* const text = std::get_if<std::string>(&field.value)) return *text;
        if (auto const* const number = std::get_if<std::int64_t>(&field.value)) return std::to_string(*number);
        if (auto const* const number = std::get_if<double>(&field.value)) return std::to_string(*number);
        if (auto const* const truth = std::get_if<bool>(&field.value)) return *truth ? "true" : "false";
        std::string joined;
        for (std::string const& text : std::get<std::vector<std::string>>(field.value)) joined += text + ";";
        return joined;
    }

    void keep(std::vector<Value>& values, std::string_view metric, std::int64_t amount,
              std::span<aikit::LogField const> labels) {
        Value value;
        value.metric = metric;
        value.value = amount;
        for (aikit::LogField const& label : labels) {
            auto const* const text = std::get_if<std::string>(&label.value);
            value.labels[label.key] = text ? *text : std::to_string(std::get<std::int64_t>(label.value));
        }
        std::lock_guard const lock(mutex_);
        values.push_back(std::move(value));
    }

    std::vector<Value> of(std::vector<Value> const& values, std::string_view metric) const {
        std::lock_guard const lock(mutex_);
        std::vector<Value> found;
        for (Value const& value : values) {
            if (value.metric == metric) found.push_back(value);
        }
        return found;
    }

    mutable std::mutex mutex_;
    std::vector<Value> counts_;
    std::vector<Value> records_;
    std::vector<aikit::Span> spans_;
};

}  // namespace aikit_test

#endif  // AIKIT_TESTS_SUPPORT_HEARD_HPP
