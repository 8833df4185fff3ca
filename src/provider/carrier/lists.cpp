// SPDX-License-Identifier: MIT
// provider/carrier/lists.cpp - one request after the other, and their answers as one.
#include "provider/carrier/lists.hpp"

#include "core/together.hpp"
#include "model/openai_form/form.hpp"
#include "provider/carrier/body.hpp"

#include <algorithm>

namespace aikit::inline v0::provider::carrier {

namespace {

/// Adds a later batch to the reply of the earlier ones.
Result<void> append(EmbedReply& into, EmbedReply&& batch, std::string const& provider) {
    if (batch.vectors.front().size() != into.vectors.front().size()) {
        Error error = fail(Errc::protocol, "The provider " + provider + " gave embeddings that differ in length.");
        error.provider = provider;
        return error;
    }
    for (std::vector<float>& vector : batch.vectors) into.vectors.push_back(std::move(vector));
    into.usage.add(batch.usage);
    into.info.usage = into.usage;
    into.info.attempts.push_back(std::move(batch.info.attempts.front()));
    for (std::string& warning : batch.info.warnings) into.info.warnings.push_back(std::move(warning));
    return ok();
}

}  // namespace

Task<EmbedReply> embed_in_batches(std::shared_ptr<Endpoint const> endpoint, EmbedRequest asked, CallOptions options,
                                  Batches batches) {
    if (asked.model.empty()) {
        co_return named(fail(Errc::invalid_argument, "The request is wrong: model is missing."), *endpoint);
    }
    if (asked.inputs.empty()) {
        co_return named(fail(Errc::invalid_argument, "The request is wrong: inputs must not be empty."), *endpoint);
    }
    // The time for all batches is one call's.
    std::optional<std::chrono::milliseconds> const total =
        options.limits.total ? options.limits.total : endpoint->limits.total;
    Clock const& clock = *endpoint->runtime.clock();
    if (total) options.deadline = options.deadline.sooner(Deadline::after(clock, *total));

    auto const request = std::make_shared<EmbedRequest const>(std::move(asked));
    std::vector<Task<EmbedReply>> pending;
    for (std::size_t first = 0; first < request->inputs.size();) {
        std::size_t const count = batches.fit(*request, first);
        CallOptions own = options;
        if (first > 0 && !own.idempotency_key.empty()) own.idempotency_key += "-" + std::to_string(first);
        pending.push_back(batches.embed(request, first, count, std::move(own)));
        first += count;
    }
    constexpr std::size_t at_once = 4;
    Task<std::vector<Result<EmbedReply>>> sending = together(std::move(pending), at_once, true);
    Result<std::vector<Result<EmbedReply>>> sent = co_await std::move(sending);
    if (!sent) co_return sent.error();
    // The failure itself, and not that of a batch which was not sent because of it.
    auto const failed = std::find_if(sent->begin(), sent->end(), [](Result<EmbedReply> const& batch) {
        return !batch && batch.error().code != Errc::cancelled;
    });
    if (failed != sent->end()) co_return failed->error();
    std::optional<EmbedReply> all;
    for (Result<EmbedReply>& batch : *sent) {
        if (!batch) co_return batch.error();
        if (!all) {
            all = std::move(*batch);
        } else if (Result<void> appended = append(*all, std::move(*batch), endpoint->name); !appended) {
            co_return appended.error();
        }
    }
    co_return std::move(*all);
}

Result<EmbedReply> read_vectors(Exchange const& exchange, std::vector<json::value const*> const& vectors,
                                std::size_t expected) {
    // In OpenAI's form, whose reader checks vectors and their number.
    json::array data;
    for (json::value const* vector : vectors) {
        json::object item;
        item["index"] = data.size();
        item["embedding"] = vector == nullptr ? json::value() : *vector;
        data.push_back(std::move(item));
    }
    json::object as_openai;
    as_openai["data"] = std::move(data);
    std::vector<std::string> warnings;
    Result<EmbedReply> reply = openai_form::read_embeddings(std::move(as_openai), expected, warnings);
    if (!reply) return unreadable(reply.error(), exchange);
    reply->info.warnings = std::move(warnings);
    return reply;
}

Task<ModelList> list_models(std::shared_ptr<Endpoint const> endpoint, CallOptions options, Pages pages) {
    constexpr int most_pages = 100;
    Result<ModelList> all;
    std::string next;
    for (int number = 0; number < most_pages; ++number) {
        Call call;
        call.method = "GET";
        call.path = pages.path(next);
        call.options = options;
        Result<Whole> const whole = co_await fetch(endpoint, std::move(call));
        if (!whole) co_return whole.error();
        Result<ModelPage> page = pages.decode(whole->head.exchange, whole->body);
        if (!page) co_return without_key(page.error(), *endpoint, whole->head);
        for (ModelInfo& model : page->list.models) all->models.push_back(std::move(model));
        std::vector<std::string> none;
        Usage const nothing;
        tell(*all, *endpoint, whole->head, "", nothing, std::move(none));
        bool const plain = page->next.find_first_of("&# ?%") == std::string::npos;
        if (page->next.empty() || page->next == next || !plain) break;
        next = std::move(page->next);
    }
    co_return all;
}

}  // namespace aikit::inline v0::provider::carrier
