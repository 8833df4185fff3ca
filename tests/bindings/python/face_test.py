# SPDX-License-Identifier: MIT
"""The face: examples of the docstrings, vectors of every kind, progress, errors, and what is left of it."""

import array
import doctest
import gc
import unittest

import aikit
from aikit import _ffi, errors, kit as kits, operation
from scripted import config, slow


class Face(unittest.TestCase):
    def test_the_examples_of_the_docstrings_run(self):
        for module in (errors, kits, operation):
            result = doctest.testmod(module)
            self.assertGreater(result.attempted, 0, module)
            self.assertEqual(result.failed, 0, module)

    def test_there_is_one_exception_for_each_code(self):
        codes = {_ffi.status_name(number).decode() for number in range(1, 25)}
        self.assertEqual(set(errors.BY_CODE), codes)
        self.assertEqual(_ffi.status_name(25), b"unknown")
        for kind in errors.BY_CODE.values():
            self.assertIn(kind.__name__, aikit.__all__)

    def test_vectors_come_as_buffers_and_as_sequences(self):
        rows = [[1.0, 0.0], [0.0, 1.0]]
        flat = memoryview(array.array("f", [1, 0, 0, 1])).cast("B")
        given = [rows, tuple(map(tuple, rows)), [array.array("f", row) for row in rows], flat.cast("f", [2, 2]),
                 memoryview(array.array("d", [1, 0, 0, 1])).cast("B").cast("d", [2, 2])]
        try:
            import numpy
            given += [numpy.array(rows, dtype="float32"), numpy.array(rows), numpy.array(rows, dtype="float32").T]
        except ImportError:
            pass
        with aikit.Kit({}) as kit:
            for number, vectors in enumerate(given):
                name = f"c{number}"
                kit.vectors_open(name, dimensions=2)
                kit.vectors_upsert(name, [{"id": "a"}, {"id": "b"}], vectors)
                found = kit.vectors_get(name, ["a", "b"])
                self.assertEqual(found.vectors.tolist(), rows, number)
                self.assertEqual(kit.vectors_search(name, array.array("f", [0, 1]), top=1)["hits"][0]["id"], "b")
            for wrong in ([[1, 2], [3]], [["x", "y"]], array.array("i", [1, 2])):
                with self.assertRaises(aikit.InvalidArgument):
                    kit.vectors_upsert("c0", [{"id": "a"}], wrong)

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
            for wrong in (object(), float("nan")):
                with self.assertRaises(aikit.InvalidArgument):
                    kit.chat("Hi", temperature=wrong)

    def test_a_closed_kit_says_so_and_closing_twice_does_no_harm(self):
        kit = aikit.Kit({})
        kit.close()
        kit.close()
        with self.assertRaises(aikit.InvalidState):
            kit.chat("Hi")

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


if __name__ == "__main__":
    unittest.main()
