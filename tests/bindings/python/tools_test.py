# SPDX-License-Identifier: MIT
"""Tools are plain and async functions; what they take is read from their hints, and what goes wrong is told."""

import asyncio
import dataclasses
import enum
import json
import threading
import unittest
from typing import Annotated, Any, Dict, List, Literal, Optional, TypedDict, Union

import aikit

from scripted import config


class Unit(enum.Enum):
    CELSIUS = "celsius"
    KELVIN = "kelvin"


@dataclasses.dataclass
class Place:
    city: str
    country: str = "Italy"


class Range(TypedDict, total=False):
    low: float


def call(tool, number=1, **arguments):
    return {"id": f"c{number}", "name": tool, "arguments": json.dumps(arguments)}


def asking(*calls):
    return {"tool_calls": list(calls), "finish": "tool_calls", "usage": {"input": 1, "output": 1}}


def told(run):
    return [message["content"] for message in run["messages"] if message["role"] == "tool"]


DONE = {"text": "Done.", "usage": {"input": 1, "output": 1}}


class Schemas(unittest.TestCase):
    def test_the_schema_is_read_from_hints_and_docstring(self):
        def weather(place: Place, unit: Unit, days: int = 1, *, names: Optional[List[str]] = None,
                    near: Annotated[float, "how far"] = 1.0, kind: Literal["now", "later"] = "now",
                    more: Dict[str, int] = {}, span: Optional[Range] = None, exact: bool = False, anything: Any = None):
            """The weather
            somewhere.

            Args:
                unit: of temperatures
                days (int): how many
            :param kind: when
            """

        spec = aikit.Tool(weather).spec["function"]
        self.assertEqual((spec["name"], spec["description"]), ("weather", "The weather somewhere."))
        schema = spec["parameters"]
        self.assertEqual(schema["required"], ["place", "unit"])
        self.assertIs(schema["additionalProperties"], False)
        text = {"type": "string"}
        self.assertEqual(schema["properties"], {
            "place": {"type": "object", "properties": {"city": text, "country": text}, "required": ["city"],
                      "additionalProperties": False},
            "unit": {"enum": ["celsius", "kelvin"], "description": "of temperatures"},
            "days": {"type": "integer", "description": "how many"},
            "names": {"anyOf": [{"type": "array", "items": text}, {"type": "null"}]},
            "near": {"type": "number", "description": "how far"},
            "kind": {"enum": ["now", "later"], "description": "when"},
            "more": {"type": "object", "additionalProperties": {"type": "integer"}},
            "span": {"anyOf": [{"type": "object", "properties": {"low": {"type": "number"}}, "required": [],
                                "additionalProperties": False}, {"type": "null"}]},
            "exact": {"type": "boolean"},
            "anything": {},
        })

    def test_a_schema_can_be_given(self):
        tool = aikit.Tool(lambda **given: sorted(given), "sort", "Sorts.", {"type": "object"}, strict=True)
        self.assertEqual(tool.spec["function"],
                         {"name": "sort", "description": "Sorts.", "parameters": {"type": "object"}, "strict": True})

    def test_what_has_no_schema_is_refused(self):
        def many(*names):
            return names

        def odd(thing: threading.Lock):
            return thing

        def unknown(thing: "Nothing"):  # noqa: F821
            return thing

        for wrong in (many, odd, unknown, "weather"):
            with self.subTest(wrong), self.assertRaises(aikit.InvalidArgument):
                aikit.Tool(wrong)

    def test_arguments_come_as_the_hints_say(self):
        seen = []

        def weather(place: Place, unit: Unit, spans: List[Place], near: float, other: Union[Unit, int, None] = None):
            seen.append((place, unit, spans, near, other))

        arguments = {"place": {"city": "Rome"}, "unit": "kelvin", "spans": [{"city": "Oslo", "country": "Norway"}], "near": 2,
                     "other": "celsius"}
        with aikit.Kit(config(asking(call("weather", **arguments)), DONE)) as kit:
            run = kit.run_tools("How is it?", [weather])
        self.assertEqual(seen, [(Place("Rome"), Unit.KELVIN, [Place("Oslo", "Norway")], 2.0, Unit.CELSIUS)])
        self.assertIsInstance(seen[0][3], float)
        self.assertEqual(told(run), ["null"])


