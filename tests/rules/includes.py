# SPDX-License-Identifier: MIT
"""House rule 1: arrows point down. The table of floors, as law; there is no list of exceptions.

    includes.py ROOT      checks include/aikit and src of a checkout
"""

import pathlib
import re
import sys

import house

# Bottom up. A layer includes itself and the floors below it. Layers that are not there yet have their place already.
FLOORS = (
    ("core",),
    ("net", "storage", "text"),
    ("model", "vector", "task"),
    ("provider", "cost", "store", "telemetry"),
    ("policy", "knowledge"),
    ("rag", "router", "conversation", "prompt"),
    ("kit", "sync", "aikit", "testing", "workflow"),
    ("cli", "gateway", "mcp"),
    ("capi",),
)

# The sixth floor is wired in this order: a kit can be made with a provider that is scripted, the blocking facade
# takes a kit, and the umbrella shows both.
BESIDE = {"kit": {"testing"}, "sync": {"kit"}, "aikit": {"kit", "sync"}, "workflow": {"kit"}}

# What a layer does not know although it lies below.
UNKNOWN = {
    "model": ("net", "storage"),          # no HTTP, no provider, no storage
    "vector": ("net",),                   # embeds nothing; model and provider are not below it
    "task": ("net", "text"),              # storage and callables only
    "telemetry": ("storage", "model"),    # what an Observer is told, and HTTP
    "policy": ("provider", "store"),      # only the AIProvider interface
    "router": ("provider", "store"),
    "rag": ("provider", "store", "policy", "net"),  # AIProvider and VectorStore, never who stands behind
    "conversation": ("provider", "store"),
    "workflow": ("provider", "store"),
}
# Layers that see only the public interface of another: what stands under src/ there is who stands behind it.
INTERFACE_ONLY = {("rag", "vector")}

# Under provider/ these are no adapters: what carries every adapter's calls, and the wire that several share.
SHARED_BY_ADAPTERS = ("carrier", "openai_wire", "openai_responses")

# Third-party and platform headers: the only places that may include them. First match counts.
PLACES = (
    (r"openssl/evp\.h", ("src/core/sha256.cpp", "src/core/rs256.cpp")),
    (r"openssl/(bio|err|pem)\.h", ("src/core/rs256.cpp", "src/net/")),
    (r"openssl/.*|boost/beast.*|boost/asio/ssl.*|boost/url.*|zlib\.h", ("src/net/",)),
    (r"sqlite3\.h", ("src/storage/",)),
    (r"hnswlib/.*", ("src/vector/hnsw",)),
    (r"cmark-gfm.*\.h", ("src/knowledge/",)),
    (r"utf8proc\.h|libstemmer\.h", ("src/text/",)),
    (r"immintrin\.h|cpuid\.h", ("src/vector/",)),
    (r"CLI/.*", ("src/cli/",)),
    (r"boost/json/fwd\.hpp", ("include/aikit/", "src/")),
    (r"boost/json/basic_parser_impl\.hpp", ("src/model/",)),
    (r"boost/json.*", ("src/core/json.hpp",)),
    (r"boost/asio/co_spawn\.hpp|boost/asio/io_context\.hpp", ("include/aikit/core/wait.hpp", "include/aikit/testing/", "src/")),
    (r"boost/asio/(bind_cancellation_slot|cancellation_signal)\.hpp", ("include/aikit/testing/", "src/")),
    (r"boost/asio/(awaitable|any_io_executor)\.hpp|boost/system/result\.hpp|boost/version\.hpp"
     r"|boost/assert/source_location\.hpp", ("include/aikit/", "src/")),
    (r"boost/asio/.*|boost/system/.*|boost/unordered/.*|boost/container/.*|boost/uuid/.*", ("src/",)),
    (r"(unistd|fcntl|poll|pthread|sched|signal|spawn|dlfcn|netdb|termios|dirent|string|strings|time|ifaddrs)\.h"
     r"|(sys|netinet|arpa|net|linux)/.*\.h", ("src/core/os/",)),
)
STANDARD = re.compile(r"[a-z0-9_]+")  # <vector>, <cstdint>: the standard library's have no dot and no slash

INCLUDE = re.compile(r"^[ \t]*#[ \t]*include[ \t]*(\S[^\n]*)", re.MULTILINE)

FLOOR = {layer: floor for floor, layers in enumerate(FLOORS) for layer in layers}


