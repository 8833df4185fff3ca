# SPDX-License-Identifier: MIT
"""The umbrella header's weight: what may not come with it, and how much may.

    weight_test.py COMPILER ROOT
"""

import os
import pathlib
import subprocess
import sys
import unittest

COMPILER, ROOT = sys.argv[1], pathlib.Path(sys.argv[2])

# A header that must not leak -> a word of weight.cpp's complaint about it.
LEAKS = {
    "boost/beast/http/message.hpp": "Beast",
    "openssl/evp.h": "OpenSSL",
    "boost/asio/ssl.hpp": "TLS of Asio",
    "boost/asio.hpp": "all of Asio",
    "sqlite3.h": "SQLite",
    "hnswlib/hnswlib.h": "hnswlib",
    "boost/json.hpp": "Boost.JSON",
    "boost/url.hpp": "Boost.URL",
    "zlib.h": "zlib",
    "utf8proc.h": "utf8proc",
    "cmark-gfm.h": "cmark",
    "doctest/doctest.h": "test framework",
}

# What a public header may cost: these, and its own lines with the standard library's; see DESIGN.md section 8.
ALLOWED = ("boost/asio/awaitable.hpp", "boost/asio/co_spawn.hpp", "boost/system/result.hpp", "boost/json/fwd.hpp")
FACTOR = 1.25


def run(*arguments, source=""):
    command = [COMPILER, "-std=c++20", f"-I{ROOT}/include", *arguments]
    environment = dict(os.environ, LC_ALL="C")
    return subprocess.run(command, input=source, capture_output=True, text=True, env=environment, check=False)


def lines(*headers):
    """Lines that are left for the compiler when these are included."""
    done = run("-E", "-P", "-x", "c++", "-", source="".join(f"#include <{header}>\n" for header in headers))
    if done.returncode:
        raise AssertionError(done.stderr)
    return done.stdout.count("\n")


class Weight(unittest.TestCase):
    def test_nothing_leaks(self):
        done = run("-fsyntax-only", str(ROOT / "tests/headers/weight.cpp"))
        self.assertEqual(0, done.returncode, done.stderr)

    def test_each_leak_would_be_noticed(self):
        for header, word in LEAKS.items():
            with self.subTest(header):
                # Preprocessing alone reaches #error, and is quicker than compiling.
                done = run("-E", "-P", "-include", header, "-o", os.devnull, str(ROOT / "tests/headers/weight.cpp"))
                self.assertNotEqual(0, done.returncode)
                self.assertIn(word, done.stderr)

    def test_it_stays_light(self):
        allowed, taken = lines(*ALLOWED), lines("aikit/aikit.hpp")
        print(f"aikit.hpp is {taken} lines, {taken / allowed:.2f} times what it may include", file=sys.stderr)
        self.assertLess(taken, FACTOR * allowed)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
