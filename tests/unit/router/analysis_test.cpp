// SPDX-License-Identifier: MIT
// Covers include/aikit/router/analysis.hpp: what a request is taken for, and why.
#include <aikit/router/analysis.hpp>

#include <doctest/doctest.h>

#include <algorithm>

namespace aikit::router {
namespace {

RequestAnalysis of(std::string text) {
    return analyze_request(ChatRequest("m", std::move(text)));
}

}  // namespace

TEST_CASE("requests are graded by what they ask for") {
    struct Row {
        char const* text;
        RequestGrade grade;
    };
    for (Row const& row : {
             Row{"What is the capital of France?", RequestGrade::simple},
             Row{"Translate 'good morning' into German.", RequestGrade::simple},
             Row{"Summarise this in one sentence: the cat sat on the mat.", RequestGrade::simple},
             Row{"Say hello.", RequestGrade::simple},
             Row{"Prove that the square root of two is irrational, step by step.", RequestGrade::complex_reasoning},
             Row{"Compare these two pension plans and evaluate the trade-offs.", RequestGrade::complex_reasoning},
             Row{"Vergleiche beide Angebote und begründe deine Wahl.", RequestGrade::complex_reasoning},
             Row{"Demuestra paso a paso que la suma converge.", RequestGrade::complex_reasoning},
             Row{"```cpp\nint main() {}\n```\nWhat does it return?", RequestGrade::code},
             Row{"Write a Python unit test for this and refactor it.", RequestGrade::code},
             Row{"Traceback (most recent call last):\n  File \"a.py\", line 1", RequestGrade::code},
             Row{"I proved it to my plants.", RequestGrade::simple},  // no words but parts of words
         }) {
        CAPTURE(row.text);
        RequestAnalysis const analysis = of(row.text);
        CHECK(name(analysis.grade) == std::string(name(row.grade)));
        CHECK_FALSE(analysis.reasons.empty());
    }
}

TEST_CASE("only what the user said last is graded, all of it is read") {
    ChatRequest request("m", "Prove this theorem step by step and derive the equation.");
    request.messages.emplace_back(Role::assistant, "```python\nimport os\n```");
    request.messages.emplace_back(Role::user, "Thanks!");
    CHECK(analyze_request(request).grade == RequestGrade::simple);
    request.messages[0] = Message(Role::user, std::string(200'000, 'x') + " y");
    CHECK(analyze_request(request).grade == RequestGrade::long_context);
}

TEST_CASE("an effort that is asked for, and many tools, are complex") {
    ChatRequest request("m", "Go on.");
    request.reasoning_effort = "high";
    CHECK(analyze_request(request).grade == RequestGrade::complex_reasoning);
    request.reasoning_effort = "low";
    CHECK(analyze_request(request).grade == RequestGrade::simple);
    request.tools.resize(6);
    CHECK(analyze_request(request).grade == RequestGrade::complex_reasoning);
}

TEST_CASE("what a model must take is listed once") {
    ChatRequest request("m", "What is this?");
    MediaPart picture;
    picture.kind = MediaPart::Kind::image;
    request.messages[0].parts.emplace_back(picture);
    request.messages[0].parts.emplace_back(picture);
    request.tools.emplace_back().name = "clock";
    request.response_format.emplace().kind = ResponseFormat::Kind::json_schema;
    CHECK(analyze_request(request).needs == std::vector<std::string>{"image", "tools", "schema"});
    CHECK(of("Hello").needs.empty());
}

TEST_CASE("data that should not leave is seen by its own check digits, and nothing is quoted") {
    for (std::string const text : {
             "My card is 4111 1111 1111 1111.",            // the well-known test number of Visa
             "card:5500005555555559",                      // and of Mastercard
             "Pay to DE89 3704 0044 0532 0130 00 please",  // the example of the ECBS
             "iban GB29NWBK60161331926819",                // and of the United Kingdom
             "Her number is 078-05-1120.",                 // Woolworth's, never valid, known for that
             "write to jane.doe@example.org",
             "key sk-abcdefghijklmnopqrstuvwx",
             "-----BEGIN RSA PRIVATE KEY-----",
         }) {
        CAPTURE(text);
        RequestAnalysis const analysis = of(text);
        CHECK(analysis.sensitive);
        for (std::string const& reason : analysis.reasons) {
            CHECK(reason.find_first_of("0123456789@") == std::string::npos);
        }
    }
    for (std::string const text : {
             "My card is 4111 1111 1111 1112.",
             "Order 1234567890123456 is late",
             "DE89 3704 0044 0532 0130 01",
             "Call 555-12-34567",
             "meet me @ noon",
             "user@localhost",
             "sk-short",
             "0000000000000000",
             "The public key is fine.",
             "pi is 3.14159265358979323846",
         }) {
        CAPTURE(text);
        CHECK_FALSE(of(text).sensitive);
    }
}

TEST_CASE("a secret is seen wherever it stands in a long text that is looked at, and time is linear") {
    std::string const secret = " sk-abcdefghijklmnopqrstuvwx ";
    for (std::size_t const at : {std::size_t(0), std::size_t(1'000), std::size_t(60'000)}) {
        std::string text(64'000, 'a');
        CHECK(of(text.insert(at, secret)).sensitive);
    }
    std::string text(10'000'000, '4');
    CHECK_FALSE(of(text).sensitive);
    std::string at_signs(1'000'000, '@');
    CHECK_FALSE(of(at_signs).sensitive);
}

}  // namespace aikit::router
