// SPDX-License-Identifier: MIT
// model/tool.cpp - tools made of callables.
#include <aikit/model/tool.hpp>

namespace aikit::inline v0 {
namespace {

class AsyncTool final : public Tool {
public:
    AsyncTool(ToolSpec spec, std::function<Task<ToolResult>(std::string, ToolContext)> call)
        : spec_(std::move(spec)), call_(std::move(call)) {}

    ToolSpec const& spec() const noexcept override { return spec_; }
    Task<ToolResult> call(std::string arguments, ToolContext context) override {
        return call_(std::move(arguments), std::move(context));
    }

private:
    ToolSpec spec_;
    std::function<Task<ToolResult>(std::string, ToolContext)> call_;
};

class PlainTool final : public Tool {
public:
    PlainTool(ToolSpec spec, std::function<Result<std::string>(std::string)> call)
        : spec_(std::move(spec)), call_(std::move(call)) {}

    ToolSpec const& spec() const noexcept override { return spec_; }
    Task<ToolResult> call(std::string arguments, ToolContext) override {
        Result<std::string> text = call_(std::move(arguments));
        if (!text) co_return text.error();
        co_return text_result(std::move(*text));
    }

private:
    ToolSpec spec_;
    std::function<Result<std::string>(std::string)> call_;
};

}  // namespace

Tool::~Tool() = default;

ToolResult text_result(std::string text) {
    ToolResult result;
    result.content.emplace_back(TextPart(std::move(text)));
    return result;
}

std::shared_ptr<Tool> make_tool(ToolSpec spec, std::function<Result<std::string>(std::string)> call) {
    return std::make_shared<PlainTool>(std::move(spec), std::move(call));
}

std::shared_ptr<Tool> make_async_tool(ToolSpec spec, std::function<Task<ToolResult>(std::string, ToolContext)> call) {
    return std::make_shared<AsyncTool>(std::move(spec), std::move(call));
}

}  // namespace aikit::inline v0
