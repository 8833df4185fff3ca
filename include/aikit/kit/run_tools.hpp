// SPDX-License-Identifier: MIT
// aikit/kit/run_tools.hpp - lets a model of a kit call functions of the host's until it has its answer.
#ifndef AIKIT_KIT_RUN_TOOLS_HPP
#define AIKIT_KIT_RUN_TOOLS_HPP

#include <aikit/kit.hpp>
#include <aikit/policy/run_tools.hpp>

namespace aikit::inline v0 {

/// policy::run_tools() on a kit: the request's model is named as in Kit::chat(), every reply is metered, in the ledger
/// and retried as its options say, and `config.max_cost` is held against the kit's own estimate of each next request
/// (unless `config.estimate` is set). sync::wait(kit, run_tools(kit, ...)) blocks for it.
///
/// Cancellation and errors: as policy::run_tools() and Kit::chat().
AIKIT_EXPORT Task<policy::ToolRun> run_tools(Kit kit, ToolRegistry tools, ChatRequest request,
                                             policy::ToolRunConfig config, CallOptions options);
AIKIT_EXPORT Task<policy::ToolRun> run_tools(Kit kit, std::vector<std::shared_ptr<Tool>> tools, ChatRequest request,
                                             policy::ToolRunConfig config, CallOptions options);

}  // namespace aikit::inline v0

#endif  // AIKIT_KIT_RUN_TOOLS_HPP
