// SPDX-License-Identifier: MIT
// kit/run_tools.cpp - a run of tools whose provider is the kit itself.
#include <aikit/kit/run_tools.hpp>

namespace aikit::inline v0 {
namespace {

/// Answers as the kit does: by the request's model, metered and retried.
class KitProvider final : public AIProvider {
public:
    explicit KitProvider(Kit kit) : kit_(std::move(kit)) {}

    std::string const& name() const noexcept override { return name_; }
    Task<ChatReply> chat(ChatRequest request, CallOptions options) override {
        return kit_.chat(std::move(request), std::move(options));
    }
    Task<ChatStream> stream_chat(ChatRequest request, CallOptions options) override {
        return kit_.stream_chat(std::move(request), std::move(options));
    }

private:
    Kit kit_;
    std::string name_ = "kit";
};

Task<policy::ToolRun> refused(Error error) {
    co_return error;
}

}  // namespace

Task<policy::ToolRun> run_tools(Kit kit, ToolRegistry tools, ChatRequest request, policy::ToolRunConfig config,
                                CallOptions options) {
    if (!config.clock) config.clock = kit.runtime().clock();
    if (!config.estimate) {
        config.estimate = [kit](ChatRequest const& next) -> std::optional<Money> {
            Result<cost::CostEstimate> const estimate = kit.estimate_request_cost(next);
            return estimate ? std::optional<Money>(estimate->expected) : std::nullopt;
        };
    }
    auto provider = std::make_shared<KitProvider>(std::move(kit));
    return policy::run_tools(std::move(provider), std::move(tools), std::move(request), std::move(config),
                             std::move(options));
}

Task<policy::ToolRun> run_tools(Kit kit, std::vector<std::shared_ptr<Tool>> tools, ChatRequest request,
                                policy::ToolRunConfig config, CallOptions options) {
    Result<ToolRegistry> registry = ToolRegistry::of(std::move(tools));
    if (!registry) return refused(registry.error());
    return run_tools(std::move(kit), std::move(*registry), std::move(request), std::move(config), std::move(options));
}

}  // namespace aikit::inline v0
