# SPDX-License-Identifier: MIT
"""The first program of the course prints the same in JavaScript, and the README shows it."""

import os
import pathlib
import shutil
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "tests/cli"))
import examples_test  # noqa: E402


class Hello(unittest.TestCase):
    def test_the_first_program_prints_the_same_in_javascript(self):
        with tempfile.TemporaryDirectory() as folder:
            here = pathlib.Path(folder)
            (here / "node_modules").mkdir()
            (here / "node_modules/aikit").symlink_to(ROOT / "bindings/node")
            shutil.copy(ROOT / "examples/01_hello.mjs", here)
            command = ["env", f"AIKIT_ADDON={os.environ['AIKIT_ADDON']}", os.environ["AIKIT_NODE"], here / "01_hello.mjs"]
            examples_test.Examples.prints(self, command, ROOT / "examples/01_hello.expected")

    def test_the_readme_shows_it(self):
        program = (ROOT / "examples/01_hello.mjs").read_text()
        self.assertIn(program[program.index("import"):].strip(), (ROOT / "README.md").read_text())


if __name__ == "__main__":
    unittest.main()
