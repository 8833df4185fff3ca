# SPDX-License-Identifier: MIT
"""tests/count.py: a test that could not be run is a failure and not a skipped one."""

import pathlib
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))
import count  # noqa: E402

RESULTS = """<?xml version="1.0"?>
<testsuite name="x" tests="6">
  <testcase name="a" status="run"/>
  <testcase name="b" status="run"/>
  <testcase name="c" status="fail"><failure message="Failed"/></testcase>
  <testcase name="d" status="notrun"><skipped message="SKIP_REGULAR_EXPRESSION_MATCHED"/></testcase>
  <testcase name="e" status="notrun"><skipped message="Unable to find executable"/></testcase>
  <testcase name="f" status="disabled"/>
</testsuite>
"""


class Count(unittest.TestCase):
    def test_each_outcome_is_counted_as_what_it_is(self):
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "results.xml"
            path.write_text(RESULTS)
            self.assertEqual((2, 2, 1), count.count(path))


if __name__ == "__main__":
    unittest.main()
