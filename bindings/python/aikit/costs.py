# SPDX-License-Identifier: MIT
"""What is known of costs beyond their sums: the part of a kit that is about it.

Dollars are texts such as "12.50", which are exact, and times RFC 3339. Where rows of the ledger are meant, these say
which: provider, model, operation, tenant, user, key, project, tag, `from` and `until`.
"""

import json
from typing import Any, AsyncIterator, Dict, Iterator, Mapping, Optional, Sequence, Union

from .operation import Reply

Json = Mapping[str, Any]
Prompt = Union[str, Sequence[Json], Json]


def _request(prompt: Prompt) -> Json:
    if isinstance(prompt, str):
        return {"messages": [{"role": "user", "content": prompt}]}
    return prompt if isinstance(prompt, Mapping) else {"messages": list(prompt)}


def _row(line: str) -> Dict[str, Any]:
    row: Dict[str, Any] = json.loads(line)
    return row


class Costs:
    """What a kit knows of costs; a Kit is one."""

    def cost(self, action: str, request: Optional[Json] = None, **more: Any) -> Reply:
        """Any action by its name, such as "forecast"."""
        raise NotImplementedError

    async def cost_async(self, action: str, request: Optional[Json] = None, **more: Any) -> Reply:
        """`cost`, awaited."""
        raise NotImplementedError

    def estimate_request_cost(self, prompt: Prompt, **more: Any) -> Reply:
        """What a chat would cost, with the interval that the latest calls of the same kind came to (`low_usd` and
        `high_usd`, where there were 20 of them). The kind is what `more` lets through."""
        return self.cost("estimate", {"request": _request(prompt), **more})

    async def estimate_request_cost_async(self, prompt: Prompt, **more: Any) -> Reply:
        """`estimate_request_cost`, awaited."""
        return await self.cost_async("estimate", {"request": _request(prompt), **more})

    def compare_providers(self, prompt: Prompt, **more: Any) -> Reply:
        """What the catalog's models that can serve a chat would ask for it, cheapest first in `offers`; more: providers,
        reasoning_only, free_too, most."""
        return self.cost("compare", {"request": _request(prompt), **more})

    async def compare_providers_async(self, prompt: Prompt, **more: Any) -> Reply:
        """`compare_providers`, awaited."""
        return await self.cost_async("compare", {"request": _request(prompt), **more})

    def volume_discounts(self, provider: str, model: str, usage: Json, calls_per_month: int, **more: Any) -> Reply:
        """What a month of such calls costs, by list prices, with `discounts` ({"from_usd", "basis_points"} each) and by
        the batch price. `usage` is what one call uses: {"input", "output", ...}."""
        return self.cost("volume", {"provider": provider, "model": model, "usage": usage,
                                    "calls_per_month": calls_per_month, **more})

    async def volume_discounts_async(self, provider: str, model: str, usage: Json, calls_per_month: int,
                                     **more: Any) -> Reply:
        """`volume_discounts`, awaited."""
        return await self.cost_async("volume", {"provider": provider, "model": model, "usage": usage,
                                                "calls_per_month": calls_per_month, **more})

    def track_actual_cost(self, provider: str, model: str, usage: Json, request_id: str, **more: Any) -> Reply:
        """Prices a call that was made without aikit and writes its row, once for each id; more: started, latency,
        operation, service_tier, caller."""
        return self.cost("track", {"provider": provider, "model": model, "usage": usage, "request_id": request_id,
                                   **more})

    async def track_actual_cost_async(self, provider: str, model: str, usage: Json, request_id: str,
                                      **more: Any) -> Reply:
        """`track_actual_cost`, awaited."""
        return await self.cost_async("track", {"provider": provider, "model": model, "usage": usage,
                                               "request_id": request_id, **more})

    def predict_monthly_cost(self, **more: Any) -> Reply:
        """What this month will come to: `expected_usd`, between `low_usd` and `high_usd`; more: confidence,
        history_days, utc_offset_minutes, and which rows. It takes at least 7 days of history."""
        return self.cost("forecast", more)

    async def predict_monthly_cost_async(self, **more: Any) -> Reply:
        """`predict_monthly_cost`, awaited."""
        return await self.cost_async("forecast", more)

    def detect_cost_anomalies(self, **more: Any) -> Reply:
        """Days that stand out, latest first in `anomalies`; more: by, threshold, history_days, utc_offset_minutes, and
        which rows."""
        return self.cost("anomalies", more)

    async def detect_cost_anomalies_async(self, **more: Any) -> Reply:
        """`detect_cost_anomalies`, awaited."""
        return await self.cost_async("anomalies", more)

    def suggest_optimizations(self, **more: Any) -> Reply:
        """What would have been cheaper, each with its risk, greatest first in `savings`; more: least_usd, and which
        rows."""
        return self.cost("savings", more)

    async def suggest_optimizations_async(self, **more: Any) -> Reply:
        """`suggest_optimizations`, awaited."""
        return await self.cost_async("savings", more)

    def optimize_for_budget(self, budget_usd: str, **more: Any) -> Reply:
        """The least risky changes that bring a month below a budget; `enough` says whether they do."""
        return self.cost("savings", {"budget_usd": budget_usd, **more})

    async def optimize_for_budget_async(self, budget_usd: str, **more: Any) -> Reply:
        """`optimize_for_budget`, awaited."""
        return await self.cost_async("savings", {"budget_usd": budget_usd, **more})

    def ledger_export(self, format: str = "csv", **more: Any) -> Iterator[str]:
        """The rows of the ledger as text, a page at a time: "csv", or "json_lines"; more: which rows."""
        page: Json = {"more": True}
        while page["more"]:
            page = self.cost("export", {"format": format, **more})
            yield page["content"]
            more["after"] = page["last"]

    async def ledger_export_async(self, format: str = "csv", **more: Any) -> AsyncIterator[str]:
        """`ledger_export` for a loop."""
        page: Json = {"more": True}
        while page["more"]:
            page = await self.cost_async("export", {"format": format, **more})
            yield page["content"]
            more["after"] = page["last"]

    def ledger_rows(self, **more: Any) -> Iterator[Dict[str, Any]]:
        """The rows of the ledger, one by one; more: which."""
        for text in self.ledger_export("json_lines", **more):
            yield from map(_row, text.splitlines())

    async def ledger_rows_async(self, **more: Any) -> AsyncIterator[Dict[str, Any]]:
        """`ledger_rows` for a loop."""
        async for text in self.ledger_export_async("json_lines", **more):
            for line in text.splitlines():
                yield _row(line)

    def ledger_prune(self, **more: Any) -> Reply:
        """Removes the rows of days before `before`, or all but `keep_days`; what they cost stays in reports."""
        return self.cost("prune", more)

    async def ledger_prune_async(self, **more: Any) -> Reply:
        """`ledger_prune`, awaited."""
        return await self.cost_async("prune", more)

    def ledger_recost(self, **more: Any) -> Reply:
        """Prices rows anew, each as of its day; with `apply` it writes the new prices down."""
        return self.cost("recost", more)

    async def ledger_recost_async(self, **more: Any) -> Reply:
        """`ledger_recost`, awaited."""
        return await self.cost_async("recost", more)
