# SPDX-License-Identifier: MIT
"""The cases that every language runs hold in Python, blocking and awaited."""

import asyncio
import json
import pathlib
import unittest

import aikit

CASES = json.loads((pathlib.Path(__file__).parents[2] / "vectors/cases.json").read_text())["cases"]


def at(document, pointer):
    for part in pointer.split("/")[1:]:
        part = part.replace("~1", "/").replace("~0", "~")
        document = document[int(part) if isinstance(document, list) else part]
    return document


def arguments(step):
    """What a step gives to the method of its call's name, and by name."""
    call, request = step["call"], step.get("request", {})
    if call in ("ask", "search", "ingest"):
        return (step["base"], request), {}
    if call in ("providers", "call_limits"):
        return (), {}
    if call in ("job", "cost"):
        return (step["action"], request), {}
    if call in ("models", "check_providers"):
        return (step.get("provider", ""),), {}
    if call in ("vectors_open", "cost_price"):
        return (), request
    if call == "vectors_search":
        return (step["collection"], step.get("vector")), request
    if call == "vectors_upsert":
        return (step["collection"], step["items"], step.get("rows")), {}
    if call in ("vectors_get", "vectors_remove"):
        return (step["collection"], step["ids"]), {}
    if call in ("vectors_count", "vectors_drop"):
        return (step["collection"],), {}
    return ((), {}) if call == "vectors_collections" else ((request,), {})


def opened(kit, step, suffix):
    if step["call"] == "batch_results":
        return getattr(kit, "batch_results" + suffix)(step["request"])
    if step["call"] == "stream":
        return getattr(kit, "stream" + suffix)(step["request"])
    return getattr(kit, "ask_stream" + suffix)(step["base"], step["request"])


def tools_of(step, awaits):
    """Tools that answer as the step says."""
    def answering(answer):
        def plain(**_):
            if answer.get("failed"):
                raise aikit.ToolError(answer["content"])
            return answer.get("content")

        async def awaited(**_):
            return plain()
        return awaited if awaits else plain

    made = []
    for spec in step["request"]["tools"]:
        function = spec["function"]
        parameters = function.get("parameters", {"type": "object"})
        made.append(aikit.Tool(answering(step["answers"].get(function["name"], {})), function["name"],
                               function.get("description"), parameters))
    return made


def run_of_tools(step, said, awaits):
    """What a step gives to run_tools, and by name."""
    def hear(event):
        choices = event.get("chunk", {}).get("choices")
        if choices:
            said.append(choices[0]["delta"].get("content") or "")
    request = {key: value for key, value in step["request"].items() if key != "tools"}
    named = dict(step.get("limits", {}), approve=lambda call: not step["answers"][call["name"]].get("declined"))
    if "text" in step:
        named["on_event"] = hear
    return (request, tools_of(step, awaits)), named


class Blocking:
    async def tools(self, kit, step, said):
        given, named = run_of_tools(step, said, False)
        return kit.run_tools(*given, **named)

    async def call(self, kit, step):
        if step["call"] == "metrics":
            return {"text": kit.metrics_text()}
        given, named = arguments(step)
        return getattr(kit, step["call"])(*given, **named)

    async def stream(self, kit, step, said):
        with opened(kit, step, "") as stream:
            for words in stream.text():
                said.append(words)
        return stream.result


class Awaited:
    async def tools(self, kit, step, said):
        given, named = run_of_tools(step, said, True)
        return await kit.run_tools_async(*given, **named)

    async def call(self, kit, step):
        if step["call"] == "metrics":
            return {"text": kit.metrics_text()}
        given, named = arguments(step)
        if step["call"] in ("cost_estimate", "cost_price", "providers", "call_limits"):  # do not block, and have no twins
            return getattr(kit, step["call"])(*given, **named)
        return await getattr(kit, step["call"] + "_async")(*given, **named)

    async def stream(self, kit, step, said):
        async with opened(kit, step, "_async") as stream:
            async for words in stream.text():
                said.append(words)
        return stream.result


class Vectors(unittest.TestCase):
    async def step(self, way, kit, step):
        said, error = [], None
        try:
            if step["call"] == "tools":
                reply = await way.tools(kit, step, said)
            elif step["call"] in ("stream", "ask_stream", "batch_results"):
                reply = await way.stream(kit, step, said)
            else:
                reply = await way.call(kit, step)
        except aikit.Error as failed:
            error, reply = failed, failed.partial
        self.assertEqual(error.code if error else None, step.get("error"), error)
        if "text" in step:
            self.assertEqual("".join(said), step["text"])
        for pointer, value in step.get("expect", ()):
            self.assertEqual(at(reply, pointer), value, pointer)
        for pointer, value in step.get("error_expect", ()):
            name = pointer[1:]
            told = getattr(error, "retry_after" if name == "retry_after_ms" else name)
            self.assertEqual(told, value / 1000 if name == "retry_after_ms" and value is not None else value, pointer)

    def run_all(self, way):
        ran = 0
        for case in CASES:
            async def steps(case=case):
                with aikit.Kit(case["config"]) as kit:
                    for number, step in enumerate(case["steps"]):
                        with self.subTest(case["name"], step=number):
                            await self.step(way, kit, step)
            asyncio.run(steps())
            ran += len(case["steps"])
        self.assertGreater(ran, 60)

    def test_the_shared_cases_hold_when_calls_block(self):
        self.run_all(Blocking())

    def test_the_shared_cases_hold_when_calls_are_awaited(self):
        self.run_all(Awaited())


if __name__ == "__main__":
    unittest.main()
