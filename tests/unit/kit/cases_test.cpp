// SPDX-License-Identifier: MIT
// tests/unit/kit/cases_test.cpp - the cases that C, Python and JavaScript run as well, in C++.
#include "core/json.hpp"
#include "kit/cost_actions.hpp"
#include "kit/jobs.hpp"
#include "kit/json_views.hpp"
#include "kit/tool_runs.hpp"
#include "model/json_exact.hpp"

#include <aikit/kit/run_tools.hpp>
#include <aikit/model/json_form.hpp>
#include <aikit/sync.hpp>

#include <doctest/doctest.h>

#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace aikit {
namespace {

json::value shared_cases() {
    std::ifstream file(AIKIT_SOURCE_DIR "/tests/vectors/cases.json");
    std::string const text{std::istreambuf_iterator<char>(file), {}};
    return json_exact::parse(text, "the shared cases").value();
}

/// What a step came to: a reply (or what there was of one), an error, the text of a stream.
struct Outcome {
    std::string reply;
    std::optional<Error> error;
    std::string text;
};

class Runner {
public:
    explicit Runner(json::value const& config)
        : kit_(Kit::open(KitConfig::from_json(json::serialize(config)).value()).value()) {}

    Outcome run(json::value const& step) {
        std::string const call(json::text(step, "call").value());
        request_ = json::find(step, "request") ? json::serialize(*json::find(step, "request")) : "";
        step_ = &step;
        if (call.rfind("vectors_", 0) == 0) return vectors(call);
        if (call == "chat" || call == "stream" || call == "cost_estimate" || call == "count_tokens") return chat(call);
        if (call == "tools") return tools();
        if (call == "ingest" || call == "search" || call == "ask" || call == "ask_stream") return knowledge(call);
        return other(call);
    }

private:
    template <class T, class Write>
    Outcome finish(Result<T> const& result, Write write) {
        Outcome out;
        if (!result) out.error = result.error();
        if (result) out.reply = write(*result);
        return out;
    }

    template <class T>
    Result<T> wait(Task<T> task) {
        return sync::wait(kit_, std::move(task));
    }

    std::string text(char const* key) const { return std::string(json::text(*step_, key).value_or("")); }
    json::value request() const { return json::parse(request_.empty() ? "{}" : request_, "request").value(); }

    Outcome chat(std::string const& call) {
        Result<json_form::ChatCall> read = json_form::read_chat(request_);
        Outcome out;
        if (!read) {
            out.error = read.error();
            return out;
        }
        if (call == "chat") return finish(wait(kit_.chat(read->request, read->options)), json_form::write_reply);
        if (call == "count_tokens") {
            return finish(wait(kit_.count_tokens(read->request, read->options)), json_form::write_token_count);
        }
        if (call == "cost_estimate") {
            return finish(kit_.estimate_request_cost(read->request),
                          [](cost::CostEstimate const& made) { return json::serialize(json_form::view(made)); });
        }
        Result<ChatStream> stream = wait(kit_.stream_chat(read->request, read->options));
        REQUIRE(stream.has_value());
        auto events = sync::events(kit_, std::move(*stream));
        for (Result<ChatEvent>& event : events) {
            if (!event) out.error = event.error();
            if (event && std::holds_alternative<TextDelta>(*event)) out.text += std::get<TextDelta>(*event).text;
        }
        ChatReply reply = events.stream().take_reply();
        reply.info = events.stream().info();
        out.reply = json_form::write_reply(reply);
        return out;
    }

    /// Tools that answer as the step says.
    std::vector<std::shared_ptr<Tool>> tools_of(std::vector<ToolSpec> const& specs) const {
        std::vector<std::shared_ptr<Tool>> made;
        for (ToolSpec const& spec : specs) {
            json::object const& answers = *json::member_object(*step_, "answers");
            json::value const* const given = json::find(answers, spec.name);
            std::string const answer = given == nullptr ? "" : json::serialize(*given);
            made.push_back(make_async_tool(spec, [answer](std::string, ToolContext) { return answered(answer); }));
        }
        return made;
    }

    static Task<ToolResult> answered(std::string answer) { co_return tool_runs::read_answer(answer); }

