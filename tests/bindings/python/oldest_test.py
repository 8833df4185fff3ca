# SPDX-License-Identifier: MIT
"""The package is written in the oldest Python it names, and runs in it where that is installed."""

import ast
import os
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

import scripted

ROOT = pathlib.Path(__file__).parents[3]
PACKAGE = ROOT / "bindings/python"
HERE = pathlib.Path(__file__).parent
OLDEST = tuple(map(int, re.search(r'requires-python = ">=(\d+)\.(\d+)"', (PACKAGE / "pyproject.toml").read_text()).groups()))


def interpreter():
    """A Python of that version: on the PATH, or one of pyenv's."""
    name = "python%d.%d" % OLDEST
    versions = pathlib.Path(os.environ.get("PYENV_ROOT") or pathlib.Path.home() / ".pyenv") / "versions"
    found = [shutil.which(name), *sorted(versions.glob("%d.%d.*/bin/python" % OLDEST))]
    for path in filter(None, found):
        says = "import ctypes, ssl, sys; print(sys.version_info[:2] == %r)" % (OLDEST,)
        done = subprocess.run([path, "-c", says], capture_output=True, text=True, check=False)
        if done.stdout == "True\n":
            return path
    return None


class Oldest(unittest.TestCase):
    def test_every_source_is_written_in_it(self):
        sources = [*PACKAGE.rglob("*.py"), *HERE.glob("*.py"), *(ROOT / "examples").glob("*.py")]
        self.assertGreater(len(sources), 10)
        for path in sources:
            ast.parse(path.read_text(), str(path), feature_version=OLDEST)
        with self.assertRaises(SyntaxError):
            ast.parse("match x:\n  case 1: pass\n", feature_version=OLDEST)

    def test_the_tests_pass_in_it(self):
        python = interpreter()
        if python is None:
            self.skipTest("there is no Python %d.%d here" % OLDEST)
        if sys.version_info[:2] == OLDEST:
            self.skipTest("this is it")
        for name in ("vectors", "async", "face", "types"):
            done = subprocess.run([python, "-B", "-W", "error", HERE / f"{name}_test.py"], capture_output=True,
                                  text=True, timeout=250, check=False)
            self.assertIn(done.returncode, (0, 77), done.stderr)


if __name__ == "__main__":
    scripted.main()
