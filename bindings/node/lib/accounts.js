// SPDX-License-Identifier: MIT
// bindings/node/lib/accounts.js - budgets, subscription tiers and routers: who may use how much, and who is asked.
'use strict';

/** Who may use how much: its methods become the kit's, whose own is `cost`. */
class Accounts {
  async budgets({ signal } = {}) {
    return (await this.cost('budgets', {}, { signal })).budgets;
  }

  async adjustBudget(budget, { signal, ...more } = {}) {
    return (await this.cost('adjust_budget', { budget, ...more }, { signal })).budgets;
  }

  async *budgetAlerts({ signal, after } = {}) {
    let request = after === undefined ? {} : { after_alert: after };
    for (;;) {
      const news = await this.cost('budget_alerts', request, { signal });
      if (news.missed > 0) news.alerts[0].missed = news.missed;
      yield* news.alerts;
      request = { after_alert: news.last_alert };
    }
  }

  async tiers({ signal } = {}) {
    return (await this.cost('tiers', {}, { signal })).members;
  }

  tier(member, { signal } = {}) {
    return this.cost('tier', { member }, { signal });
  }

  assignTier(member, tier, { signal } = {}) {
    return this.cost('assign_tier', tier === undefined ? { member } : { member, tier }, { signal });
  }

  async claim(caller, kind, id, { signal } = {}) {
    return (await this.cost('claim', { caller, kind, id }, { signal })).changed;
  }

  async release(caller, kind, id, { signal } = {}) {
    return (await this.cost('release', { caller, kind, id }, { signal })).changed;
  }

  async routers({ signal } = {}) {
    return (await this.cost('routers', {}, { signal })).routers;
  }

  async cache({ signal } = {}) {
    return (await this.cost('cache', {}, { signal })).cache;
  }

  async clearCache({ signal, tenant, user } = {}) {
    return (await this.cost('clear_cache', { ...(tenant !== undefined && { tenant }), ...(user !== undefined && { user }) }, { signal })).cache;
  }

  explainRoute(request, { signal, router } = {}) {
    return this.cost('explain_route', router === undefined ? { request } : { request, router }, { signal });
  }

  async hasFeature(caller, feature, { signal } = {}) {
    return (await this.cost('check_feature', { caller, feature }, { signal })).included;
  }
}

module.exports = { Accounts };