    Outcome tools() {
        Result<json_form::ChatCall> const read = json_form::read_chat(request_);
        ChatRequest request = read.value().request;
        policy::ToolRunConfig config;
        Outcome out;
        json::value const* const limits = json::find(*step_, "limits");
        Result<void> const known = tool_runs::read_limits(limits == nullptr ? "" : json::serialize(*limits), config);
        if (!known) return done(known);
        if (read->stream) {
            config.on_event = [&](int, ChatEvent const& event, ChatReply const&) {
                if (std::holds_alternative<TextDelta>(event)) out.text += std::get<TextDelta>(event).text;
            };
        }
        config.on_failure = [&](policy::ToolRun const& run, Error const& error) {
            out.reply = tool_runs::write(run, &error);
        };
        std::vector<std::shared_ptr<Tool>> const all = tools_of(std::exchange(request.tools, {}));
        Result<policy::ToolRun> const run = wait(run_tools(kit_, all, request, config, read->options));
        if (run) out.reply = tool_runs::write(*run);
        if (!run) out.error = run.error();
        return out;
    }

    Outcome price() {
        json::value const given = request();
        auto const said = [&](char const* name) { return std::string(json::text(given, name).value_or("")); };
        cost::UsageQuery query;
        query.provider = said("provider");
        query.model = said("model");
        query.api = said("api");
        query.service_tier = said("service_tier");
        query.region = said("region");
        query.at = said("at").empty() ? real_clock()->system_now() : from_rfc3339(said("at")).value();
        query.body = json::serialize(given.at("usage"));
        return finish(kit_.price_reply(query), json_form::write_priced);
    }

    Outcome knowledge(std::string const& call) {
        json::value const given = request();
        if (call == "ingest") {
            auto const base = wait(kit_.knowledge_base(text("base"))).value();
            std::vector<knowledge::DocumentInput> documents;
            for (json::value const& entry : *json::member_array(given, "documents")) {
                knowledge::DocumentInput& document = documents.emplace_back();
                document.uri = std::string(*json::text(entry, "uri"));
                if (json::value const* metadata = json::find(entry, "metadata")) {
                    document.metadata = json::serialize(*metadata);
                }
                document.read = [body = std::string(*json::text(entry, "text"))]() -> Result<std::string> {
                    return body;
                };
            }
            return finish(wait(base->ingest(std::move(documents), {}, CallOptions())),
                          [](knowledge::IngestReport const& r) { return json::serialize(json_form::view(r)); });
        }
        if (call == "search") {
            knowledge::SearchRequest wanted;
            wanted.query = std::string(json::text(given, "query").value_or(""));
            wanted.top = static_cast<int>(json::integer(given, "top").value_or(10));
            if (json::text(given, "mode") == "sparse") wanted.mode = knowledge::SearchMode::sparse;
            return finish(wait(kit_.search(text("base"), wanted, CallOptions())),
                          [](std::vector<knowledge::RelevantChunk> const& chunks) {
                              json::array hits;
                              for (auto const& chunk : chunks) hits.push_back(json_form::view(chunk));
                              return json::serialize(json::object{{"hits", std::move(hits)}});
                          });
        }
        rag::Question const question{std::string(*json::text(given, "question"))};
        Outcome out;
        Result<rag::AnswerStream> stream = wait(kit_.ask(text("base"), question, "", CallOptions()));
        if (!stream) {
            out.error = stream.error();
            return out;
        }
        auto events = sync::events(kit_, std::move(*stream));
        for (Result<rag::AnswerEvent>& event : events) {
            if (!event) out.error = event.error();
            if (event && std::holds_alternative<rag::AnswerText>(*event))
                out.text += std::get<rag::AnswerText>(*event).text;
        }
        out.reply = json::serialize(json_form::view(events.stream().so_far(), !out.error));
        return out;
    }

