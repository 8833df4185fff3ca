// SPDX-License-Identifier: MIT
// unit/provider/sweeps.cpp - every dialect's decoder, and what is swept over what was recorded of it.
#include "sweeps.hpp"

#include "provider/anthropic/stream.hpp"
#include "provider/anthropic/wire.hpp"
#include "provider/gemini/wire.hpp"
#include "provider/ollama/wire.hpp"
#include "provider/openai_responses/stream.hpp"
#include "provider/openai_responses/wire.hpp"
#include "provider/openai_wire/stream.hpp"
#include "provider/openai_wire/wire.hpp"

#include <aikit/model/json_form.hpp>

#include <algorithm>
#include <cstdlib>
#include <limits>
#include <stdexcept>

using namespace aikit;
using provider::carrier::Exchange;
using provider::carrier::ReplyDecoder;

namespace aikit_test {

namespace {

void sane(bool right, char const* what) {
    if (!right) throw std::runtime_error(what);
}

void check_usage(Usage const& usage) {
    sane(check(usage).has_value(), "the usage contradicts itself");
}

std::optional<Error> look_at(Result<ChatReply> const& reply) {
    if (!reply) return reply.error();
    check_usage(reply->usage);
    Json const written = Json::parse(json_form::write_reply(*reply));
    sane(written["choices"].is_list(), "a reply without choices");
    for (Choice const& choice : reply->choices) {
        for (ToolCall const& call : choice.message.tool_calls()) {
            if (!call.custom) (void)Json::parse(call.arguments);
        }
    }
    return std::nullopt;
}

std::optional<Error> look_at(Result<EmbedReply> const& reply) {
    if (!reply) return reply.error();
    check_usage(reply->usage);
    for (auto const& vector : reply->vectors) sane(!vector.empty(), "an empty vector");
    (void)Json::parse(json_form::write_embeddings(*reply));
    return std::nullopt;
}

std::optional<Error> look_at(Result<ModerateReply> const& reply) {
    if (!reply) return reply.error();
    (void)Json::parse(json_form::write_moderation(*reply));
    return std::nullopt;
}

std::optional<Error> look_at(Result<ModelList> const& reply) {
    if (!reply) return reply.error();
    (void)Json::parse(json_form::write_models(*reply));
    return std::nullopt;
}

std::optional<Error> look_at(Result<provider::carrier::ModelPage> const& reply) {
    return reply ? std::nullopt : std::optional<Error>(reply.error());
}

/// One of `decode(exchange, body)`.
template <class Decode>
WholeReader whole(Decode decode) {
    return [decode](Exchange const& exchange, std::string_view body) { return look_at(decode(exchange, body)); };
}

/// Embeddings of one text, of `decode(exchange, body, 1, more...)`.
template <class Decode, class... More>
WholeReader vectors(Decode decode, More... more) {
    return [decode, more...](Exchange const& exchange, std::string_view body) {
        return look_at(decode(exchange, body, 1, more...));
    };
}

std::string as_events(std::vector<std::string> const& documents) {
    std::string body;
    for (std::string const& one : documents) body += "data: " + one + "\n\n";
    return body;
}

std::string as_lines(std::vector<std::string> const& documents) {
    std::string body;
    for (std::string const& one : documents) body += one + "\n";
    return body;
}

std::vector<std::string> lines_of(std::string const& body) {
    std::vector<std::string> lines;
    for (std::size_t at = 0; at < body.size();) {
        std::size_t const end = std::min(body.find('\n', at), body.size());
        if (end > at + 1) lines.push_back(body.substr(at, end - at));
        at = end + 1;
    }
    return lines;
}

Dialect openai() {
    Dialect one;
    one.name = "openai";
    one.form = Form::openai;
    one.folders = {"openai", "openai-compat", "azure", "huggingface", "ollama"};
    one.decoder = [](Recorded const& recorded) -> std::unique_ptr<ReplyDecoder> {
        provider::openai_wire::Quirks quirks;
        quirks.done_marker_required = recorded.body.find("[DONE]") != std::string::npos;
        double const n = recorded.request.is_object() ? recorded.request["n"].number() : 0;
        return std::make_unique<provider::openai_wire::StreamDecoder>(plain_exchange("openai"), quirks,
                                                                      n > 1 ? static_cast<int>(n) : 1);
    };
    one.documents = event_data;
    one.framed = as_events;
    one.read_chat = whole(provider::openai_wire::decode_chat);
    one.others = {{"/embeddings", vectors(provider::openai_wire::decode_embeddings)},
                  {"/moderations", whole(provider::openai_wire::decode_moderation)},
                  {"/models", whole(provider::openai_wire::decode_models)}};
    return one;
}

Dialect responses() {
    Dialect one;
    one.name = "responses";
    one.form = Form::responses;
    one.folders = {"openai", "openai-compat", "azure"};
    one.decoder = [](Recorded const&) -> std::unique_ptr<ReplyDecoder> {
        return std::make_unique<provider::openai_responses::StreamDecoder>(plain_exchange("openai"));
    };
    one.documents = event_data;
    one.framed = as_events;
    one.read_chat = whole(provider::openai_responses::decode_chat);
    return one;
}

Dialect anthropic() {
    Dialect one;
    one.name = "anthropic";
    one.form = Form::anthropic;
    one.folders = {"anthropic"};
    one.decoder = [](Recorded const&) -> std::unique_ptr<ReplyDecoder> {
        return std::make_unique<provider::anthropic::StreamDecoder>(plain_exchange("anthropic"));
    };
    one.documents = event_data;
    one.framed = as_events;
    one.read_chat = whole(provider::anthropic::decode_chat);
    one.others = {{"/v1/models", whole(provider::anthropic::decode_models)}};
    return one;
}

Dialect gemini() {
    Dialect one;
    one.name = "gemini";
    one.form = Form::gemini;
    one.folders = {"vertex"};
    one.decoder = [](Recorded const&) -> std::unique_ptr<ReplyDecoder> {
        return std::make_unique<provider::gemini::StreamDecoder>(plain_exchange("gemini"));
    };
    one.documents = event_data;
    one.framed = as_events;
    one.read_chat = whole(provider::gemini::decode_chat);
    one.others = {
        {":batchEmbedContents", vectors(provider::gemini::decode_embeddings, provider::gemini::EmbedForm::batch)},
        {":predict", vectors(provider::gemini::decode_embeddings, provider::gemini::EmbedForm::predict)},
        {":embedContent", vectors(provider::gemini::decode_embeddings, provider::gemini::EmbedForm::single)},
        {"/v1beta/models", whole(provider::gemini::decode_models)}};
    return one;
}

Dialect ollama() {
    Dialect one;
    one.name = "ollama";
    one.form = Form::ollama;
    one.folders = {"ollama"};
    one.decoder = [](Recorded const&) -> std::unique_ptr<ReplyDecoder> {
        return std::make_unique<provider::ollama::StreamDecoder>(plain_exchange("ollama"));
    };
    one.documents = lines_of;
    one.framed = as_lines;
    one.read_chat = whole(provider::ollama::decode_chat);
    one.others = {{"/api/embed", vectors(provider::ollama::decode_embeddings)},
                  {"/api/tags", whole(provider::ollama::decode_models)}};
    return one;
}

// ---- traces ----

class Hash {
public:
    void add(std::string_view text) {
        for (char const c : text) step(static_cast<unsigned char>(c));
        step(0x100);
    }
    void add(std::int64_t number) {
        for (int shift = 0; shift < 64; shift += 8) {
            step(static_cast<unsigned char>(static_cast<std::uint64_t>(number) >> shift));
        }
    }
    void add(Usage const& usage) {
        for (std::int64_t const count : {usage.input, usage.cache_read, usage.output, usage.reasoning}) add(count);
    }
    std::uint64_t value() const { return value_; }

private:
    void step(std::uint64_t byte) { value_ = (value_ ^ byte) * 0x100000001B3ULL; }

