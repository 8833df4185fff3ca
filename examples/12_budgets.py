# SPDX-License-Identifier: MIT
# examples/12_budgets.py - so much money a day for each user; what might exceed it is refused before it is sent.
import aikit

config = aikit.config_from_env()
config["budgets"] = {"budgets": [{"name": "per user", "by": "user", "window": "day", "cost_usd": "0.0001"}]}

with aikit.Kit(config) as kit:
    for user in ("ada", "ada", "ada", "bob"):
        try:
            # What the answer may cost is set aside while the call runs.
            said = kit.chat("What is the capital of France?", model="gpt-4o-mini", max_tokens=140,
                            aikit={"caller": {"user": user}}).text
        except aikit.Error as error:
            said = error.code
        print(f"{user}: {said}")
    for one in kit.budgets():
        print(f"{one['budget']} {one['value']}: ${one['cost_usd']} of ${one['cost_limit_usd']}")
