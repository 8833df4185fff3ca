# SPDX-License-Identifier: MIT
"""The face: examples of the docstrings, vectors of every kind, progress, errors, and what is left of it."""

import array
import asyncio
import contextlib
import ctypes
import dataclasses
import doctest
import enum
import gc
import os
import pathlib
import pickle
import re
import subprocess
import sys
import threading
import time
import typing
import unittest

import aikit
from aikit import _ffi, errors, kit as kits, operation, schema, tools
from scripted import config, slow


class Fare(enum.Enum):
    CHEAP = "cheap"
    DEAR = "dear"


class Leg(typing.TypedDict):
    to: str
    hours: typing.Optional[float]


@dataclasses.dataclass
class Trip:
    city: str
    days: int
    fare: Fare
    legs: typing.List[Leg]
    tags: typing.Dict[str, int]
    note: typing.Optional[str] = None
    way: typing.Literal["rail", 2] = "rail"


HEADER = pathlib.Path(__file__).parents[3] / "capi/aikit.h"


def kept(kit, name, vectors):
    """What a collection of two items says of their vectors."""
    kit.vectors_open(name, dimensions=2)
    kit.vectors_upsert(name, [{"id": "a"}, {"id": "b"}], vectors)
    return kit.vectors_get(name, ["a", "b"]).vectors.tolist()


