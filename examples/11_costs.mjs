// SPDX-License-Identifier: MIT
// examples/11_costs.mjs - what a ledger says of two months: their sum, the month to come, a day that stands out, savings.
import { Kit } from 'aikit';

const DAY = 86_400_000;
const today = Math.floor(Date.now() / DAY) * DAY;
const ago = (days, minutes = 0) => new Date(today - days * DAY + minutes * 60_000).toISOString();

const kit = new Kit();
// Ten calls a day for ten cents each, and twenty times as many on one of them: made elsewhere, and written down here.
for (let day = 1; day <= 60; day++) {
  for (let call = 0; call < (day === 45 ? 200 : 10); call++) {
    const caller = { user: call % 2 ? 'bob' : 'ada' };
    const started = ago(day, 720 + call);
    await kit.trackActualCost('openai', 'gpt-4o', { input: 20_000, output: 5_000 }, `${day}-${call}`, { started, caller });
  }
}

const report = await kit.costReport({ by: 'user', from: ago(60) });
for (const { key, calls, cost_usd: cost } of report.lines) console.log(`${key}: ${calls} calls, $${cost}`);

const month = await kit.predictMonthlyCost({ history_days: 30 });
const days = (Date.parse(month.until) - Date.parse(month.from)) / DAY;
console.log(`this month: about $${Math.round(month.expected_usd / days)} a day`);

const { anomalies } = await kit.detectCostAnomalies();
for (const day of anomalies) {
  console.log(`a day stands out: $${day.cost_usd} in the place of $${day.expected_usd}`);
}

const plan = await kit.optimizeForBudget('20', { from: ago(30), until: ago(0) });
for (const { change, per_month_usd: saved, risk } of plan.savings) {
  console.log(`${change} saves $${saved} of $${plan.cost_per_month_usd} a month. ${risk}`);
}
await kit.close();
