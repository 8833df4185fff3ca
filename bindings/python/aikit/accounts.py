# SPDX-License-Identifier: MIT
"""Budgets, subscription tiers and routers: the part of a kit that is about who may use how much, and who is asked.

All are configured ("budgets", "tiers", "routers"); a kit without them says not_found. Dollars are texts such as "12.50".
"""

from typing import Any, AsyncIterator, Iterator, List, Mapping, Optional

from .operation import Reply

Json = Mapping[str, Any]


def _given(**members: Any) -> Json:
    return {name: value for name, value in members.items() if value is not None}


def _told(news: Json) -> List[Json]:
    """The alerts; the first of them says how many before it are lost."""
    alerts: List[Json] = list(news["alerts"])
    if news["missed"]:
        alerts[0] = {**alerts[0], "missed": news["missed"]}
    return alerts


class Accounts:
    """Who may use how much; a Kit is one."""

    def cost(self, action: str, request: Optional[Json] = None, **more: Any) -> Reply:
        """Any action by its name, such as "budgets"."""
        raise NotImplementedError

    async def cost_async(self, action: str, request: Optional[Json] = None, **more: Any) -> Reply:
        """`cost`, awaited."""
        raise NotImplementedError

    def budgets(self) -> List[Json]:
        """What is spent and set aside in the windows of now, by all processes with the same ledger."""
        return list(self.cost("budgets")["budgets"])

    async def budgets_async(self) -> List[Json]:
        """`budgets`, awaited."""
        return list((await self.cost_async("budgets"))["budgets"])

    def adjust_budget(self, budget: str, value: Optional[str] = None, usd: Optional[str] = None,
                      tokens: Optional[int] = None) -> List[Json]:
        """Adds to what counts as spent in the window of now; less than nothing is taken off. `value`: whose."""
        return list(self.cost("adjust_budget", _given(budget=budget, value=value, usd=usd, tokens=tokens))["budgets"])

    async def adjust_budget_async(self, budget: str, value: Optional[str] = None, usd: Optional[str] = None,
                                  tokens: Optional[int] = None) -> List[Json]:
        """`adjust_budget`, awaited."""
        request = _given(budget=budget, value=value, usd=usd, tokens=tokens)
        return list((await self.cost_async("adjust_budget", request))["budgets"])

    def budget_alerts(self, after: Optional[int] = None) -> Iterator[Json]:
        """Thresholds of budgets as this process passes them, for ever: each with "budget", "value", "percent" and what
        is spent. `after`: 0 begins with those that were passed before; missing: with those after the first is asked
        for. A reader that does not keep up gets the latest 256; the first of them says how many before it it
        "missed". Any number may read. Ends with InvalidState when the kit is closed."""
        request = _given(after_alert=after)
        while True:
            news = self.cost("budget_alerts", request)
            yield from _told(news)
            request = {"after_alert": news["last_alert"]}

    async def budget_alerts_async(self, after: Optional[int] = None) -> AsyncIterator[Json]:
        """`budget_alerts` for a loop."""
        request = _given(after_alert=after)
        while True:
            news = await self.cost_async("budget_alerts", request)
            for alert in _told(news):
                yield alert
            request = {"after_alert": news["last_alert"]}

    def tiers(self) -> List[Json]:
        """Everybody who was assigned to a tier, or has something that is counted."""
        return list(self.cost("tiers")["members"])

    async def tiers_async(self) -> List[Json]:
        """`tiers`, awaited."""
        return list((await self.cost_async("tiers"))["members"])

    def tier(self, member: str) -> Reply:
        """The tier of a member ("tier"), what it has ("counts"), and what it used this month ("use")."""
        return self.cost("tier", {"member": member})

    async def tier_async(self, member: str) -> Reply:
        """`tier`, awaited."""
        return await self.cost_async("tier", {"member": member})

    def assign_tier(self, member: str, tier: Optional[str] = None) -> Reply:
        """Puts a member into a tier from now on; without one, back to the configuration's."""
        return self.cost("assign_tier", _given(member=member, tier=tier))

    async def assign_tier_async(self, member: str, tier: Optional[str] = None) -> Reply:
        """`assign_tier`, awaited."""
        return await self.cost_async("assign_tier", _given(member=member, tier=tier))

    def claim(self, caller: Json, kind: str, id: str) -> bool:
        """Counts a thing of a kind ("conversations", or one of your own) as the caller's, before it is made; raises
        QuotaExceeded when the tier has no room. False: it was there already."""
        return bool(self.cost("claim", {"caller": caller, "kind": kind, "id": id})["changed"])

    async def claim_async(self, caller: Json, kind: str, id: str) -> bool:
        """`claim`, awaited."""
        return bool((await self.cost_async("claim", {"caller": caller, "kind": kind, "id": id}))["changed"])

    def release(self, caller: Json, kind: str, id: str) -> bool:
        """The thing is gone. False: it was not there."""
        return bool(self.cost("release", {"caller": caller, "kind": kind, "id": id})["changed"])

    async def release_async(self, caller: Json, kind: str, id: str) -> bool:
        """`release`, awaited."""
        return bool((await self.cost_async("release", {"caller": caller, "kind": kind, "id": id}))["changed"])

    def has_feature(self, caller: Json, feature: str) -> bool:
        """Whether the caller's tier includes a feature: one of aikit's, or your own ("shop:export")."""
        return bool(self.cost("check_feature", {"caller": caller, "feature": feature})["included"])

    async def has_feature_async(self, caller: Json, feature: str) -> bool:
        """`has_feature`, awaited."""
        return bool((await self.cost_async("check_feature", {"caller": caller, "feature": feature}))["included"])

    def routers(self) -> List[Json]:
        """The configured routers, each with its "deployments": their circuits, latencies and error rates of late."""
        return list(self.cost("routers")["routers"])

    async def routers_async(self) -> List[Json]:
        """`routers`, awaited."""
        return list((await self.cost_async("routers"))["routers"])

    def cache(self) -> Json:
        """What is kept of replies: "stored" in the file, and what the cache of this "process" has done."""
        return dict(self.cost("cache")["cache"])

    async def cache_async(self) -> Json:
        """`cache`, awaited."""
        return dict((await self.cost_async("cache"))["cache"])

    def clear_cache(self, tenant: Optional[str] = None, user: Optional[str] = None) -> Json:
        """Removes what is kept: of everybody, of a tenant ("": of those without one), or of one user of it. What is left,
        as `cache` tells it."""
        return dict(self.cost("clear_cache", _given(tenant=tenant, user=user))["cache"])

    async def clear_cache_async(self, tenant: Optional[str] = None, user: Optional[str] = None) -> Json:
        """`clear_cache`, awaited."""
        return dict((await self.cost_async("clear_cache", _given(tenant=tenant, user=user)))["cache"])

    def explain_route(self, request: Json, router: Optional[str] = None) -> Reply:
        """Who would be asked for a chat, and why each of the others would not: "candidates" in their order, the "grade" of
        the request with its "reasons". Asks nobody. `router`: missing: the one that the request's model names, or the
        only one."""
        return self.cost("explain_route", _given(request=request, router=router))

    async def explain_route_async(self, request: Json, router: Optional[str] = None) -> Reply:
        """`explain_route`, awaited."""
        return await self.cost_async("explain_route", _given(request=request, router=router))