    Outcome other(std::string const& call) {
        CallOptions options;
        if (call == "cost_price") return price();
        if (call == "embed") {
            Result<EmbedRequest> read = json_form::read_embed(request_, options);
            if (!read) return finish(read, [](EmbedRequest const&) { return std::string(); });
            return finish(wait(kit_.embed(*read, options)), json_form::write_embeddings);
        }
        if (call == "moderate") {
            return finish(wait(kit_.moderate(json_form::read_moderate(request_, options).value(), options)),
                          json_form::write_moderation);
        }
        if (call == "job" || call == "batch_results") {
            int came = 0;
            jobs::TakeResult take;
            if (call == "batch_results") take = [&came](std::string) { return counted_result(came); };
            return finish(wait(jobs::run(kit_, text("action"), request_, take)),
                          [](std::string const& r) { return r; });
        }
        if (call == "cost") {
            return finish(wait(costs::run(kit_, text("action"), request_)), [](std::string const& r) { return r; });
        }
        if (call == "models") return finish(wait(kit_.models(text("provider"), options)), json_form::write_models);
        if (call == "providers" || call == "check_providers") return providers(call);
        if (call == "metrics") {
            return finish(kit_.metrics_text(),
                          [](std::string const& text) { return json::serialize(json_form::metrics_view(text)); });
        }
        if (call == "call_limits") {
            return finish(kit_.call_limits(),
                          [](policy::LimitsReport const& r) { return json::serialize(json_form::view(r)); });
        }
        REQUIRE(call == "cost_report");
        cost::ReportQuery query;
        query.by = cost::report_by(json::text(request(), "by").value_or("")).value_or(query.by);
        query.user = std::string(json::text(request(), "user").value_or(""));
        return finish(wait(kit_.cost_report(query)),
                      [&](cost::Report const& r) { return json::serialize(json_form::view(r, query.by)); });
    }

    Outcome providers(std::string const& call) {
        auto const write = [](auto const& list) { return json::serialize(json_form::view(list)); };
        if (call == "providers") return finish(kit_.providers(), write);
        std::string const name = text("provider");
        std::vector<std::string> const names(name.empty() ? 0 : 1, name);
        return finish(wait(kit_.check_providers(names, CallOptions())), write);
    }

    static Task<void> counted_result(int& came) {
        ++came;
        co_return ok();
    }

    std::vector<float> row(json::value const& numbers) const {
        std::vector<float> out;
        for (json::value const& number : numbers.get_array()) out.push_back(number.to_number<float>());
        return out;
    }

    std::vector<std::string> ids() const {
        std::vector<std::string> out;
        for (json::value const& id : *json::member_array(*step_, "ids")) out.emplace_back(id.get_string());
        return out;
    }

    Outcome vectors(std::string const& call) {
        json::value const given = request();
        std::string const collection = text("collection");
        std::shared_ptr<vector::VectorStore> const store = kit_.vectors();
        auto const counted = [](char const* member) {
            return [member](std::int64_t count) { return json::serialize(json::object{{member, count}}); };
        };
        if (call == "vectors_open") {
            vector::CollectionConfig config;
            config.name = std::string(*json::text(given, "name"));
            config.dimensions = static_cast<int>(*json::integer(given, "dimensions"));
            config.model = std::string(json::text(given, "model").value_or(""));
            return done(wait(store->open_collection(config)));
        }
        if (call == "vectors_drop") return done(wait(store->drop_collection(collection)));
        if (call == "vectors_count") return finish(wait(store->count(collection)), counted("count"));
        if (call == "vectors_remove") return finish(wait(store->remove(collection, ids())), counted("removed"));
        if (call == "vectors_upsert") {
            std::vector<vector::Item> items;
            json::array const& rows = *json::member_array(*step_, "rows");
            for (json::value const& entry : *json::member_array(*step_, "items")) {
                items.emplace_back(std::string(*json::text(entry, "id")), row(rows.at(items.size())),
                                   std::string(json::text(entry, "text").value_or("")));
                if (json::value const* metadata = json::find(entry, "metadata")) {
                    items.back().metadata = json::serialize(*metadata);
                }
            }
            return done(wait(store->upsert(collection, std::move(items))));
        }
        if (call == "vectors_get") {
            return finish(wait(store->get(collection, ids())), [](std::vector<vector::Item> const& items) {
                json::array list;
                for (vector::Item const& item : items) {
                    list.push_back(json::object{{"id", item.id},
                                                {"text", item.text},
                                                {"row", list.size()},
                                                {"metadata", json::parse(item.metadata, "metadata").value()}});
                }
                return json::serialize(json::object{{"items", std::move(list)}});
            });
        }
        if (call == "vectors_collections") {
            return finish(wait(store->collections()), [](std::vector<vector::CollectionInfo> const& all) {
                json::array list;
                for (vector::CollectionInfo const& one : all) {
                    list.push_back(json::object{{"name", one.config.name},
                                                {"dimensions", one.config.dimensions},
                                                {"metric", vector::name(one.config.metric)},
                                                {"model", one.config.model},
                                                {"items", one.items}});
                }
                return json::serialize(json::object{{"collections", std::move(list)}});
            });
        }
        return found(search(*store, collection, given));
    }

