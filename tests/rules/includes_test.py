# SPDX-License-Identifier: MIT
"""What includes.py flags: each forbidden kind of arrow, on a small tree of its own."""

import pathlib
import tempfile
import unittest

import includes

# A tree in which every arrow is allowed: file -> what it includes.
HOUSE = {
    "include/aikit/core/error.hpp": ["<string>"],
    "include/aikit/core/result.hpp": ["<aikit/core/error.hpp>", "<boost/system/result.hpp>"],
    "include/aikit/net/transport.hpp": ["<aikit/core/result.hpp>"],
    "include/aikit/model/provider.hpp": ["<aikit/core/result.hpp>", "<boost/json/fwd.hpp>"],
    "include/aikit/vector/store.hpp": ["<aikit/core/result.hpp>"],
    "include/aikit/provider/openai.hpp": ["<aikit/model/provider.hpp>", "<aikit/net/transport.hpp>"],
    "include/aikit/policy/retry.hpp": ["<aikit/model/provider.hpp>"],
    "include/aikit/rag/pipeline.hpp": ["<aikit/vector/store.hpp>", "<aikit/model/provider.hpp>"],
    "include/aikit/kit.hpp": ["<aikit/rag/pipeline.hpp>", "<aikit/policy/retry.hpp>"],
    "include/aikit/sync.hpp": ["<aikit/kit.hpp>"],
    "include/aikit/aikit.hpp": ["<aikit/kit.hpp>", "<aikit/sync.hpp>"],
    "src/core/json.hpp": ["<boost/json.hpp>"],
    "src/core/os/posix.cpp": ["<unistd.h>", "<sys/stat.h>"],
    "src/core/sha256.cpp": ["<openssl/evp.h>"],
    "src/net/tls.cpp": ["<boost/asio/ssl.hpp>", "<openssl/ssl.h>", '"core/json.hpp"'],
    "src/storage/sqlite.hpp": ["<sqlite3.h>"],
    "src/vector/hnsw.cpp": ["<hnswlib/hnswlib.h>"],
    "src/vector/store.hpp": ["<aikit/vector/store.hpp>"],
    "src/knowledge/markdown.cpp": ["<cmark-gfm.h>"],
    "src/text/unicode.cpp": ["<utf8proc.h>", "<libstemmer.h>"],
    "src/provider/openai/wire.hpp": ["<aikit/provider/openai.hpp>"],
    "src/provider/azure/wire.hpp": [],
    "src/provider/openai_wire/wire.hpp": [],
    "src/provider/azure/azure.cpp": ['"provider/azure/wire.hpp"', '"provider/openai_wire/wire.hpp"'],
    "src/kit/state.hpp": [],
    "src/cli/main.cpp": ["<aikit/aikit.hpp>", "<CLI/CLI.hpp>"],
}

