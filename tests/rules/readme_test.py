# SPDX-License-Identifier: MIT
"""What readme.py flags, with a command that is a script."""

import pathlib
import shutil
import tempfile
import unittest

import readme

COMMAND = """#!/bin/sh
case "$1" in
ask) echo "Usage: aikit ask BASE QUESTION --top N" ;;
--help) echo "Usage: aikit --json --store" ;;
*) exit 2 ;;
esac
"""

WRONG = {
    "C++ that does not compile": "```cpp\n#include <vector>\nint main() { return std::vector<int>(); }\n```\n",
    "C++ with a warning": "```cpp\n#include <vector>\nint main() { int unused; }\n```\n",
    "a body that does not compile": "```cpp\nint x = nothing;\n```\n",
    "broken shell": "```sh\nif true; then\n```\n",
    "a script that is not there": "```sh\n./gone.sh\n```\n",
    "a command that is not there": "```sh\naikit fly base\n```\n",
    "a flag that is not there": "```sh\naikit ask docs \"why?\" --loud\n```\n",
    "another version": "```cmake\nfind_package(aikit 9.9 REQUIRED)\n```\n",
    "another target": "```cmake\ntarget_link_libraries(p aikit::kit)\n```\n",
    "broken JSON": "```json\n{\"a\": }\n```\n",
    "broken JavaScript": "```js\nawait (x\n```\n",
    "broken Python": "```python\nwith x\n```\n",
    "a block of no kind": "```\nx\n```\n",
    "a dead link": "See [this](gone.md).\n",
    "a test that is not there": '| 7 | it breaks | net: "a test of nothing" |\n',
    "an open block": "# Page\n```sh\ntrue\n",
}

RIGHT = {
    "a program": "```cpp\n#include <vector>\nint main() { return std::vector<int>().size() != 0; }\n```\n",
    "a body": "```cpp\nauto copy = kit;\n(void)copy;\n```\n",
    "commands": "```sh\n./here.sh   # does it\naikit ask docs \"why?\" --top 3 --json\nexport A=1\n```\n",
    "the version": "```cmake\nfind_package(aikit 0.1 REQUIRED)\ntarget_link_libraries(p aikit::aikit_shared)\n```\n",
    "JavaScript": "```js\nimport { Kit } from 'aikit';\nawait new Kit().close();\n```\n",
    "Python": "```python\nimport aikit\n```\n",
    "JSON": "```json\n{\"a\": [1]}\n```\n",
    "tests": '| 7 | it breaks | net: "a test of something"<br>cli: "test_it_all" |\n',
    "text": "```text\nanything { at all\n```\n",
    "links": "See [this](here.sh), [that](https://example.org/x) and [there](#below).\n",
}


class Readme(unittest.TestCase):
    def complaints(self, text):
        with tempfile.TemporaryDirectory() as folder:
            root = pathlib.Path(folder)
            (root / "include/aikit/core").mkdir(parents=True)
            (root / "include/aikit/core/config.hpp").write_text(
                "#define AIKIT_VERSION_MAJOR 0\n#define AIKIT_VERSION_MINOR 1\n#define AIKIT_VERSION_PATCH 0\n")
            (root / "include/aikit/aikit.hpp").write_text(
                "#pragma once\n#include <coroutine>\nnamespace aikit {\nstruct Kit {};\nstruct Ok {};\ninline Ok ok() { return {}; }\n"
                "template <class T> struct Task { struct promise_type { Task get_return_object() { return {}; }\n"
                "std::suspend_never initial_suspend() { return {}; } std::suspend_never final_suspend() noexcept { return {}; }\n"
                "void return_value(Ok) {} void unhandled_exception() {} }; };\n}\n")
            for script, content in (("here.sh", "#!/bin/sh\n"), ("aikit", COMMAND)):
                (root / script).write_text(content)
                (root / script).chmod(0o755)
            (root / "tests/unit").mkdir(parents=True)
            (root / "tests/unit/a_test.cpp").write_text('TEST_CASE("a test of something") {}\n')
            (root / "tests/b_test.py").write_text("def test_it_all(self):\n    pass\n")
            page = root / "README.md"
            page.write_text(text)
            return readme.check(root, root / "aikit", "g++")

    def test_what_is_wrong_is_flagged(self):
        for name, text in WRONG.items():
            if "JavaScript" in name and shutil.which("node") is None:
                continue
            with self.subTest(name):
                self.assertTrue(self.complaints(text), text)

    def test_what_is_right_is_left_alone(self):
        for name, text in RIGHT.items():
            with self.subTest(name):
                self.assertEqual([], self.complaints(text))


if __name__ == "__main__":
    unittest.main()
