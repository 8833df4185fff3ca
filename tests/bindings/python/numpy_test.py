# SPDX-License-Identifier: MIT
"""numpy's arrays as vectors, where it is installed; nothing needs it."""

import ctypes
import unittest

import aikit
import scripted
from aikit import kit as kits
from face_test import kept

try:
    import numpy
except ImportError:
    numpy = None


class Numpy(unittest.TestCase):
    @unittest.skipIf(numpy is None, "numpy is not installed")
    def test_numpy_is_accepted_and_float32_is_not_copied(self):
        rows = [[1.0, 0.0], [0.0, 1.0]]
        single = numpy.array(rows, dtype="float32")
        wide = numpy.zeros((4, 4), dtype="float32")
        wide[::2, ::2] = rows
        frozen = single.copy()
        frozen.flags.writeable = False
        given = [single, numpy.array(rows), numpy.asfortranarray(single), single.T, wide[::2, ::2], frozen, list(single)]
        with aikit.Kit({}) as kit:
            for number, vectors in enumerate(given):
                self.assertEqual(kept(kit, f"c{number}", vectors), rows, number)
            for wrong in (single.astype("float16"), single.astype(">f4"), single.astype("int32"), single.astype(object),
                          single.reshape(1, 2, 2), numpy.float32(1), numpy.zeros((0, 2), "float32"),
                          numpy.array(["2026-11-22"], dtype="datetime64[D]"), numpy.array([1 + 2j])):
                with self.assertRaises(aikit.InvalidArgument, msg=wrong.dtype):
                    kit.vectors_upsert("c0", [{"id": "a"}], wrong)
            raw = kit.embed(["one", "two"], raw=True).vectors
        self.assertEqual(ctypes.addressof(kits._rows(single)[0]._obj), single.ctypes.data)
        self.assertEqual((numpy.asarray(raw).dtype, numpy.asarray(raw).shape), (numpy.dtype("float32"), raw.shape))
        self.assertTrue(numpy.shares_memory(numpy.asarray(raw), numpy.frombuffer(raw.obj, "float32")))


if __name__ == "__main__":
    scripted.main()
