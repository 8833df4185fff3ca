// SPDX-License-Identifier: MIT
// Replies that are read without a tree are the replies that the tree gives.
#include "decoding.hpp"
#include "model/json_exact.hpp"
#include "model/openai_form/form.hpp"
#include "openai_support.hpp"
#include "provider/carrier/body.hpp"

#include <doctest/doctest.h>

using namespace aikit;
using aikit_test::Recorded;

namespace {

/// The reply by way of the tree; nothing where that finds something wrong, or something to warn of.
std::optional<ChatReply> by_tree(std::string_view body) {
    json_exact::Arena arena;
    Result<json::object> object = provider::carrier::read_object(aikit_test::plain_exchange("p"), body, arena);
    if (!object) return std::nullopt;
    std::vector<std::string> warnings;
    Result<ChatReply> reply = openai_form::read_reply(std::move(*object), warnings);
    if (!reply || !warnings.empty()) return std::nullopt;
    return std::move(*reply);
}

json::value whole(ChatReply const& reply) {
    return json_exact::parse(json_form::write_reply(reply), "reply").value();
}

/// Equal, where 1 and 1.0 are: a tree does not keep how a number was written.
bool alike(json::value const& a, json::value const& b) {
    if (a.is_number() && b.is_number()) return a.to_number<double>() == b.to_number<double>();
    if (a.is_array() && b.is_array()) {
        json::array const& one = a.get_array();
        json::array const& other = b.get_array();
        return std::equal(one.begin(), one.end(), other.begin(), other.end(), alike);
    }
    if (!a.is_object() || !b.is_object()) return a == b;
    if (a.get_object().size() != b.get_object().size()) return false;
    for (auto const& member : a.get_object()) {
        json::value const* const other = b.get_object().if_contains(member.key());
        if (other == nullptr || !alike(member.value(), *other)) return false;
    }
    return true;
}

/// Reads a body both ways; true when it could be read without a tree.
bool agree(std::string const& body) {
    ChatReply plain;
    if (!openai_form::read_plain_reply(body, plain)) return false;
    CAPTURE(body);
    std::optional<ChatReply> const tree = by_tree(body);
    REQUIRE(tree.has_value());
    CHECK(alike(whole(plain), whole(*tree)));
    REQUIRE(plain.choices.size() == tree->choices.size());
    for (std::size_t i = 0; i < plain.choices.size(); ++i) {
        CHECK(plain.choices[i].finish == tree->choices[i].finish);
        CHECK(plain.choices[i].message.parts.size() == tree->choices[i].message.parts.size());
        CHECK(plain.choices[i].message.reasoning() == tree->choices[i].message.reasoning());
    }
    CHECK(plain.usage.total() == tree->usage.total());
    CHECK(plain.usage.cache_read == tree->usage.cache_read);
    CHECK(plain.usage.cache_write_5m == tree->usage.cache_write_5m);
    CHECK(plain.usage.reasoning == tree->usage.reasoning);
    CHECK(plain.usage.audio_input == tree->usage.audio_input);
    CHECK(plain.usage.audio_output == tree->usage.audio_output);
    CHECK(plain.usage.image_input == tree->usage.image_input);
    return true;
}

std::vector<std::string> const documents = {
    R"({"id":"c1","object":"chat.completion","created":1760000000,"model":"m","choices":[{"index":0,"message":)"
    R"({"role":"assistant","content":"Hi \u00e9\n","refusal":null,"annotations":[]},"logprobs":null,"finish_reason":"stop"}],)"
    R"("usage":{"prompt_tokens":21,"completion_tokens":27,"total_tokens":48,"prompt_tokens_details":{"cached_tokens":3,)"
    R"("audio_tokens":2},"completion_tokens_details":{"reasoning_tokens":5,"audio_tokens":1}},"service_tier":"default",)"
    R"("system_fingerprint":"fp"})",
    R"({ "choices" : [ { "index" : 1, "message" : { "content" : null, "refusal" : "No.", "reasoning_content" : "So",)"
    R"( "tool_calls" : null }, "finish_reason" : "length", "logprobs" : { "content" : [ 1.50 ] } },)"
    R"( { "message" : { "content" : "b", "reasoning" : "c" } } ], "id" : null, "created" : null, "usage" : null,)"
    R"( "cost" : 1e-05 })",
    R"({"choices":[{"message":{"content":"x"},"finish_reason":"eos"}],"usage":{"prompt_tokens":9,"completion_tokens":1,)"
    R"("total_tokens":10,"prompt_cache_hit_tokens":4,"cached_tokens":null,"prompt_tokens_details":null}})"};

/// Each value of a document in turn as something else, or gone.
void vary(json::value& at, json::value const& root, std::vector<std::string>& out) {
    json::value const before = at;
    for (char const* other :
         {"null", "true", "0", "-1", "2.5", "7", "\"\"", "\"x\"", "[]", "{}", "[{}]", "{\"a\":1}"}) {
        at = *json_exact::parse(other, "test");
        out.push_back(json_exact::write(root));
    }
    at = before;
    if (at.is_array()) {
        for (json::value& item : at.get_array()) vary(item, root, out);
    }
    if (!at.is_object()) return;
    for (auto& member : at.get_object()) vary(member.value(), root, out);
    std::vector<std::string> keys;
    for (auto const& member : at.get_object()) keys.emplace_back(member.key());
    for (std::string const& key : keys) {
        at.get_object().erase(key);
        out.push_back(json_exact::write(root));
        at = before;
    }
    for (char const* key : {"error", "type", "object", "name", "aikit", "detail", "extra", "tool_calls", "content",
                            "cached_tokens", "image_tokens", "cache_write_tokens", "index"}) {
        for (char const* value : {"null", "5", "\"error\"", "{\"message\":\"m\"}", "[]"}) {
            at.get_object()[key] = *json_exact::parse(value, "test");
            out.push_back(json_exact::write(root));
            at = before;
        }
    }
}

}  // namespace

