// SPDX-License-Identifier: MIT
// capi/providers.cpp - aikit_providers, aikit_check_providers, aikit_call_limits and aikit_metrics.
#include "kit.hpp"
#include "kit/json_views.hpp"

using namespace aikit;
using namespace aikit::capi;

namespace {

Task<Reply> check_work(KitPointer kit, std::vector<std::string> names) {
    CallOptions options;
    Task<std::vector<ProviderCheck>> checking = kit->kit.check_providers(std::move(names), std::move(options));
    Result<std::vector<ProviderCheck>> const checks = co_await std::move(checking);
    if (!checks) co_return checks.error();
    co_return Reply(json::serialize(json_form::view(*checks)));
}

Result<Work> check_of(KitPointer const& kit, char const* provider, std::size_t size) {
    Result<std::string_view> const text = optional_text(provider, size, "provider");
    if (!text) return text.error();
    std::vector<std::string> names;
    if (!text->empty()) names.emplace_back(*text);
    return Work([kit, names = std::move(names)](std::shared_ptr<Op>) { return check_work(kit, names); });
}

}  // namespace

aikit_status aikit_providers(aikit_kit* kit, aikit_bytes* reply, aikit_error** error) {
    return blocking(kit, error, [&](KitPointer const& object) -> Result<void> {
        if (Result<void> given = required(reply, "reply"); !given) return given;
        Result<std::vector<ProviderStatus>> const all = object->kit.providers();
        if (!all) return all.error();
        return hand_out(json::serialize(json_form::view(*all)), reply);
    });
}

aikit_status aikit_call_limits(aikit_kit* kit, aikit_bytes* reply, aikit_error** error) {
    return blocking(kit, error, [&](KitPointer const& object) -> Result<void> {
        if (Result<void> given = required(reply, "reply"); !given) return given;
        Result<policy::LimitsReport> const report = object->kit.call_limits();
        if (!report) return report.error();
        return hand_out(json::serialize(json_form::view(*report)), reply);
    });
}

aikit_status aikit_metrics(aikit_kit* kit, aikit_bytes* reply, aikit_error** error) {
    return blocking(kit, error, [&](KitPointer const& object) -> Result<void> {
        if (Result<void> given = required(reply, "reply"); !given) return given;
        Result<std::string> const text = object->kit.metrics_text();
        if (!text) return text.error();
        return hand_out(json::serialize(json_form::metrics_view(*text)), reply);
    });
}

aikit_status aikit_check_providers(aikit_kit* kit, char const* provider, size_t provider_size, aikit_bytes* reply,
                                   aikit_error** error) {
    return blocking_reply(kit, reply, "reply", error,
                          [&](KitPointer const& object) { return check_of(object, provider, provider_size); });
}

aikit_status aikit_check_providers_start(aikit_kit* kit, char const* provider, size_t provider_size,
                                         aikit_done_cb on_done, void* user, aikit_op** out, aikit_error** error) {
    return starting(kit, Listener(on_done, user), out, error,
                    [&](KitPointer const& object, Listener&) { return check_of(object, provider, provider_size); });
}
