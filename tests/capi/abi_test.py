# SPDX-License-Identifier: MIT
"""The library shows the functions of aikit.h and no other name, and they are what capi/aikit.abi has recorded.

    abi_test.py LIBRARY COMPILER
    abi_test.py --record COMPILER     writes capi/aikit.abi anew: only after functions were added

Signatures are read by a C compiler from the header: definitions of all its functions are made from it, and libabigail
compares what came of that with the record. The library cannot differ from the header it is compiled with.
"""

import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
HEADER = ROOT / "capi/aikit.h"
RECORD = ROOT / "capi/aikit.abi"
PROTOTYPE = re.compile(r"^AIKIT_API\s[^;{]*?\b(aikit_\w+)\s*\([^;{]*?\);", re.MULTILINE | re.DOTALL)


def functions(header):
    return sorted(match[1] for match in PROTOTYPE.finditer(header))


def build(header, compiler, folder):
    """A library with the types and functions of a header, in `folder`."""
    source = pathlib.Path(folder) / "aikit.c"
    source.write_text(PROTOTYPE.sub(lambda match: match[0][:-1] + " { __builtin_trap(); }", header))
    library = pathlib.Path(folder) / "libaikit_c.so.1"
    subprocess.run([compiler, "-std=c11", "-g", "-fPIC", "-shared", "-w", "-Wl,-soname,libaikit_c.so.1", source.name, "-o",
                    library], check=True, cwd=folder)
    return library


def record(compiler):
    with tempfile.TemporaryDirectory() as folder:
        library = build(HEADER.read_text(), compiler, folder)
        subprocess.run(["abidw", "--no-show-locs", "--no-corpus-path", "--no-comp-dir-path", "--out-file", RECORD, library],
                       check=True)


class Abi(unittest.TestCase):
    def test_the_library_shows_the_functions_of_the_header_and_nothing_else(self):
        listed = subprocess.run(["nm", "-D", "--defined-only", "-j", LIBRARY], capture_output=True, text=True, check=True)
        shown = {name.split("@")[0] for name in listed.stdout.split()} - {"AIKIT_1"}
        self.assertEqual({name for name in shown if not name.startswith("aikit_")}, set())
        self.assertEqual(sorted(shown), functions(HEADER.read_text()))

    def test_nothing_in_it_is_shared_with_the_host(self):
        """A unique symbol would keep the library in memory for ever, and OpenSSL must not be the host's."""
        symbols = subprocess.run(["readelf", "-sW", "--dyn-syms", LIBRARY], capture_output=True, text=True, check=True).stdout
        self.assertNotIn(" UNIQUE ", symbols)
        wanted = [line.split()[-1] for line in symbols.splitlines() if " UND " in line]
        if not OPENSSL_IS_SHARED:
            self.assertEqual([name for name in wanted if re.match(r"(SSL|EVP|X509|CRYPTO|OPENSSL)_", name)], [])

    def test_it_needs_no_library_but_the_systems(self):
        dynamic = subprocess.run(["readelf", "-d", LIBRARY], capture_output=True, text=True, check=True).stdout
        self.assertIn("Library soname: [libaikit_c.so.1]", dynamic)
        self.assertNotIn("RUNPATH", dynamic)
        self.assertNotIn("boost", dynamic)
        with tempfile.TemporaryDirectory() as folder:
            stripped = pathlib.Path(folder) / "stripped"
            subprocess.run(["strip", "-o", stripped, LIBRARY], check=True)
            print(f"libaikit_c.so is {stripped.stat().st_size / 1e6:.1f} MB stripped", file=sys.stderr)

    def test_the_abi_is_the_recorded_one(self):
        with tempfile.TemporaryDirectory() as folder:
            library = build(HEADER.read_text(), COMPILER, folder)
            done = subprocess.run(["abidiff", RECORD, library], capture_output=True, text=True, check=False)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)

    def test_a_change_of_the_abi_is_noticed(self):
        header = HEADER.read_text()
        changes = [("int32_t timeout_ms, aikit_bytes* event", "int64_t timeout_ms, aikit_bytes* event"),
                   ("    size_t count;\n    size_t dimensions;", "    size_t dimensions;\n    size_t count;"),
                   ("typedef int32_t aikit_status;", "typedef int64_t aikit_status;"),
                   ("AIKIT_API void aikit_op_free(aikit_op* op);", "")]
        for old, new in changes:
            self.assertEqual(header.count(old), 1, old)
            with self.subTest(old), tempfile.TemporaryDirectory() as folder:
                library = build(header.replace(old, new), COMPILER, folder)
                done = subprocess.run(["abidiff", RECORD, library], capture_output=True, check=False)
                self.assertNotEqual(done.returncode, 0)

    def test_numbers_are_those_of_the_errors_header(self):
        errors = (ROOT / "include/aikit/core/error.hpp").read_text()
        ours = {name.lower(): int(value) for name, value in re.findall(r"AIKIT_E_(\w+) = (\d+)", HEADER.read_text())}
        theirs = {name: int(value) for name, value in re.findall(r"^    (\w+) = (\d+),", errors, re.MULTILINE)}
        self.assertEqual(ours, theirs)
        self.assertEqual(len(ours), 24)


if __name__ == "__main__":
    if sys.argv[1] == "--record":
        record(sys.argv[2])
        sys.exit(0)
    if not shutil.which("abidiff"):
        print("[skipped] abidiff is not installed (cmake/setup.sh test). Status: SUCCESS")
        sys.exit(0)
    COMPILER = sys.argv.pop()
    LIBRARY = sys.argv.pop()
    OPENSSL_IS_SHARED = "libssl" in subprocess.run(["readelf", "-d", LIBRARY], capture_output=True, text=True, check=True).stdout
    unittest.main()