    std::uint64_t value_ = 0xCBF29CE484222325ULL;  // FNV-1a
};

std::uint64_t hash_of(ChatEvent const& event) {
    Hash hash;
    hash.add(static_cast<std::int64_t>(event.index()));
    std::visit(
        [&](auto const& one) {
            if constexpr (requires { one.choice; }) hash.add(one.choice);
            if constexpr (requires { one.text; }) hash.add(one.text);
            if constexpr (requires { one.signature; }) hash.add(one.signature);
            if constexpr (requires { one.index; }) hash.add(one.index);
            if constexpr (requires { one.id; }) hash.add(one.id);
            if constexpr (requires { one.name; }) hash.add(one.name);
            if constexpr (requires { one.arguments; }) hash.add(one.arguments);
            if constexpr (requires { one.json; }) hash.add(one.json);
            if constexpr (requires { one.usage; }) hash.add(one.usage);
            if constexpr (requires { one.call; }) {
                hash.add(one.call.id);
                hash.add(one.call.name);
                hash.add(one.call.arguments);
            }
        },
        event);
    return hash.value();
}

// ---- damage ----

using Reach = std::function<Json*(Json&)>;

Json const& kind(char const* text) {
    static std::map<std::string, Json> known;
    auto const found = known.find(text);
    return found != known.end() ? found->second : known.emplace(text, Json::parse(text)).first->second;
}

void add_edits(Damage& damage, Reach const& reach, Json const& was) {
    for (char const* text : {"null", "\"text\"", "-7", "1e300", "{}", "[]", "[{}]", "true"}) {
        Json const& with = kind(text);
        if (with.kind == was.kind && with.kind != Json::Kind::number) continue;
        damage.edits.emplace_back([reach, &with](Json& root) { *reach(root) = with; });
    }
}

void walk(Damage& damage, Json const& node, Reach const& reach) {
    for (auto const& [key, value] : node.members) {
        damage.edits.emplace_back([reach, key = key](Json& root) { reach(root)->members.erase(key); });
        Reach const deeper = [reach, key = key](Json& root) { return &reach(root)->members[key]; };
        add_edits(damage, deeper, value);
        walk(damage, value, deeper);
    }
    // Elements behind the second are like those before them.
    for (std::size_t i = 0; i < node.items.size() && i < 2; ++i) {
        damage.edits.emplace_back([reach, i](Json& root) {
            std::vector<Json>& items = reach(root)->items;
            items.erase(items.begin() + static_cast<std::ptrdiff_t>(i));
        });
        Reach const deeper = [reach, i](Json& root) { return &reach(root)->items[i]; };
        add_edits(damage, deeper, node.items[i]);
        walk(damage, node.items[i], deeper);
    }
}

void put_shape(std::string& shape, Json const& node) {
    shape += static_cast<char>('0' + static_cast<int>(node.kind));
    for (auto const& [key, value] : node.members) {
        shape += key;
        put_shape(shape, value);
    }
    for (std::size_t i = 0; i < node.items.size() && i < 2; ++i) put_shape(shape, node.items[i]);
    shape += ';';
}

}  // namespace

std::vector<Dialect> const& dialects() {
    static std::vector<Dialect> const all = [] {
        std::vector<Dialect> made;
        made.push_back(openai());
        made.push_back(responses());
        made.push_back(anthropic());
        made.push_back(gemini());
        made.push_back(ollama());
        return made;
    }();
    return all;
}

Trace trace(ReplyDecoder& decoder, std::vector<std::string_view> const& pieces) {
    Trace out;
    auto const drain = [&] {
        for (;;) {
            Result<std::optional<ChatEvent>> const event = decoder.next();
            if (!event) out.error = event.error().code;
            if (!event || !*event) return;
            out.events.push_back(hash_of(**event));
            if (std::holds_alternative<ToolCallReady>(**event)) ++out.calls;
            // A thought that lost its mark may be taken for text.
            if (auto const* text = std::get_if<TextDelta>(&**event)) out.said += text->text.size();
            if (auto const* text = std::get_if<ReasoningDelta>(&**event)) out.said += text->text.size();
        }
    };
    for (std::string_view const piece : pieces) {
        if (out.error) break;
        decoder.feed(piece);
        drain();
    }
    if (!out.error) {
        decoder.end();
        drain();
    }
    out.finished = decoder.finished();
    return out;
}

std::size_t sweep_budget(std::size_t bytes) {
    if (std::getenv("AIKIT_LONG") != nullptr) return std::numeric_limits<std::size_t>::max();
#if defined(__SANITIZE_ADDRESS__) || !defined(NDEBUG)
    return bytes / 10;
#else
    return bytes;
#endif
}

std::vector<std::size_t> offsets_of(std::string const& body, std::size_t bytes) {
    std::vector<std::size_t> found;
    std::size_t const budget = sweep_budget(bytes);
    std::size_t const many = std::max<std::size_t>(budget / std::max<std::size_t>(body.size(), 1), 20);
    std::size_t const step = body.size() / many + 1;
    for (std::size_t at = 0; at <= body.size(); at += step) found.push_back(at);
    if (step > 1) {
        std::size_t lines = 0;
        std::size_t const apart = static_cast<std::size_t>(std::count(body.begin(), body.end(), '\n')) * 3 / many + 1;
        for (std::size_t at = body.find('\n'); at != std::string::npos; at = body.find('\n', at + 1)) {
            if (lines++ % apart != 0) continue;
            for (std::size_t const beside : {at, at + 1, at + 2}) {
                if (beside <= body.size()) found.push_back(beside);
            }
        }
    }
    return found;
}

Damage damage_of(Json const& document) {
    Damage damage;
    walk(damage, document, [](Json& root) { return &root; });
    return damage;
}

std::string shape_of(Json const& document) {
    std::string shape;
    put_shape(shape, document);
    return shape;
}

}  // namespace aikit_test
