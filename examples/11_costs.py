# SPDX-License-Identifier: MIT
# examples/11_costs.py - what a ledger says of two months: their sum, the month to come, a day that stands out, savings.
from datetime import datetime, timedelta, timezone

import aikit

today = datetime.now(timezone.utc).replace(hour=0, minute=0, second=0, microsecond=0)


def ago(days: int, minutes: int = 0) -> str:
    return (today - timedelta(days=days) + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%SZ")


with aikit.Kit() as kit:
    # Ten calls a day for ten cents each, and twenty times as many on one of them: made elsewhere, and written down here.
    for day in range(1, 61):
        for call in range(200 if day == 45 else 10):
            kit.track_actual_cost("openai", "gpt-4o", {"input": 20_000, "output": 5_000}, f"{day}-{call}",
                                  started=ago(day, 720 + call), caller={"user": "bob" if call % 2 else "ada"})

    for line in kit.cost_report({"by": "user", "from": ago(60)})["lines"]:
        print(f"{line['key']}: {line['calls']} calls, ${line['cost_usd']}")

    month = kit.predict_monthly_cost(history_days=30)
    length = datetime.fromisoformat(month["until"][:10]) - datetime.fromisoformat(month["from"][:10])
    print(f"this month: about ${round(float(month['expected_usd']) / length.days)} a day")

    for anomaly in kit.detect_cost_anomalies()["anomalies"]:
        print(f"a day stands out: ${anomaly['cost_usd']} in the place of ${anomaly['expected_usd']}")

    plan = kit.optimize_for_budget("20", **{"from": ago(30), "until": ago(0)})
    for saving in plan["savings"]:
        print(f"{saving['change']} saves ${saving['per_month_usd']} of ${plan['cost_per_month_usd']} a month. "
              f"{saving['risk']}")