    Result<std::vector<vector::Hit>> search(vector::VectorStore& store, std::string const& collection,
                                            json::value const& given) {
        json::value const* const numbers = json::find(*step_, "vector");
        std::string const words(json::text(given, "text").value_or(""));
        int const top = static_cast<int>(json::integer(given, "top").value_or(10));
        if (numbers == nullptr) {
            vector::SparseQuery query;
            query.text = words;
            return wait(store.search(collection, query));
        }
        if (words.empty()) {
            vector::DenseQuery query;
            query.vector = row(*numbers);
            query.top = top;
            return wait(store.search(collection, query));
        }
        vector::HybridQuery query;
        query.text = words;
        query.vector = row(*numbers);
        if (json::text(given, "fusion") == "rrf") query.fusion = vector::Fusion::rrf;
        query.rrf_constant = json::number(given, "rrf_constant").value_or(query.rrf_constant);
        return wait(store.hybrid_search(collection, query));
    }

    Outcome found(Result<std::vector<vector::Hit>> const& result) {
        return finish(result, [](std::vector<vector::Hit> const& hits) {
            json::array list;
            for (vector::Hit const& hit : hits) {
                std::string const metadata = hit.metadata.empty() ? "{}" : hit.metadata;
                list.push_back(json::object{
                    {"id", hit.id}, {"text", hit.text}, {"metadata", json::parse(metadata, "metadata").value()}});
            }
            return json::serialize(json::object{{"hits", std::move(list)}});
        });
    }

    Outcome done(Result<void> const& result) {
        Outcome out;
        if (!result) out.error = result.error();
        if (result) out.reply = "{}";
        return out;
    }

    Kit kit_;
    std::string request_;
    json::value const* step_ = nullptr;
};

void holds(json::value const& step, char const* pairs, std::string const& text) {
    json::array const* const expected = json::member_array(step, pairs);
    if (expected == nullptr) return;
    Result<json::value> const document = json_exact::parse(text, "the reply");
    REQUIRE(document.has_value());
    for (json::value const& pair : *expected) {
        std::string const pointer(pair.at(0).get_string());
        CAPTURE(pointer);
        boost::system::error_code missing;
        json::value const* const value = document->find_pointer(pointer, missing);
        REQUIRE(value != nullptr);
        CHECK(json_exact::write(*value) == json_exact::write(pair.at(1)));
    }
}

}  // namespace

TEST_CASE("the shared cases hold in C++") {
    int steps = 0;
    json::value const document = shared_cases();
    for (json::value const& shared : document.at("cases").get_array()) {
        std::string const name(shared.at("name").get_string());
        CAPTURE(name);
        Runner runner(shared.at("config"));
        for (json::value const& step : shared.at("steps").get_array()) {
            CAPTURE(steps);
            Outcome const outcome = runner.run(step);
            std::string const code = outcome.error ? aikit::name(outcome.error->code) : "ok";
            CHECK(code == json::text(step, "error").value_or("ok"));
            if (json::text(step, "text")) CHECK(outcome.text == *json::text(step, "text"));
            holds(step, "expect", outcome.reply);
            if (outcome.error) holds(step, "error_expect", json_form::write_error(*outcome.error));
            ++steps;
        }
    }
    CHECK(steps > 60);
}

}  // namespace aikit
