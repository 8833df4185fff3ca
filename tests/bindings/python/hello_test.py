# SPDX-License-Identifier: MIT
"""The programs of the course that there are in Python print the same, and the README shows the first one."""

import os
import pathlib
import sys
import unittest

ROOT = pathlib.Path(__file__).parents[3]
sys.path.insert(0, str(ROOT / "tests/cli"))
import examples_test  # noqa: E402


class Hello(unittest.TestCase):
    def test_the_programs_print_the_same_in_python(self):
        found = [f"{name}={os.environ[name]}" for name in ("AIKIT_LIBRARY", "PYTHONPATH")]
        for name in ("01_hello", "08_tools", "11_costs", "12_budgets", "17_cut_streams"):
            command = ["env", *found, sys.executable, "-B", ROOT / f"examples/{name}.py"]
            examples_test.Examples.prints(self, command, ROOT / f"examples/{name}.expected")

    def test_the_readme_shows_it(self):
        program = (ROOT / "examples/01_hello.py").read_text()
        self.assertIn(program[program.index("import"):].strip(), (ROOT / "README.md").read_text())


if __name__ == "__main__":
    unittest.main()
