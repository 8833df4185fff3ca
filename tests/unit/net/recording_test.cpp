// SPDX-License-Identifier: MIT
// Covers src/testing/recording.cpp: recordings of real traffic.
#include <aikit/testing/fake_transport.hpp>

#include <doctest/doctest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace aikit::inline v0::testing {
namespace {

std::string const whole =
    R"({"provider":"openai","surface":"chat","kind":"stream","request":{"method":"POST","path":"/v1/x",)"
    R"("headers":{"accept":"*/*"},"body":{"model":"m"}},"response":{"status":429,"headers":{"retry-after":"3"},)"
    R"("body":"data: 1\n\n"}})";

std::string without(std::string text, std::string_view part, std::string_view instead) {
    std::size_t const at = text.find(part);
    REQUIRE(at != std::string::npos);
    return text.replace(at, part.size(), instead);
}

}  // namespace

TEST_CASE("a recording gives the request that was made and the reply to it") {
    Result<Recording> const recording = parse_recording(whole);

    REQUIRE(recording.has_value());
    CHECK(recording->provider == "openai");
    CHECK(recording->surface == "chat");
    CHECK(recording->kind == "stream");
    CHECK(recording->method == "POST");
    CHECK(recording->path == "/v1/x");
    CHECK(recording->request_body == R"({"model":"m"})");
    CHECK(recording->reply.status == 429);
    CHECK(recording->reply.headers.find("Retry-After") == "3");
    CHECK(recording->reply.pieces == std::vector<std::string>{"data: 1\n\n"});
}

TEST_CASE("a request body of text is kept as it is, and null is none") {
    CHECK(parse_recording(without(whole, R"({"model":"m"})", R"("a\nb")"))->request_body == "a\nb");
    CHECK(parse_recording(without(whole, R"({"model":"m"})", "null"))->request_body.empty());
}

TEST_CASE("what is no recording is refused") {
    std::vector<std::string> const broken = {
        "",
        "nonsense",
        "[]",
        "{}",
        "1",
        without(whole, R"("request")", R"("requests")"),
        without(whole, R"("response")", R"("answer")"),
        without(whole, R"("POST")", "1"),
        without(whole, R"("path")", R"("way")"),
        without(whole, "429", R"("429")"),
        without(whole, "429", "99"),
        without(whole, "429", "600"),
        without(whole, R"("data: 1\n\n")", "null"),
        without(whole, R"("3")", "3"),
        whole.substr(0, whole.size() - 1),
        whole + "}",
    };
    for (std::string const& text : broken) {
        CAPTURE(text);
        Result<Recording> const recording = parse_recording(text);
        REQUIRE(recording.has_error());
        CHECK(recording.error().code == Errc::invalid_argument);
    }
}

TEST_CASE("every recording at hand is read") {
    std::filesystem::path const folder = std::filesystem::path(AIKIT_SHARED_DIR) / "recordings";
    if (!std::filesystem::exists(folder)) {
        MESSAGE("skipped: no recordings beside this checkout");
        return;
    }
    int count = 0;
    for (auto const& entry : std::filesystem::recursive_directory_iterator(folder)) {
        if (entry.path().extension() != ".json" || entry.path().filename() == "index.json") continue;
        CAPTURE(entry.path().string());
        std::ifstream file(entry.path(), std::ios::binary);
        std::string const text((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
        Result<Recording> const recording = parse_recording(text);
        CHECK(recording.has_value());
        ++count;
    }
    MESSAGE("recordings read: " << count);
    CHECK(count > 0);
}

}  // namespace aikit::inline v0::testing