# One more include each, and a word of the complaint it must bring.
FORBIDDEN = [
    ("include/aikit/core/error.hpp", "<aikit/net/transport.hpp>", "above"),
    ("include/aikit/net/transport.hpp", "<aikit/model/provider.hpp>", "above"),
    ("include/aikit/rag/pipeline.hpp", "<aikit/kit.hpp>", "above"),
    ("src/storage/sqlite.hpp", "<aikit/net/transport.hpp>", "neighbours"),
    ("include/aikit/vector/store.hpp", "<aikit/model/provider.hpp>", "neighbours"),
    ("src/kit/state.hpp", "<aikit/sync.hpp>", "neighbours"),
    ("include/aikit/model/provider.hpp", "<aikit/net/transport.hpp>", "model does not know net"),
    ("include/aikit/model/provider.hpp", '"storage/sqlite.hpp"', "model does not know storage"),
    ("include/aikit/vector/store.hpp", "<aikit/net/transport.hpp>", "vector does not know net"),
    ("include/aikit/policy/retry.hpp", "<aikit/provider/openai.hpp>", "policy does not know provider"),
    ("include/aikit/rag/pipeline.hpp", "<aikit/provider/openai.hpp>", "rag does not know provider"),
    ("include/aikit/rag/pipeline.hpp", "<aikit/policy/retry.hpp>", "rag does not know policy"),
    ("src/provider/azure/azure.cpp", '"provider/openai/wire.hpp"', "the adapter azure may not know the adapter openai"),
    ("include/aikit/core/result.hpp", '"core/json.hpp"', "internal"),
    ("include/aikit/core/error.hpp", "<aikit/core/result.hpp>", "circle"),
    ("include/aikit/core/error.hpp", "<aikit/core/gone.hpp>", "no file"),
    ("src/net/tls.cpp", '"tls.hpp"', "no file"),
    ("src/net/tls.cpp", "TLS_HEADER", "plainly"),
    ("src/storage/sqlite.hpp", "<openssl/sha.h>", "may only be included in src/net/"),
    ("src/text/unicode.cpp", "<openssl/evp.h>", "may only be included in src/core/sha256.cpp"),
    ("src/provider/openai/wire.hpp", "<boost/beast/http.hpp>", "may only be included in src/net/"),
    ("src/knowledge/markdown.cpp", "<sqlite3.h>", "may only be included in src/storage/"),
    ("src/vector/store.hpp", "<hnswlib/hnswlib.h>", "may only be included in src/vector/hnsw"),
    ("src/rag/prompt.cpp", "<cmark-gfm-core-extensions.h>", "may only be included in src/knowledge/"),
    ("src/knowledge/markdown.cpp", "<libstemmer.h>", "may only be included in src/text/"),
    ("src/net/tls.cpp", "<boost/json.hpp>", "may only be included in src/core/json.hpp"),
    ("src/net/tls.cpp", "<sys/socket.h>", "may only be included in src/core/os/"),
    ("src/cli/main.cpp", "<unistd.h>", "may only be included in src/core/os/"),
    ("include/aikit/net/transport.hpp", "<boost/asio/steady_timer.hpp>", "may only be included in src/"),
    ("src/net/tls.cpp", "<curl/curl.h>", "no place in the table"),
    ("src/net/tls.cpp", "<stdint.h>", "no place in the table"),
    ("src/attic/box.cpp", "<aikit/core/error.hpp>", "no layer"),
]


def build(root, files):
    for name, lines in files.items():
        path = pathlib.Path(root) / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("".join(f"#include {line}\n" for line in lines))


class Includes(unittest.TestCase):
    def complaints(self, files):
        with tempfile.TemporaryDirectory() as root:
            build(root, files)
            return includes.check(root)

    def test_the_allowed_arrows_pass(self):
        self.assertEqual([], self.complaints(HOUSE))

    def test_each_forbidden_arrow_is_flagged(self):
        for source, line, word in FORBIDDEN:
            with self.subTest(f"{source} includes {line}"):
                files = {name: list(lines) for name, lines in HOUSE.items()}
                files.setdefault(source, []).append(line)
                complaints = self.complaints(files)
                self.assertTrue(any(word in complaint for complaint in complaints), complaints)

    def test_what_stands_behind_an_interface_is_not_for_rag(self):
        files = dict(HOUSE, **{"src/rag/search.cpp": ['"vector/store.hpp"']})
        self.assertIn("rag knows only the interface of vector", "".join(self.complaints(files)))

    def test_an_include_in_a_comment_is_no_include(self):
        with tempfile.TemporaryDirectory() as root:
            build(root, HOUSE)
            path = pathlib.Path(root) / "include/aikit/core/error.hpp"
            path.write_text("// #include <sqlite3.h>\n/*\n#include <sqlite3.h>\n*/\n")
            self.assertEqual([], includes.check(root))

    def test_every_layer_has_one_place(self):
        layers = [layer for floor in includes.FLOORS for layer in floor]
        self.assertEqual(len(layers), len(set(layers)))


if __name__ == "__main__":
    unittest.main()
