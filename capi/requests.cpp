// SPDX-License-Identifier: MIT
// capi/requests.cpp - reading requests, member by member.
#include "requests.hpp"

#include "core/json.hpp"
#include "kit/cost_actions.hpp"
#include "model/json_exact.hpp"
#include "model/openai_form/form.hpp"

#include <array>

namespace aikit::inline v0::capi {
namespace {

/// Parses an object and lets `read` take its members. An empty text is an empty object.
template <class Value, class Read>
Result<Value> read_object(std::string_view text, char const* what, Read read) {
    Result<json::value> parsed = json_exact::parse(text.empty() ? "{}" : text, what, Errc::invalid_argument);
    if (!parsed) return parsed.error();
    if (!parsed->is_object()) return fail(Errc::invalid_argument, std::string(what) + " must be a JSON object.");
    json::Fields fields(parsed->get_object(), what);
    Value value;
    if (Result<void> done = read(fields, value); !done) return done.error();
    if (Result<void> done = fields.finish(); !done) return done.error();
    return value;
}

Result<void> read_options(json::Fields& fields, CallOptions& options) {
    json::object const* const ours = fields.take_object("aikit");
    return ours == nullptr ? ok() : openai_form::read_options(*ours, options);
}

Result<std::vector<std::string>> read_texts(json::array const& source, std::string const& path) {
    std::vector<std::string> out;
    for (json::value const& text : source) {
        if (!text.is_string()) return fail(Errc::invalid_argument, path + " must be a list of strings.");
        out.emplace_back(text.get_string());
    }
    return out;
}

Result<json::array> read_array(std::string_view text, char const* what) {
    Result<json::value> parsed = json_exact::parse(text, what, Errc::invalid_argument);
    if (!parsed) return parsed.error();
    if (!parsed->is_array()) return fail(Errc::invalid_argument, std::string(what) + " must be a JSON array.");
    return std::move(parsed->get_array());
}

/// One of a few words; nothing said leaves `out` as it is.
template <class Enum, std::size_t count>
void read_word(json::Fields& fields, char const* key, std::array<std::pair<char const*, Enum>, count> const& words,
               Enum& out) {
    std::optional<std::string> word;
    fields.read(key, word);
    if (!word) return;
    std::string known;
    for (auto const& [text, value] : words) {
        if (*word == text) {
            out = value;
            return;
        }
        known += (known.empty() ? "\"" : ", \"") + std::string(text) + "\"";
    }
    fields.refuse(key, "must be one of " + known);
}

Result<knowledge::DocumentInput> read_document(json::value const& source, std::string const& path) {
    if (!source.is_object()) return fail(Errc::invalid_argument, path + " must be an object.");
    json::Fields fields(source.get_object(), path);
    knowledge::DocumentInput document;
    std::optional<std::string> text;
    fields.read("uri", document.uri);
    fields.read("text", text);
    if (json::object const* metadata = fields.take_object("metadata")) document.metadata = json_exact::write(*metadata);
    if (document.uri.empty()) fields.refuse("uri", "is missing: it is the document's name");
    if (!text) fields.refuse("text", "is missing");
    if (Result<void> done = fields.finish(); !done) return done.error();
    document.read = [shared = std::make_shared<std::string>(std::move(*text))]() -> Result<std::string> {
        return *shared;
    };
    return document;
}

}  // namespace

Result<RuntimeRequest> read_runtime(std::string_view text) {
    return read_object<RuntimeRequest>(text, "runtime", [](json::Fields& fields, RuntimeRequest& out) -> Result<void> {
        static constexpr std::array<std::pair<char const*, Callbacks>, 2> words{
            {{"io", Callbacks::on_loop}, {"dispatch", Callbacks::dispatched}}};
        fields.read("io", out.config.io);
        fields.read("cpu", out.config.cpu);
        fields.read("storage", out.config.storage);
        fields.read("resolver", out.config.resolver);
        read_word(fields, "callbacks", words, out.callbacks);
        return ok();
    });
}

Result<IngestRequest> read_ingest(std::string_view text) {
    return read_object<IngestRequest>(text, "request", [](json::Fields& fields, IngestRequest& out) -> Result<void> {
        json::array const* const paths = fields.take_array("paths");
        json::array const* const documents = fields.take_array("documents");
        fields.read("stream", out.stream);
        if (Result<void> read = read_options(fields, out.options); !read) return read;
        if (Result<void> known = fields.finish(); !known) return known;
        if ((paths == nullptr) == (documents == nullptr)) {
            fields.refuse("paths", "or 'documents' says what to take in: one of the two");
            return ok();
        }
        if (paths != nullptr) {
            Result<std::vector<std::string>> read = read_texts(*paths, "request.paths");
            if (!read) return read.error();
            out.paths = std::move(*read);
            return ok();
        }
        for (std::size_t i = 0; i < documents->size(); ++i) {
            Result<knowledge::DocumentInput> document =
                read_document((*documents)[i], "request.documents[" + std::to_string(i) + "]");
            if (!document) return document.error();
            out.documents.push_back(std::move(*document));
        }
        return ok();
    });
}

Result<SearchCall> read_search(std::string_view text, std::vector<float> vector) {
    Result<SearchCall> call =
        read_object<SearchCall>(text, "request", [](json::Fields& fields, SearchCall& out) -> Result<void> {
            using knowledge::SearchMode;
            static constexpr std::array<std::pair<char const*, SearchMode>, 3> modes{
                {{"dense", SearchMode::dense}, {"sparse", SearchMode::sparse}, {"hybrid", SearchMode::hybrid}}};
            fields.read("query", out.request.query);
            fields.read("top", out.request.top);
            read_word(fields, "mode", modes, out.request.mode);
            return read_options(fields, out.options);
        });
    if (call) call->request.vector = std::move(vector);
    return call;
}

Result<AskRequest> read_ask(std::string_view text) {
    return read_object<AskRequest>(text, "request", [](json::Fields& fields, AskRequest& out) -> Result<void> {
        fields.read("question", out.question.text);
        fields.read("top", out.question.top);
        fields.read("model", out.model);
        fields.read("stream", out.stream);
        return read_options(fields, out.options);
    });
}

Result<cost::ReportQuery> read_cost_query(std::string_view text) {
    return read_object<cost::ReportQuery>(text, "query", [](json::Fields& fields, cost::ReportQuery& out) {
        costs::read_report(fields, out);
        return ok();
    });
}

Result<cost::UsageQuery> read_usage_query(std::string_view text) {
    return read_object<cost::UsageQuery>(text, "request",
                                         [](json::Fields& fields, cost::UsageQuery& out) -> Result<void> {
                                             std::optional<SystemTime> at;
                                             fields.read("provider", out.provider);
                                             fields.read("model", out.model);
                                             fields.read("api", out.api);
                                             fields.read("service_tier", out.service_tier);
                                             fields.read("region", out.region);
                                             costs::read_time(fields, "at", at);
                                             out.at = at ? *at : real_clock()->system_now();
                                             if (json::value const* usage = fields.take("usage"))
                                                 out.body = json::serialize(*usage);
                                             if (out.body.empty()) fields.refuse("usage", "is missing");
                                             return ok();
                                         });
}

Result<vector::CollectionConfig> read_collection(std::string_view text) {
    return read_object<vector::CollectionConfig>(
        text, "collection", [](json::Fields& fields, vector::CollectionConfig& out) -> Result<void> {
            using vector::Metric;
            static constexpr std::array<std::pair<char const*, Metric>, 3> metrics{
                {{"cosine", Metric::cosine}, {"dot", Metric::dot}, {"l2", Metric::l2}}};
            fields.read("name", out.name);
            fields.read("dimensions", out.dimensions);
            fields.read("model", out.model);
            read_word(fields, "metric", metrics, out.metric);
            return ok();
        });
}

Result<VectorQuery> read_vector_query(std::string_view text) {
    return read_object<VectorQuery>(text, "query", [](json::Fields& fields, VectorQuery& out) -> Result<void> {
        using vector::Fusion;
        static constexpr std::array<std::pair<char const*, Fusion>, 2> words{
            {{"rrf", Fusion::rrf}, {"weighted", Fusion::weighted}}};
        fields.read("text", out.text);
        fields.read("top", out.hybrid.top);
        fields.read("effort", out.effort);
        fields.read("candidates", out.hybrid.candidates);
        fields.read("dense_weight", out.hybrid.dense_weight);
        fields.read("rrf_constant", out.hybrid.rrf_constant);
        read_word(fields, "fusion", words, out.hybrid.fusion);
        return ok();
    });
}

Result<std::vector<vector::Item>> read_items(std::string_view text, std::vector<std::vector<float>> vectors) {
    Result<json::array> const array = read_array(text, "items");
    if (!array) return array.error();
    if (!vectors.empty() && vectors.size() != array->size()) {
        return fail(Errc::invalid_argument, "There are " + std::to_string(array->size()) + " items and " +
                                                std::to_string(vectors.size()) + " vectors; each item needs one.");
    }
    std::vector<vector::Item> items;
    items.reserve(array->size());
    for (std::size_t i = 0; i < array->size(); ++i) {
        std::string const path = "items[" + std::to_string(i) + "]";
        if (!(*array)[i].is_object()) return fail(Errc::invalid_argument, path + " must be an object.");
        json::Fields fields((*array)[i].get_object(), path);
        vector::Item& item = items.emplace_back();
        fields.read("id", item.id);
        fields.read("text", item.text);
        if (json::object const* metadata = fields.take_object("metadata")) item.metadata = json_exact::write(*metadata);
        if (Result<void> done = fields.finish(); !done) return done.error();
        if (!vectors.empty()) item.vector = std::move(vectors[i]);
    }
    return items;
}

Result<std::vector<std::string>> read_ids(std::string_view text) {
    Result<json::array> const array = read_array(text, "ids");
    if (!array) return array.error();
    return read_texts(*array, "ids");
}

}  // namespace aikit::inline v0::capi
