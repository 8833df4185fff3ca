// SPDX-License-Identifier: MIT
// Covers core/log: a record as one line of JSON.
#include <aikit/core/log.hpp>

#include <boost/json.hpp>
#include <doctest/doctest.h>

namespace aikit::inline v0 {

TEST_CASE("a record is one line of JSON with its level, event and facts") {
    std::vector<LogField> fields;
    fields.emplace_back("provider", "openai");
    fields.emplace_back("status", std::int64_t{429});
    fields.emplace_back("text", "two\nlines \"quoted\" \x01");

    std::string const line = to_json_line(LogRecord(LogLevel::warning, "http.retry", fields));

    CHECK(line.find('\n') == std::string::npos);
    boost::json::value const read = boost::json::parse(line);
    CHECK(read.at("level").as_string() == "warning");
    CHECK(read.at("event").as_string() == "http.retry");
    CHECK(read.at("provider").as_string() == "openai");
    CHECK(read.at("status").as_int64() == 429);
    CHECK(read.at("text").as_string() == "two\nlines \"quoted\" \x01");
}

TEST_CASE("a field cannot pose as the level or the event") {
    std::vector<LogField> fields;
    fields.emplace_back("level", "debug");
    fields.emplace_back("event", "other");
    CHECK(to_json_line(LogRecord(LogLevel::error, "real", fields)) == R"({"level":"error","event":"real"})");
}

TEST_CASE("bytes that are no UTF-8 do not spoil the line") {
    std::vector<LogField> fields;
    fields.emplace_back("path", "caf\xE9/\xF0\x9F\x98\x80/\xED\xA0\x80/\xC0\xAF");
    std::string const line = to_json_line(LogRecord(LogLevel::info, "file.read", fields));
    boost::json::value const read = boost::json::parse(line);
    CHECK(read.at("path").as_string() ==
          "caf\xEF\xBF\xBD/\xF0\x9F\x98\x80/\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD/\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST_CASE("each level has its name") {
    CHECK(std::string(name(LogLevel::debug)) == "debug");
    CHECK(std::string(name(LogLevel::info)) == "info");
    CHECK(std::string(name(LogLevel::warning)) == "warning");
    CHECK(std::string(name(LogLevel::error)) == "error");
}

}  // namespace aikit::inline v0