class Face(unittest.TestCase):
    def test_the_examples_of_the_docstrings_run(self):
        for module in (errors, kits, operation, tools):
            result = doctest.testmod(module)
            self.assertGreater(result.attempted, 0, module)
            self.assertEqual(result.failed, 0, module)

    def test_there_is_one_exception_for_each_code(self):
        numbers = dict(re.findall(r"AIKIT_E_([A-Z_]+) = (\d+)", HEADER.read_text()))
        codes = {name.lower() for name in numbers}
        self.assertEqual(set(errors.BY_CODE), codes)
        for name, number in numbers.items():
            self.assertEqual(_ffi.status_name(int(number)).decode(), name.lower())
            self.assertIs(type(errors.made(int(number), None)), errors.BY_CODE[name.lower()])
        self.assertEqual(len(set(errors.BY_CODE.values())), len(codes))
        for kind in errors.BY_CODE.values():
            self.assertIn(kind.__name__, aikit.__all__)
            self.assertTrue(kind.__doc__)

    def test_an_exception_survives_being_sent_to_another_process(self):
        with aikit.Kit(config({"error": {"code": "rate_limited", "http_status": 429, "retry_after": 1.5}})) as kit:
            with self.assertRaises(aikit.RateLimited) as raised:
                kit.chat("Hi", aikit={"max_retries": 0})
        copy = pickle.loads(pickle.dumps(raised.exception))
        self.assertIs(type(copy), aikit.RateLimited)
        self.assertEqual((str(copy), copy.http_status, copy.retry_after, copy.retryable),
                         (str(raised.exception), 429, 1.5, True))

    def test_a_library_that_is_missing_foreign_or_older_is_an_import_error_that_says_so(self):
        for library, told in (("no_such_library.so", "AIKIT_LIBRARY"), ("libc.so.6", "AIKIT_LIBRARY")):
            done = subprocess.run([sys.executable, "-c", "import aikit"], capture_output=True, text=True, check=False,
                                  env={**os.environ, "AIKIT_LIBRARY": library})
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stderr.splitlines()[-1], f"^ImportError: .*{told}")

    def test_a_key_comes_from_a_function_of_the_host_and_what_that_raises_is_raised(self):
        provider = {"name": "openai", "base_url": "http://127.0.0.1:9/v1", "api_key": "callback:work", "max_retries": 0}
        names = []

        def vault(name):
            names.append(name)
            return "sk-abc"

        def closed(name):
            raise LookupError(f"no {name} in the vault")

        def end(keys):
            with aikit.Kit({"providers": [provider]}, keys=keys) as kit:
                return kit.chat("Hi", model="openai/gpt-4o")

        with self.assertRaises(aikit.ConnectionFailed):  # nobody listens there
            end(vault)
        self.assertEqual(names, ["work"])
        with self.assertRaisesRegex(LookupError, "no work in the vault"):
            aikit.Kit({"providers": [provider]}, keys=closed)
        for keys, wanted in ((lambda name: "", aikit.Authentication), (None, aikit.Authentication),
                             (lambda name: "x" * 65_537, aikit.InvalidArgument)):
            with self.assertRaises(wanted):
                end(keys)

    def test_a_chat_answers_with_a_type_of_pythons_own(self):
        good = '{"city": "Rome", "days": 3, "fare": "cheap", "legs": [{"to": "Ostia", "hours": 1.5}], "tags": {"a": 1}}'
        replies = [{"text": '{"city": 1}'}, {"text": f"```json\n{good}\n```"}]
        with aikit.Kit(config(*replies)) as kit:
            reply = kit.chat("Where?", schema=Trip)
            self.assertEqual(reply.value, Trip("Rome", 3, Fare.CHEAP, [{"to": "Ostia", "hours": 1.5}], {"a": 1}))
            self.assertEqual(reply["aikit"]["repairs"], 1)
            self.assertEqual(kit.chat("Where?", schema={"type": "object"}, repairs=0).value, {"city": 1})
            self.assertEqual(asyncio.run(self.asked(kit)).value.city, "Rome")
            with self.assertRaises(aikit.ProtocolError) as raised:
                kit.chat("Where?", schema=Trip, repairs=0)
            self.assertIn("must have the member days", str(raised.exception))
            with self.assertRaises(aikit.InvalidArgument):
                kit.chat("Where?", schema=complex)

    @staticmethod
    async def asked(kit):
        return await kit.chat_async("Where?", schema=Trip)

    def test_types_become_schemas(self):
        self.assertEqual(schema.schema_of(Trip), {"type": "object", "additionalProperties": False, "properties": {
            "city": {"type": "string"}, "days": {"type": "integer"}, "fare": {"enum": ["cheap", "dear"]},
            "legs": {"type": "array", "items": {"type": "object", "additionalProperties": False, "properties": {
                "to": {"type": "string"}, "hours": {"anyOf": [{"type": "number"}, {"type": "null"}]}}, "required": ["hours", "to"]}},
            "tags": {"type": "object", "additionalProperties": {"type": "integer"}}, "note": {"anyOf": [
                {"type": "string"}, {"type": "null"}]}, "way": {"enum": ["rail", 2]}},
            "required": ["city", "days", "fare", "legs", "tags"]})
        self.assertEqual(schema.value_of(Trip, {"city": "A", "days": 1, "fare": "dear", "legs": [], "tags": {}, "way": 2}).way, 2)

    def test_a_document_is_there_while_it_is_written(self):
        with aikit.Kit(config({"pieces": ['{"city": "Ro', 'me", "da', 'ys": 3', '}']})) as kit:
            with kit.stream("Where?", schema={"type": "object"}) as stream:
                seen = list(stream.partial())
            self.assertEqual(seen, [{"city": "Ro"}, {"city": "Rome"}, {"city": "Rome"}, {"city": "Rome", "days": 3}])

    def test_vectors_come_as_buffers_and_as_sequences(self):
        rows = [[1.0, 0.0], [0.0, 1.0]]
        flat = memoryview(array.array("f", [1, 0, 0, 1])).cast("B")
        given = [rows, tuple(map(tuple, rows)), [array.array("f", row) for row in rows], flat.cast("f", [2, 2]),
                 memoryview(flat.tobytes()).cast("f", [2, 2]),
                 memoryview(array.array("d", [1, 0, 0, 1])).cast("B").cast("d", [2, 2])]
        with aikit.Kit({}) as kit:
            for number, vectors in enumerate(given):
                self.assertEqual(kept(kit, f"c{number}", vectors), rows, number)
                found = kit.vectors_search(f"c{number}", array.array("f", [0, 1]), top=1)
                self.assertEqual(found["hits"][0]["id"], "b")

    def test_a_contiguous_buffer_of_float32_is_not_copied(self):
        given = array.array("f", [1, 2, 3, 4])
        shaped = memoryview(given).cast("B").cast("f", [2, 2])
        for vectors, shape in ((given, (1, 4)), (shaped, (2, 2))):
            where, *size = kits._rows(vectors)
            self.assertEqual((ctypes.addressof(where._obj), tuple(size)), (given.buffer_info()[0], shape))

    def test_what_is_no_vector_is_told(self):
        floats = memoryview(array.array("f", range(8))).cast("B")
        wrong = [[[1, 2], [3]], [["x", "y"]], "words", {"a": 1}, 5, [[1, None]], [[10 ** 400, 0]], iter([[1, 0]]),
                 array.array("i", [1, 2]), b"\0\0\0\0", floats.cast("f", [2, 2, 2]), [[]], array.array("f")]
        with aikit.Kit({}) as kit:
            kit.vectors_open("c", dimensions=2)
            for vectors in wrong:
                with self.assertRaises(aikit.InvalidArgument, msg=vectors):
                    kit.vectors_upsert("c", [{"id": "a"}], vectors)
            with self.assertRaises(aikit.InvalidArgument):
                kit.vectors_search("c", [[1, 0], [0, 1]])
            for far in (1e300, float("inf"), float("nan")):
                with self.assertRaises(aikit.InvalidArgument, msg=far):
                    kit.vectors_upsert("c", [{"id": "a"}], [[far, 0]])
            self.assertEqual(kit.vectors_count("c")["count"], 0)

    def test_embeddings_come_raw(self):
        with aikit.Kit({}) as kit:
            said = kit.embed(["one", "two"])
            raw = kit.embed(["one", "two"], raw=True)
        self.assertEqual(raw.vectors.shape, (2, len(said["data"][0]["embedding"])))
        for ours, theirs in zip(raw.vectors.tolist()[0], said["data"][0]["embedding"]):
            self.assertAlmostEqual(ours, theirs, 5)

    def test_ingest_tells_its_progress_and_ask_its_sources_first(self):
        seen = []
        documents = [{"uri": f"{i}.md", "text": f"# Leave {i}\n\nEvery employee has {i} days."} for i in range(3)]
        with aikit.Kit({}) as kit:
            report = kit.ingest("b", {"documents": documents}, seen.append)
            with kit.ask_stream("b", "How many days has an employee?") as stream:
                events = list(stream)
        self.assertEqual((report["added"], seen[-1]["done"]), (3, 3))
        self.assertEqual(events[0]["type"], "sources")
        self.assertEqual("".join(event["text"] for event in events[1:]), stream.result["answer"])

    def test_what_cannot_be_json_is_refused(self):
        with aikit.Kit({}) as kit:
            knot = []
            knot.append(knot)
            deep = []
            for _ in range(100000):
                deep = [deep]
            for wrong in (object(), float("nan"), "\ud800", b"x", {1, 2}, knot, deep):
                with self.assertRaises(aikit.InvalidArgument):
                    kit.chat("Hi", temperature=wrong)
            for wrong in ("\ud800", b"x", 5, None):
                with self.assertRaises(aikit.InvalidArgument):
                    kit.vectors_count(wrong)
        for wrong in ({"runtime": 5}, {"runtime": {"io": "x"}}, {"runtime": {"nonsense": 1}}):
            with self.assertRaises(aikit.InvalidArgument):
                aikit.Kit(wrong)

    def test_a_closed_kit_says_so_and_closing_twice_does_no_harm(self):
        kit = aikit.Kit({})
        kit.close()
        kit.close()
        for call in (lambda: kit.chat("Hi"), lambda: kit.stream("Hi"), kit.flush, lambda: kit.vectors_count("c"),
                     lambda: kit.cost_estimate("Hi")):
            with self.assertRaises(aikit.InvalidState):
                call()

    def test_a_kit_is_used_by_many_threads_and_closed_under_them(self):
        wrong = []

        def work(until_closed):
            try:
                for number in range(1000000 if until_closed else 25):
                    reply = kit.chat("Hi") if number % 2 else list(kit.stream("Hi").text())
                    if (reply.text if number % 2 else "".join(reply)) != "Hello world":
                        wrong.append(reply)
            except (aikit.InvalidState, aikit.Cancelled):
                if not until_closed:
                    wrong.append("refused")
            except BaseException as error:
                wrong.append(error)

        with aikit.Kit(config({"pieces": ["Hello", " world"]})) as kit:
            for until_closed in (False, True):
                threads = [threading.Thread(target=work, args=(until_closed,)) for _ in range(8)]
                for thread in threads:
                    thread.start()
                if until_closed:
                    time.sleep(0.2)
                    kit.close()
                for thread in threads:
                    thread.join(20)
                    self.assertFalse(thread.is_alive())
        self.assertEqual(wrong, [])

    def test_closing_a_kit_ends_the_calls_that_other_threads_wait_in(self):
        for call in (lambda kit: kit.chat("Hi"), lambda kit: list(kit.stream("Hi"))):
            kit, ended = aikit.Kit(config({"text": "late", "delay": 60})), []

            def run(call=call, kit=kit, ended=ended):
                try:
                    call(kit)
                except aikit.Error as error:
                    ended.append(error)
            thread = threading.Thread(target=run)
            thread.start()
            time.sleep(0.1)
            kit.close()
            thread.join(5)
            self.assertFalse(thread.is_alive())
            self.assertIsInstance(ended[0], (aikit.Cancelled, aikit.InvalidState))

    def test_a_stream_closed_by_another_thread_just_ends(self):
        with aikit.Kit(config({"text": "late", "delay": 60})) as kit:
            stream, said = kit.stream("Hi"), []
            thread = threading.Thread(target=lambda: said.append(list(stream)))
            thread.start()
            time.sleep(0.1)
            stream.close()
            thread.join(5)
            self.assertEqual(said, [[]])

    def test_two_threads_in_one_stream_are_told_and_nothing_is_lost(self):
        said, refused = [], []

        def read(stream):
            while True:
                try:
                    said.append(operation._text(next(stream)))
                except aikit.InvalidState as error:
                    refused.append(error)
                    time.sleep(0.001)
                except StopIteration:
                    break
        with aikit.Kit(slow(20, 0.02)) as kit, kit.stream("Count") as stream:
            threads = [threading.Thread(target=read, args=(stream,)) for _ in range(2)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(20)
            self.assertEqual(stream.result.text, "".join(f"{i} " for i in range(20)))
        self.assertGreater(len(refused), 0)
        self.assertEqual(sorted(filter(None, said)), sorted(f"{i} " for i in range(20)))

    def test_a_generator_left_behind_and_its_stream_are_gone(self):
        with aikit.Kit(slow()) as kit:
            for words in kit.stream("Hi").text():
                self.assertEqual(words, "0 ")
                break
            started = time.monotonic()
        self.assertLess(time.monotonic() - started, 1)  # nothing was waited for

    def test_progress_may_close_the_kit_that_tells_it(self):
        kit = aikit.Kit({})
        documents = [{"uri": f"{i}.md", "text": f"Every employee has {i} days of leave."} for i in range(50)]
        with contextlib.suppress(aikit.Cancelled, aikit.InvalidState):  # else it was done already
            kit.ingest("b", {"documents": documents}, lambda event: kit.close())
        with self.assertRaises(aikit.InvalidState):
            kit.chat("Hi")

    def test_a_collector_that_closes_the_kit_while_it_is_being_used_does_no_harm(self):
        class Careless:
            def __init__(self):
                self.kit, self.itself = aikit.Kit(config({"text": "Hi"})), self

            def __del__(self):
                self.kit.close()
        told, before = [], sys.unraisablehook
        sys.unraisablehook = told.append
        try:
            for _ in range(20):
                careless = Careless()
                self.assertEqual(careless.kit.chat("Hi").text, "Hi")
                del careless
            gc.collect()
        finally:
            sys.unraisablehook = before
        self.assertEqual(told, [])

    def test_a_stream_that_is_left_is_cancelled_and_gives_no_more(self):
        with aikit.Kit(slow()) as kit:
            with kit.stream("Hi") as stream:
                for _ in stream:
                    break
            self.assertEqual(list(stream), [])
            self.assertIsNone(stream.result)

    def test_dropped_kits_are_gone(self):
        before = len(kits._kits)
        for _ in range(5):
            aikit.Kit(config({"text": "Hi"})).chat("Hi")
        gc.collect()
        self.assertLessEqual(len(kits._kits), before)


MONEY = {"by": "user", "alerts": [40, 90]}


def accounts(**more):
    """Each chat comes to $0.00045 and 1,500 tokens."""
    answer = {"text": "x", "usage": {"input": 1000, "output": 500}}
    return {"providers": [{"name": "scripted", "model": "gpt-4o-mini", "price_as": "openai",
                           "script": {"repeat": True, "replies": [answer]}}], **more}


class Accounts(unittest.TestCase):
    def test_alerts_come_as_thresholds_are_passed(self):
        budgets = {"budgets": [{"name": "month", "cost_usd": "0.001", **MONEY}]}
        with aikit.Kit(accounts(budgets=budgets)) as kit:
            alerts = kit.budget_alerts(after=0)
            for percent in (40, 90):
                kit.chat("Hi", max_tokens=500, aikit={"caller": {"user": "ann"}})
                alert = next(alerts)
                self.assertEqual((alert["budget"], alert["value"], alert["percent"]), ("month", "ann", percent))
            self.assertEqual([one["cost_usd"] for one in kit.budgets()], ["0.0009"])
            with self.assertRaises(aikit.BudgetExceeded):
                kit.chat("Hi", max_tokens=500, aikit={"caller": {"user": "ann"}})
            self.assertEqual(kit.adjust_budget("month", "ann", usd="-0.0009")[0]["cost_usd"], "0")

    def test_a_reader_that_does_not_keep_up_is_told_how_many_alerts_it_missed(self):
        month = {"name": "month", "by": "user", "cost_usd": "0.0004", "hard": False, "alerts": list(range(1, 101))}
        with aikit.Kit(accounts(budgets={"budgets": [month]})) as kit:
            for user in ("ann", "bob", "eve"):  # each passes all hundred
                kit.chat("Hi", max_tokens=500, aikit={"caller": {"user": user}})
            kit.budgets()
            alerts = kit.budget_alerts(after=0)
            told = [next(alerts) for _ in range(256)]
            self.assertEqual([alert.get("missed") for alert in told], [44] + [None] * 255)
            self.assertEqual([alert["percent"] for alert in told[:2]], [45, 46])

            async def awaited():
                return await kit.budget_alerts_async(after=0).__anext__()
            self.assertEqual(asyncio.run(awaited())["missed"], 44)
        with self.assertRaises(aikit.InvalidState):
            next(alerts)

    def test_who_waits_for_alerts_can_stop_waiting(self):
        async def waits():
            async with aikit.Kit(accounts(budgets={"budgets": [{"name": "month", "cost_usd": "1"}]})) as kit:
                self.assertEqual(await kit.budgets_async(), [])
                waiting = asyncio.ensure_future(kit.budget_alerts_async().__anext__())
                await asyncio.sleep(0.05)
                waiting.cancel()
                with self.assertRaises(asyncio.CancelledError):
                    await waiting
                self.assertEqual((await kit.adjust_budget_async("month", tokens=7))[0]["tokens"], 7)
        asyncio.run(waits())

    def test_a_member_has_what_its_tier_includes(self):
        tiers = {"tiers": [{"name": "free", "counts": {"conversations": 1}, "features": ["chat"]},
                           {"name": "pro", "features": ["chat", "shop:export"]}]}
        ann = {"user": "ann"}
        with aikit.Kit(accounts(tiers=tiers)) as kit:
            self.assertTrue(kit.claim(ann, "conversations", "c1"))
            self.assertFalse(kit.claim(ann, "conversations", "c1"))
            with self.assertRaises(aikit.QuotaExceeded):
                kit.claim(ann, "conversations", "c2")
            self.assertFalse(kit.has_feature(ann, "shop:export"))
            self.assertEqual(kit.assign_tier("ann", "pro")["tier"], "pro")
            self.assertTrue(kit.has_feature(ann, "shop:export"))
            self.assertTrue(kit.release(ann, "conversations", "c1"))
            self.assertEqual(kit.tier("ann")["counts"], [])
            self.assertEqual([one["member"] for one in kit.tiers()], ["ann"])
            self.assertEqual(kit.assign_tier("ann")["tier"], "free")

    def test_what_is_asked_of_tiers_can_be_awaited(self):
        async def asks():
            async with aikit.Kit(accounts(tiers={})) as kit:
                ann = {"user": "ann"}
                self.assertTrue(await kit.claim_async(ann, "knowledge_bases", "k"))
                self.assertTrue(await kit.has_feature_async(ann, "chat"))
                self.assertEqual((await kit.assign_tier_async("ann", "enterprise"))["tier"], "enterprise")
                self.assertEqual((await kit.tier_async("ann"))["counts"][0]["used"], 1)
                self.assertEqual(len(await kit.tiers_async()), 1)
                self.assertTrue(await kit.release_async(ann, "knowledge_bases", "k"))
        asyncio.run(asks())

    def test_the_cache_tells_what_it_keeps_and_is_cleared(self):
        with aikit.Kit(accounts(cache={})) as kit:
            for _ in range(3):
                kit.chat({"messages": [{"role": "user", "content": "Hi"}]})
            self.assertEqual((kit.cache()["process"]["hits"], kit.cache()["process"]["entries"]), (2, 1))
            self.assertEqual(kit.clear_cache(tenant="other")["process"]["entries"], 1)
            self.assertEqual(kit.clear_cache()["process"]["entries"], 0)
        with aikit.Kit(accounts()) as kit, self.assertRaises(aikit.NotFound):
            kit.cache()

        async def asks():
            async with aikit.Kit(accounts(cache={})) as kit:
                self.assertEqual((await kit.cache_async())["stored"]["entries"], 0)
                self.assertEqual((await kit.clear_cache_async(tenant="t", user="u"))["stored"]["bytes"], 0)
        asyncio.run(asks())

    def test_a_router_says_who_would_be_asked_and_how_its_deployments_are(self):
        config = accounts(routers=[{"name": "main", "deployments": [{"model": "scripted/m-1"}]}])
        request = {"model": "main/cheapest", "messages": [{"role": "user", "content": "Hi"}]}
        with aikit.Kit(config) as kit:
            told = kit.explain_route(request)
            self.assertEqual((told["policy"], told["candidates"][0]["deployment"]), ("cheapest", "scripted/m-1"))
            self.assertEqual(kit.routers()[0]["deployments"][0]["circuit"], "closed")
            with self.assertRaises(aikit.NotFound):
                kit.explain_route(request, router="other")

        async def asks():
            async with aikit.Kit(config) as kit:
                self.assertEqual((await kit.explain_route_async(request, router="main"))["grade"], "simple")
                self.assertEqual((await kit.routers_async())[0]["router"], "main")
        asyncio.run(asks())


if __name__ == "__main__":
    unittest.main()
