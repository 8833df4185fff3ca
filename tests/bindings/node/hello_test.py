# SPDX-License-Identifier: MIT
"""The programs of the course that there are in JavaScript print the same, and the README shows the first one."""

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
    def test_the_programs_print_the_same_in_javascript(self):
        with tempfile.TemporaryDirectory() as folder:
            here = pathlib.Path(folder)
            (here / "node_modules").mkdir()
            (here / "node_modules/aikit").symlink_to(ROOT / "bindings/node")
            for name in ("01_hello", "08_tools", "11_costs", "12_budgets", "17_cut_streams"):
                program = shutil.copy(ROOT / f"examples/{name}.mjs", here)
                command = ["env", f"AIKIT_ADDON={os.environ['AIKIT_ADDON']}", os.environ["AIKIT_NODE"], program]
                examples_test.Examples.prints(self, command, ROOT / f"examples/{name}.expected")

    def test_the_readme_shows_it(self):
        program = (ROOT / "examples/01_hello.mjs").read_text()
        self.assertIn(program[program.index("import"):].strip(), (ROOT / "README.md").read_text())


if __name__ == "__main__":
    unittest.main()
