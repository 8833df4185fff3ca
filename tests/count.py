# SPDX-License-Identifier: MIT
"""Adds up a ctest run: prints "PASSED FAILED SKIPPED" of its JUnit file.

A test that ctest could not run at all stands there as skipped; here it is what it is, a failure.
"""

import sys
import xml.etree.ElementTree


def count(path):
    passed = failed = skipped = 0
    for case in xml.etree.ElementTree.parse(path).getroot().iter("testcase"):
        status, why = case.get("status"), case.find("skipped")
        if status == "run":
            passed += 1
        elif status == "notrun" and why is not None and why.get("message", "").startswith("SKIP_"):
            skipped += 1
        elif status != "disabled":
            failed += 1
    return passed, failed, skipped


if __name__ == "__main__":
    print(*count(sys.argv[1]))
