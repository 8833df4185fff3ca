# SPDX-License-Identifier: MIT
"""The package's types: strict, shipped, and right for typical uses, which run as well."""

import asyncio
import importlib.util
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

import aikit
import scripted
import typical_uses
from scripted import config, slow

PACKAGE = pathlib.Path(aikit.__file__).parent
HERE = pathlib.Path(__file__).parent


def checker():
    """The command of mypy, where it is installed."""
    if importlib.util.find_spec("mypy") is not None:
        return [sys.executable, "-m", "mypy"]
    return [shutil.which("mypy")] if shutil.which("mypy") else None


class Types(unittest.TestCase):
    @unittest.skipUnless(checker(), "mypy is not installed")
    def test_a_strict_type_checker_finds_nothing_as_of_python_3_9(self):
        with tempfile.TemporaryDirectory() as cache:
            # 3.9 also refuses what the standard library had not yet.
            done = subprocess.run([*checker(), "--strict", "--python-version", "3.9", "--cache-dir", cache, PACKAGE,
                                   HERE / "typical_uses.py"], capture_output=True, text=True, check=False,
                                  cwd=PACKAGE.parent)
        if "no longer supported" in done.stdout + done.stderr:
            self.skipTest("this mypy knows no Python 3.9 any more")
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    @unittest.skipUnless(checker(), "mypy is not installed")
    def test_the_type_checker_tells_a_wrong_use(self):
        wrong = "import aikit\nkit = aikit.Kit()\nkit.chat(5)\nkit.no_such_thing()\naikit.NoSuchError\n"
        with tempfile.TemporaryDirectory() as folder:
            program = pathlib.Path(folder) / "wrong.py"
            program.write_text(wrong)
            done = subprocess.run([*checker(), "--strict", "--cache-dir", folder + "/cache", program],
                                  capture_output=True, text=True, check=False, cwd=PACKAGE.parent)
        self.assertEqual([line.split(":")[1] for line in done.stdout.splitlines() if ": error: " in line],
                         ["3", "4", "5"], done.stdout)

    def test_the_package_says_that_it_has_types(self):
        self.assertTrue((PACKAGE / "py.typed").is_file())

    def test_what_is_exported_is_there(self):
        for name in aikit.__all__:
            self.assertTrue(hasattr(aikit, name), name)

    def test_the_typical_uses_work(self):
        with aikit.Kit(config({"text": "Hi", "usage": {"input": 3, "output": 1}})) as kit:
            self.assertEqual(typical_uses.ask(kit, "Hello"), "Hi (4)")
            self.assertEqual(typical_uses.messages(kit), "Hi")
            self.assertEqual(asyncio.run(typical_uses.awaited(kit)), ["Hi"] * 4)
            self.assertIsNone(typical_uses.failure(kit))
        with aikit.Kit(slow(3, 0)) as kit:
            self.assertEqual(typical_uses.spoken(kit, "Count"), ["0 ", "1 ", "2 "])
        with aikit.Kit(config({"error": {"code": "rate_limited", "http_status": 429, "retry_after": 1.5}})) as kit:
            self.assertEqual(typical_uses.failure(kit), 1.5)
        day = {"name": "day", "window": "day", "tokens": 100, "hard": False, "alerts": [4]}
        with aikit.Kit({**config({"text": "Hi", "usage": {"input": 3, "output": 1}}), "budgets": {"budgets": [day]}}) as kit:
            self.assertEqual(typical_uses.spent(kit), "4 %: [3]")
        with aikit.Kit({}) as kit:
            self.assertEqual(typical_uses.nearest(kit), "b")
            self.assertEqual(typical_uses.embedded(kit), 2)


if __name__ == "__main__":
    scripted.main()