def layer_of(path):
    """The layer a file of ours belongs to, or None: include/aikit/net/x.hpp and src/net/x.cpp are net's."""
    parts = pathlib.PurePosixPath(path).parts
    if parts[0] == "capi":
        return "capi"
    inner = parts[2:] if parts[:2] == ("include", "aikit") else parts[1:] if parts[0] == "src" else ()
    if not inner:
        return None
    return inner[0] if len(inner) > 1 else pathlib.PurePosixPath(inner[0]).stem


def adapter_of(path):
    """Which provider a file is about, or None."""
    parts = pathlib.PurePosixPath(path).parts
    inner = parts[2:] if parts[:2] == ("include", "aikit") else parts[1:]
    if len(inner) < 2 or inner[0] != "provider":
        return None
    return pathlib.PurePosixPath(inner[1]).stem


def arrow(source, target):
    """Why the file `source` may not include the file `target`, or None when it may."""
    above, below = layer_of(source), layer_of(target)
    for path, layer in ((source, above), (target, below)):
        if layer not in FLOOR:
            return f"{path} belongs to no layer of the table"
    if above == below:
        here, there = adapter_of(source), adapter_of(target)
        if here and here != there and there not in SHARED_BY_ADAPTERS:
            return f"the adapter {here} may not know the adapter {there}"
        return None
    if FLOOR[below] == FLOOR[above]:
        if below not in BESIDE.get(above, ()):
            return f"{above} and {below} are neighbours on floor {FLOOR[above]}"
    elif FLOOR[below] > FLOOR[above]:
        return f"{below} (floor {FLOOR[below]}) lies above {above} (floor {FLOOR[above]})"
    if below in UNKNOWN.get(above, ()):
        return f"{above} does not know {below}"
    if (above, below) in INTERFACE_ONLY and not str(target).startswith("include/"):
        return f"{above} knows only the interface of {below}, not what stands behind it"
    return None


def foreign(source, header):
    """Why the file may not include a header that is not ours, or None when it may."""
    for pattern, places in PLACES:
        if re.fullmatch(pattern, header):
            if str(source).startswith(places):
                return None
            return f"<{header}> may only be included in {' and '.join(places)}"
    if STANDARD.fullmatch(header):
        return None
    return f"<{header}> has no place in the table of third-party headers"


def resolve(root, source, spelled):
    """The file of ours that an include names, relative to the root; or None."""
    name = spelled[1:-1]
    if spelled.startswith("<"):
        choices = [pathlib.PurePosixPath("include") / name] if name.startswith("aikit/") else []
    else:
        choices = [pathlib.PurePosixPath("src") / name]
    for choice in choices:
        if (root / choice).is_file():
            return choice
    return None


def circles(graph):
    """Each circle of includes once, as the list of its files."""
    found, done, path = [], set(), []

    def visit(node):
        if node in path:
            found.append(path[path.index(node):] + [node])
            return
        if node in done:
            return
        path.append(node)
        for other in sorted(graph.get(node, ())):
            visit(other)
        path.pop()
        done.add(node)

    for node in sorted(graph):
        visit(node)
    return found


def check(root):
    """All violations under `root`, as sentences."""
    root = pathlib.Path(root)
    complaints, graph = [], {}
    for source in house.sources(root, "include/aikit", "src"):
        text = house.code((root / source).read_text(), keep_strings=True)
        for found in INCLUDE.finditer(text):
            where, spelled = f"{source}:{house.line_of(text, found.start())}", found.group(1).strip()
            if not re.fullmatch(r'<[^<>"]+>|"[^<>"]+"', spelled):
                complaints.append(f"{where}: an include names its file plainly, not as {spelled}")
                continue
            target = resolve(root, source, spelled)
            if target:
                graph.setdefault(str(source), set()).add(str(target))
                why = arrow(source, target)
                if not why and str(source).startswith("include/") and not str(target).startswith("include/"):
                    why = "a public header may not include an internal one"
            elif spelled.startswith('"') or spelled.startswith("<aikit/"):
                why = f"there is no file {spelled}; internal headers are named from src/"
            else:
                why = foreign(source, spelled[1:-1])
            if why:
                complaints.append(f"{where}: {why}")
    for circle in circles(graph):
        complaints.append("circle: " + " -> ".join(circle))
    return complaints


if __name__ == "__main__":
    house.report("includes", check(sys.argv[1]))