class Runs(unittest.TestCase):
    def test_what_a_tool_raises_is_told_to_the_model(self):
        def breaks():
            raise ValueError("too many")

        async def refuses():
            raise aikit.ToolError("Only on Mondays.")

        def odd():
            return {1, 2}

        calls = asking(call("breaks"), call("refuses", 2), call("odd", 3))
        with aikit.Kit(config(calls, DONE, calls, DONE)) as kit:
            blocked = kit.run_tools("Go", [breaks, refuses, odd])
            awaited = asyncio.run(kit.run_tools_async("Go", [breaks, refuses, odd]))
        for run in (blocked, awaited):
            said = told(run)
            self.assertEqual(said[:2], ["ValueError: too many", "Only on Mondays."])
            self.assertTrue(said[2].startswith("TypeError: "), said[2])
            self.assertTrue(all(message["aikit"]["failed"] for message in run["messages"][2:5]))
            self.assertEqual((run["end"], run.text), ("answered", "Done."))

    def test_what_a_tool_gives_is_told_as_text_json_or_parts(self):
        image = {"type": "image_url", "image_url": {"url": "https://example.org/a.png"}}
        gives = {"text": "sunny", "data": {"days": [1, 2]}, "parts": aikit.Parts([{"type": "text", "text": "see"}, image])}

        def give(what: str):
            return gives[what]

        calls = [call("give", number, what=what) for number, what in enumerate(gives)]
        with aikit.Kit(config(asking(*calls), DONE)) as kit:
            run = kit.run_tools("Go", [give])
        self.assertEqual(told(run)[:2], ["sunny", '{"days": [1, 2]}'])
        self.assertEqual(told(run)[2][1], image)

    def test_a_run_hears_events_and_asks_before_each_call(self):
        events, asked = [], []

        def add(a: int, b: int) -> int:
            return a + b

        def allow(one):
            asked.append(one)
            return one["arguments"]["a"] > 1

        replies = asking(call("add", 1, a=1, b=2), call("add", 2, a=2, b=3)), DONE
        with aikit.Kit(config(*replies)) as kit:
            run = kit.run_tools("Go", [add], approve=allow, on_event=events.append)
        self.assertEqual(told(run), ["The call was declined.", "5"])
        self.assertEqual(asked[1], {"id": "c2", "name": "add", "step": 1, "arguments": {"a": 2, "b": 3}})
        kinds = [event["type"] for event in events]
        self.assertEqual(kinds.count("result"), 2)
        self.assertEqual("".join(event["chunk"]["choices"][0]["delta"].get("content") or "" for event in events
                                 if event["type"] == "chunk" and event["chunk"]["choices"]), "Done.")

    def test_limits_end_a_run_and_its_history_goes_on(self):
        def again() -> str:
            return "again"

        with aikit.Kit(config(asking(call("again")), asking(call("again")), DONE)) as kit:
            run = kit.run_tools("Go", [again], max_steps=2)
            self.assertEqual((run["end"], run["steps"], run["calls"]), ("steps", 2, 1))
            messages = [*run["messages"], {"role": "user", "content": "Go on."}]
            self.assertEqual(kit.run_tools(messages, [again]).text, "Done.")
            for wrong in ({"max_steps": 0}, {"max_cost": "much"}, {"max_parallel": 99}):
                with self.subTest(wrong), self.assertRaises(aikit.InvalidArgument):
                    kit.run_tools("Go", [again], **wrong)
            with self.assertRaises(aikit.InvalidArgument):
                kit.run_tools("Go", [again, again])

    def test_a_failure_leaves_what_had_come(self):
        def again() -> str:
            return "again"

        failing = {"error": {"code": "server_error", "message": "Down."}}
        with aikit.Kit(config(asking(call("again")), failing)) as kit:
            with self.assertRaises(aikit.ServerError) as caught:
                kit.run_tools("Go", [again], aikit={"max_retries": 0})
        self.assertEqual(caught.exception.partial["end"], "failed")
        self.assertEqual(told(caught.exception.partial), ["again"])

    def test_what_is_no_failure_of_a_tool_ends_the_run(self):
        def leave():
            raise KeyboardInterrupt

        with aikit.Kit(config(asking(call("leave")), DONE)) as kit:
            with self.assertRaises(KeyboardInterrupt):
                kit.run_tools("Go", [leave])
            self.assertEqual(kit.chat("Hi").text, "Done.")  # it goes on with the next thing


class Loops(unittest.TestCase):
    def test_calls_of_one_reply_run_beside_each_other(self):
        """Each waits for the other: two on the loop, two on threads."""
        met = threading.Barrier(2, timeout=20)

        async def main():
            here = asyncio.Event()
            loop_thread = threading.get_ident()

            async def first():
                await asyncio.wait_for(here.wait(), 20)
                return "first"

            async def second():
                here.set()
                return "second"

            def plain(name: str):
                met.wait()
                return name if threading.get_ident() != loop_thread else "on the loop"

            calls = asking(call("first", 1), call("second", 2), call("plain", 3, name="a"), call("plain", 4, name="b"))
            async with aikit.Kit(config(calls, DONE)) as kit:
                return await kit.run_tools_async("Go", [first, second, plain])
        self.assertEqual(told(asyncio.run(main())), ["first", "second", "a", "b"])

    def test_cancelling_the_task_cancels_the_run_and_its_tools(self):
        async def main():
            begun, ends = asyncio.Event(), []

            async def slow():
                begun.set()
                try:
                    await asyncio.sleep(60)
                except asyncio.CancelledError:
                    ends.append("cancelled")
                    raise

            async with aikit.Kit(config(asking(call("slow")), DONE)) as kit:
                task = asyncio.ensure_future(kit.run_tools_async("Go", [slow]))
                await asyncio.wait_for(begun.wait(), 20)
                task.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await task
            return ends
        self.assertEqual(asyncio.run(main()), ["cancelled"])

    def test_time_that_is_up_cancels_the_tools(self):
        async def main():
            ends = []

            async def slow():
                try:
                    await asyncio.sleep(60)
                finally:
                    ends.append("left")

            async with aikit.Kit(config(asking(call("slow")), DONE)) as kit:
                run = await kit.run_tools_async("Go", [slow], max_time=0.2)
            return run, ends
        run, ends = asyncio.run(main())
        self.assertEqual((run["end"], ends), ("time", ["left"]))
        self.assertEqual(told(run), ["The call was stopped before it ended: time was up."])

    def test_a_call_may_be_allowed_by_who_is_awaited_one_at_a_time(self):
        async def main():
            asked = []

            async def allow(one):
                asked.append("asked")
                await asyncio.sleep(0)
                asked.append("answered")
                return one["id"] == "c1"

            async def tool():
                return "yes"

            async with aikit.Kit(config(asking(call("tool", 1), call("tool", 2)), DONE)) as kit:
                return await kit.run_tools_async("Go", [tool], approve=allow), asked
        run, asked = asyncio.run(main())
        self.assertEqual(told(run), ["yes", "The call was declined."])
        self.assertEqual(asked, ["asked", "answered"] * 2)


if __name__ == "__main__":
    unittest.main()
