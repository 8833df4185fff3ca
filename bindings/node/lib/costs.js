// SPDX-License-Identifier: MIT
// bindings/node/lib/costs.js - what is known of costs beyond their sums: the part of a kit that is about it.
'use strict';

function requestOf(prompt) {
  if (typeof prompt === 'string') return { messages: [{ role: 'user', content: prompt }] };
  return Array.isArray(prompt) ? { messages: prompt } : prompt;
}

/** What a kit knows of costs: its methods become the kit's, whose own is `cost`. */
class Costs {
  estimateRequestCost(prompt, { signal, ...more } = {}) {
    return this.cost('estimate', { request: requestOf(prompt), ...more }, { signal });
  }

  compareProviders(prompt, { signal, ...more } = {}) {
    return this.cost('compare', { request: requestOf(prompt), ...more }, { signal });
  }

  volumeDiscounts(provider, model, usage, callsPerMonth, { signal, ...more } = {}) {
    return this.cost('volume', { provider, model, usage, calls_per_month: callsPerMonth, ...more }, { signal });
  }

  trackActualCost(provider, model, usage, requestId, { signal, ...more } = {}) {
    return this.cost('track', { provider, model, usage, request_id: requestId, ...more }, { signal });
  }

  predictMonthlyCost({ signal, ...more } = {}) {
    return this.cost('forecast', more, { signal });
  }

  detectCostAnomalies({ signal, ...more } = {}) {
    return this.cost('anomalies', more, { signal });
  }

  suggestOptimizations({ signal, ...more } = {}) {
    return this.cost('savings', more, { signal });
  }

  optimizeForBudget(budgetUsd, { signal, ...more } = {}) {
    return this.cost('savings', { budget_usd: budgetUsd, ...more }, { signal });
  }

  async *ledgerExport(format = 'csv', { signal, ...more } = {}) {
    let page = {};
    do {
      page = await this.cost('export', { format, ...more, ...(page.last ? { after: page.last } : {}) }, { signal });
      yield page.content;
    } while (page.more);
  }

  async *ledgerRows(options = {}) {
    for await (const text of this.ledgerExport('json_lines', options)) {
      for (const line of text.split('\n')) if (line) yield JSON.parse(line);
    }
  }

  ledgerPrune({ signal, ...more } = {}) {
    return this.cost('prune', more, { signal });
  }

  ledgerRecost({ signal, ...more } = {}) {
    return this.cost('recost', more, { signal });
  }
}

module.exports = { Costs };