TEST_CASE("a reply of the usual kind is read without a tree, and as with one") {
    for (std::string const& document : documents) CHECK(agree(document));
}

TEST_CASE("a reply with any value changed or gone is read as with a tree, or by it") {
    int plain = 0;
    for (std::string const& document : documents) {
        json::value root = *json_exact::parse(document, "test");
        std::vector<std::string> variants;
        vary(root, root, variants);
        for (std::string const& variant : variants) plain += agree(variant) ? 1 : 0;
    }
    CHECK(plain > 500);
}

TEST_CASE("a reply with any byte changed, gone or doubled is read as with a tree, or by it") {
    for (std::string const& document : documents) {
        for (std::size_t at = 0; at < document.size(); ++at) {
            for (char const byte : std::string_view("\0\n \"\\{}[]:,0-.eEnax\x7F\x80\xC3\xFF", 23)) {
                std::string changed = document;
                changed[at] = byte;
                agree(changed);
                changed = document;
                changed.insert(at, 1, byte);
                agree(changed);
            }
            agree(document.substr(0, at));
            agree(document.substr(0, at) + document.substr(at + 1));
        }
    }
}

TEST_CASE("a member that comes twice is left to the tree") {
    ChatReply reply;
    for (std::string_view const member :
         {R"("id":"a","id":"b")", R"("x":1,"x":2)", R"("choices":[],"usage":{},"usage":{})",
          R"("usage":{"prompt_tokens":1,"prompt_tokens":2})"}) {
        std::string const body =
            "{" + std::string(member) + R"(,"choices":[{"message":{"content":"x"},"finish_reason":"stop"}]})";
        CAPTURE(body);
        CHECK(!openai_form::read_plain_reply(body, reply));
    }
}

TEST_CASE("recorded replies are read without a tree as with one") {
    if (!std::filesystem::is_directory(aikit_test::recordings_folder())) {
        MESSAGE("skipped: there are no recordings beside the repository");
        return;
    }
    int plain = 0;
    int others = 0;
    for (char const* provider : {"openai", "openai-compat", "azure", "huggingface"}) {
        for (Recorded const& recorded : aikit_test::recordings(provider)) {
            if (recorded.is_stream()) continue;
            (agree(recorded.body) ? plain : others) += 1;
            for (std::size_t at = 0; at < recorded.body.size(); at += 7) {
                std::string changed = recorded.body;
                changed[at] ^= 1;
                agree(changed);
            }
        }
    }
    MESSAGE("without a tree: " << plain << ", by the tree: " << others);
    CHECK(plain > 0);
}
