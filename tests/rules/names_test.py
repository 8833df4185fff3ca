# SPDX-License-Identifier: MIT
"""What names.py flags and what it leaves alone."""

import pathlib
import tempfile
import unittest

import names

LICENCE = "// SPDX-License-Identifier: MIT\n"


def source(body, path="src/net/pool.cpp"):
    return path, f"{LICENCE}// {path.split('/', 1)[1]} - what it is.\n{body}"


def header(body, path="include/aikit/net/pool.hpp", guard="AIKIT_NET_POOL_HPP"):
    return path, f"{LICENCE}// {path.split('/', 1)[1]} - what it is.\n#ifndef {guard}\n#define {guard}\n{body}#endif\n"


def unit(body):
    return "tests/unit/net/pool_test.cpp", LICENCE + body


WRONG = {
    "no licence": ("src/net/pool.cpp", "// net/pool.cpp - what it is.\n"),
    "no licence in a script": ("tests/run.sh", "#!/bin/sh\n# Runs tests.\n"),
    "no licence in Python": ("tests/rules/x.py", '"""A rule."""\n'),
    "no licence in CMake": ("src/net/CMakeLists.txt", "aikit_layer(net)\n"),
    "no word on what it is": ("src/net/pool.cpp", LICENCE + "#include <vector>\n"),
    "the name of another file": ("src/net/pool.cpp", LICENCE + "// net/pond.cpp - what it is.\n"),
    "another guard": header("", guard="AIKIT_NET_POND_HPP"),
    "another guard inside": header("", path="src/net/pool.hpp", guard="AIKIT_NET_POOL_HPP"),
    "no guard in a test header": ("tests/support/x.hpp", LICENCE + "int x;\n"),
    "an empty file name": source("", path="src/net/string_util.cpp"),
    "unfinished": source("// TO" "DO: more\n"),
    "unfinished in a page": ("README.md", "FIX" "ME\n"),
    "a path of a machine": source('open("/tm" "p/x");\n'.replace('" "', "")),
    "a registry": ("cmake/setup.sh", "#!/bin/sh\n# SPDX-License-Identifier: MIT\ncurl https://pypi.o" "rg/x\n"),
    "a manager": source("class PoolManager {};\n"),
    "a helper": source("struct PoolHelper {};\n"),
    "a getter": header("    std::string const& get_name() const { return name_; }\n"),
    "a getter of a value": header("int get_size(int x);\n"),
    "no inline namespace": source("namespace aikit {\n}\n"),
    "using namespace in a header": header("using namespace std;\n"),
    "output": source('std::cout << "x";\n'),
    "an error stream": source('std::cerr << "x";\n'),
    "printf": source('printf("x");\n'),
    "the environment": source('auto x = std::getenv("HOME");\n'),
    "the locale": source('setlocale(LC_ALL, "C");\n'),
    "a signal handler": source("sigaction(SIGPIPE, &a, nullptr);\n"),
    "an end of the process": source("std::abort();\n"),
    "a resolver's thread": source("resolver.async_resolve(host, port, token);\n"),
    "a thread of its own": source("std::thread worker(run);\n"),
    "a task of its own": source("auto f = std::async(run);\n"),
    "a sleeping unit test": unit("std::this_thread::sleep_for(1s);\n"),
    "a test with a semicolon": unit('TEST_CASE("one; two") {}\n'),
    "a test with a wildcard": unit('TEST_CASE_FIXTURE(F, "any * of them") {}\n'),
    "a test with brackets": unit('TEST_CASE("a [b]") {}\n'),
}

RIGHT = {
    "a source": source("namespace aikit::inline v0::net {\n}\n"),
    "a header": header("namespace aikit::inline v0::net {\n}\n"),
    "an umbrella": header("", path="include/aikit/kit.hpp", guard="AIKIT_KIT_HPP"),
    "an internal header": header("", path="src/net/pool.hpp", guard="AIKIT_SRC_NET_POOL_HPP"),
    "a name that is given": header("class APIKeyManager {};\n"),
    "a getter of others": source("auto x = std::get_if<int>(&v); y = timer.get_executor();\nreturn get_one(2);\n"),
    "a getter that another demands": source("class S { std::size_t get_data_size() override { return 1; } };\n"),
    "a word in a string": source('say("std::cout");\n'),
    "a word in a comment": source("// std::cout is not for us\n"),
    "output of the command": source('std::fputs("x", stdout);\n', path="src/cli/console.cpp"),
    "the environment in its place": source('return std::getenv(name);\n', path="src/core/os/posix.cpp"),
    "a method called exit": source("scope.exit(); loop->abort(); buffer.printf();\n"),
    "a test": unit('TEST_CASE("a reply, cut anywhere (or nowhere), isn\'t complete: 100 %") {}\n'),
    "a page": ("README.md", "See /usr/share and tests/run.sh.\n"),
    "a script": ("tests/run.sh", "#!/bin/sh\n# SPDX-License-Identifier: MIT\necho build/tmp/x\n"),
}


class Names(unittest.TestCase):
    def test_what_is_wrong_is_flagged(self):
        for name, (path, text) in WRONG.items():
            with self.subTest(name):
                self.assertTrue(names.check_text(path, text), text)

    def test_what_is_right_is_left_alone(self):
        for name, (path, text) in RIGHT.items():
            with self.subTest(name):
                self.assertEqual([], names.check_text(path, text), text)

    def test_long_files_and_functions_are_told(self):
        with tempfile.TemporaryDirectory() as root:
            path = pathlib.Path(root) / "src/net/pool.cpp"
            path.parent.mkdir(parents=True)
            path.write_text("void f() {\n" + "x();\n" * 61 + "}\n" + "int y;\n" * 500)
            remarks = list(names.guide(root))
            self.assertEqual(2, len(remarks), remarks)


if __name__ == "__main__":
    unittest.main()
