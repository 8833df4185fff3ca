// SPDX-License-Identifier: MIT
// aikit/aikit.hpp - all of aikit, for those who are starting.
#ifndef AIKIT_AIKIT_HPP
#define AIKIT_AIKIT_HPP

#include <aikit/cost/analysis.hpp>
#include <aikit/cost/forecast.hpp>
#include <aikit/cost/savings.hpp>
#include <aikit/kit.hpp>
#include <aikit/kit/run_tools.hpp>
#include <aikit/model/json_form.hpp>
#include <aikit/policy/observed.hpp>
#include <aikit/provider/builtin.hpp>
#include <aikit/provider/openai.hpp>
#include <aikit/sync.hpp>
#include <aikit/telemetry/otlp.hpp>
#include <aikit/telemetry/prometheus.hpp>

#endif  // AIKIT_AIKIT_HPP
