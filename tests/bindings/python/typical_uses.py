# SPDX-License-Identifier: MIT
"""How programs use the package, for the type checker and for types_test.py, which runs it."""

import array
import asyncio
from typing import Any, Dict, List, Optional

import aikit


def ask(kit: aikit.Kit, question: str) -> str:
    reply: aikit.Reply = kit.chat(question, temperature=0.2)
    usage: Dict[str, int] = reply["usage"]
    return f"{reply.text} ({usage['total_tokens']})"


def messages(kit: aikit.Kit) -> str:
    return kit.chat([{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hi"}], max_tokens=9).text


def spoken(kit: aikit.Kit, question: str) -> List[str]:
    with kit.stream(question) as stream:
        said: List[str] = list(stream.text())
        result: Optional[aikit.Reply] = stream.result
    return said if result is not None else []


def add(a: int, b: int) -> int:
    return a + b


async def subtract(a: int, b: int) -> int:
    return a - b


def calculated(kit: aikit.Kit) -> str:
    calls: List[str] = []
    run: aikit.Reply = kit.run_tools("What is 19 and 23?", [add, aikit.Tool(subtract, description="a minus b")],
                                     approve=lambda call: bool(call["arguments"]),
                                     on_event=lambda event: calls.append(event["type"]), max_steps=4, max_cost="0.05")
    return run.text


async def calculated_async(kit: aikit.Kit) -> str:
    async def allow(call: Dict[str, Any]) -> bool:
        return bool(call["arguments"])
    return (await kit.run_tools_async("What is 19 and 23?", [add, subtract], approve=allow)).text


def failure(kit: aikit.Kit) -> Optional[float]:
    try:
        kit.chat("Hi", aikit={"max_retries": 0})
    except aikit.RateLimited as error:
        code: str = error.code
        status: Optional[int] = error.http_status
        assert code == "rate_limited" and status == 429
        return error.retry_after
    except aikit.Error as error:
        raise SystemExit(error.message)
    return None


def nearest(kit: aikit.Kit) -> str:
    kit.vectors_open("words", dimensions=2)
    kit.vectors_upsert("words", [{"id": "a"}, {"id": "b"}], [[1.0, 0.0], [0.0, 1.0]])
    hits: List[Dict[str, Any]] = kit.vectors_search("words", array.array("f", [0.1, 0.9]), top=1)["hits"]
    return str(hits[0]["id"])


def embedded(kit: aikit.Kit) -> int:
    vectors: Optional[memoryview] = kit.embed(["one", "two"], raw=True).vectors
    assert vectors is not None
    return len(vectors.tolist())


def spent(kit: aikit.Kit) -> str:
    kit.chat("Hi")
    percent: int = next(kit.budget_alerts(after=0))["percent"]
    kit.adjust_budget("day", tokens=-1)
    return f"{percent} %: {[one['tokens'] for one in kit.budgets()]}"


async def awaited(kit: aikit.Kit) -> List[str]:
    replies: List[aikit.Reply] = await asyncio.gather(*[kit.chat_async("Hi") for _ in range(3)])
    async with kit.stream_async("Hi") as stream:
        said: List[str] = [words async for words in stream.text()]
    return [reply.text for reply in replies] + said
