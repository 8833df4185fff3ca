# SPDX-License-Identifier: MIT
"""How files begin, what things are called, and which words are not used.

    names.py ROOT     checks a checkout; also prints what is longer than the guide says, which is no violation
"""

import pathlib
import re
import sys

import co_await
import house

SKIPPED = {".git", "build", "__pycache__"}
TEXTS = {".hpp", ".cpp", ".ipp", ".h", ".c", ".py", ".sh", ".md", ".cmake", ".in", ".txt", ".json", ".map", ""}

# Written in two halves, so that this file may be checked as well.
UNFINISHED = re.compile(r"\b(?:TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK|TB" r"D)\b")
ELSEWHERE = re.compile(r"(?<![\w./])/(?:wo" r"rk|tm" r"p|ho" r"me)(?:/|\b)")
REGISTRY = re.compile(r"\b(?:deb\.deb" r"ian\.org|registry\.npm" r"js\.org|pypi\.o" r"rg|nodesou" r"rce\.com|crates\.i" r"o)\b")

EMPTY_NAMES = re.compile(r"\b(?:class|struct|enum class|enum)\s+(\w*(?:Manager|Helper|Helpers|Util|Utils|Impl))\b")
GIVEN_NAMES = {"APIKeyManager"}  # the specification's own
EMPTY_FILES = re.compile(r"(?:^|_)(?:manager|helper|helpers|util|utils|impl|misc|common)(?:_|\.|$)")
GETTER = re.compile(r"(?<![\w.>:])(?!return\b|co_return\b|co_await\b|else\b|throw\b|new\b|case\b)[\w:]+[>&*\s]+(get_\w+)\s*\([^;{}]*[;{]")
TEST_NAME = re.compile(r'\b(?:TEST_CASE|TEST_CASE_FIXTURE|TEST_CASE_TEMPLATE|SUBCASE|TEST_SUITE)\s*\(\s*(?:\w+\s*,\s*)?"((?:\\.|[^"\\])*)"')
SLEEP = re.compile(r"\bthis_thread::sleep_|\b(?:usleep|nanosleep|sleep)\s*\(\s*\d")
# A good guest writes nowhere, changes nothing of the process, and reads no environment behind its host's back.
GUEST = (
    (re.compile(r"\bstd::c(?:out|err|log)\b|(?<![\w.:>])f?printf\s*\(|\bf?puts\s*\(|\bstderr\b|\bstdout\b"), "writes to the host's output", ("src/cli/",)),
    (re.compile(r"(?<![\w.>])(?:std::)?getenv\s*\(|\bsecure_getenv\b"), "reads the environment", ("src/core/os/",)),
    (re.compile(r"(?<![\w.>])(?:setenv|putenv|unsetenv|setlocale|std::locale::global|sigaction|std::signal)\s*\("), "changes the host's process", ("src/core/os/",)),
    (re.compile(r"(?<![\w.>])(?:std::)?(?:exit|abort|terminate|quick_exit|_exit)\s*\("), "ends the host's process", ("src/cli/",)),
    (re.compile(r"\basync_resolve\s*\("), "starts a thread that stays; names resolve on the resolver thread", ()),
    (re.compile(r"\bstd::async\s*\(|\bthread\w*(?:\.|->)detach\(\)"), "starts a thread that nobody counts", ("src/core/",)),
    (re.compile(r"\bstd::j?thread\b(?!::)"), "starts a thread that is not the runtime's", ("src/core/", "src/cli/")),
)

HEADER_GUIDE, SOURCE_GUIDE, FUNCTION_GUIDE = 250, 500, 60


def texts(root):
    """Every text file of the checkout, relative to it."""
    for path in sorted(pathlib.Path(root).rglob("*")):
        relative = path.relative_to(root)
        if SKIPPED & set(relative.parts) or not path.is_file() or path.suffix not in TEXTS:
            continue
        yield relative


def guard_of(path):
    parts = pathlib.PurePosixPath(path).parts
    parts = parts[1:] if parts[0] == "include" else ("aikit",) + parts
    return re.sub(r"\W", "_", "_".join(parts)).upper()


def beginning(path, lines):
    """The licence line, what the file is, and the guard."""
    suffix = path.suffix
    is_cpp = suffix in (".hpp", ".cpp", ".ipp", ".h", ".c")
    if is_cpp or suffix in (".py", ".sh", ".cmake") or path.name in ("CMakeLists.txt", "run"):
        first = lines[1] if lines and lines[0].startswith("#!") and len(lines) > 1 else lines[0] if lines else ""
        mark = "//" if suffix in (".hpp", ".cpp", ".ipp") else "/*" if suffix in (".h", ".c") else "#"
        if not first.startswith(f"{mark} SPDX-License-Identifier: MIT"):
            yield 1, "the first line is the licence: SPDX-License-Identifier: MIT"
    if is_cpp and path.parts[0] in ("include", "src"):
        said = "/".join(path.parts[1:])
        second = lines[1] if len(lines) > 1 else ""
        if not re.match(rf"// {re.escape(said)} - \S", second):
            yield 2, f"the second line says what the file is: // {said} - ..."
    if suffix == ".hpp":
        guard = guard_of(path)
        text = "\n".join(lines)
        wanted = rf"#ifndef {guard}\n#define {guard}\b"
        if path.parts[0] in ("include", "src") and not re.search(wanted, text):
            yield 3, f"the include guard is {guard}"
        elif path.parts[0] not in ("include", "src") and not re.search(r"#ifndef (AIKIT_\w+)\n#define \1\b", text):
            yield 3, "the header has an include guard"


def cpp_names(path, text):
    """Names in C++ code whose comments are blanked out."""
    place = str(path)
    for found in EMPTY_NAMES.finditer(text):
        if found.group(1) not in GIVEN_NAMES:
            yield house.line_of(text, found.start()), f"{found.group(1)} says nothing: name it for what it does"
    if path.parts[0] in ("include", "src"):
        for found in GETTER.finditer(text):
            if not re.search(r"\boverride\b", found.group()):  # a third party's interface has its own names
                yield house.line_of(text, found.start()), f"{found.group(1)}: readers are nouns, without get_"
        for found in re.finditer(r"\bnamespace\s+aikit\b(?!::inline v0)", text):
            if not place.startswith("src/cli/"):  # the command is a program: nobody links it
                yield house.line_of(text, found.start()), "everything is in namespace aikit::inline v0"
        for pattern, sin, allowed in GUEST:
            for found in pattern.finditer(text):
                if not place.startswith(allowed or ("\0",)):
                    yield house.line_of(text, found.start()), f"{found.group().strip()} {sin}"
    if path.suffix in (".hpp", ".ipp") and path.parts[0] != "tests":
        for found in re.finditer(r"\busing\s+namespace\b", text):
            yield house.line_of(text, found.start()), "a header has no using namespace"
    if place.startswith("tests/unit/"):
        for found in SLEEP.finditer(text):
            yield house.line_of(text, found.start()), "a unit test does not sleep: it has a ManualClock"


def check_text(path, text):
    """(line, sentence) of each violation in a file."""
    path = pathlib.PurePosixPath(path)
    found = list(beginning(path, text.splitlines()))
    if EMPTY_FILES.search(path.name):
        found.append((1, f"{path.name} says nothing: name the file for its noun"))
    for pattern, sentence in ((UNFINISHED, "unfinished work is not committed"),
                              (ELSEWHERE, "a path of somebody's machine"),
                              (REGISTRY, "the host of a package registry is the system's own affair")):
        for word in pattern.finditer(text):
            if pattern is ELSEWHERE and path.suffix in (".json", ".in", ".md"):
                continue
            found.append((house.line_of(text, word.start()), f"{sentence}: {word.group()}"))
    if path.suffix in (".hpp", ".cpp", ".ipp", ".h", ".c"):
        found += cpp_names(path, house.code(text))
        for name in TEST_NAME.finditer(house.code(text, keep_strings=True)):
            if not re.fullmatch(r"[A-Za-z0-9 _:/,.'()+=%&-]+", name.group(1)):
                found.append((house.line_of(text, name.start()),
                              f"a test's name is a sentence without ; * ? [ ] \" and the like, which mean something "
                              f"to doctest or CMake: {name.group(1)}"))
    return found


def functions(text):
    """(line, length) of each function body, by its braces; heuristic, for the guide only."""
    for found in re.finditer(r"\)[^;{}()=]*\{", text):
        brace = found.end() - 1
        if co_await.opens_block(text, brace):
            yield house.line_of(text, brace), text.count("\n", brace, house.closing(text, brace))


def guide(root):
    """What is probably two ideas."""
    for path in house.sources(root, "include/aikit", "src"):
        text = (pathlib.Path(root) / path).read_text()
        lines = text.count("\n")
        limit = HEADER_GUIDE if path.suffix == ".hpp" else SOURCE_GUIDE
        if lines > limit:
            yield f"guide: {path} has {lines} lines, more than {limit}"
        for line, length in functions(house.code(text)):
            if length > FUNCTION_GUIDE:
                yield f"guide: {path}:{line}: a block of {length} lines, more than {FUNCTION_GUIDE}"


def check(root):
    root = pathlib.Path(root)
    return [f"{path}:{line}: {sentence}" for path in texts(root)
            for line, sentence in check_text(path, (root / path).read_text(errors="replace"))]


if __name__ == "__main__":
    for remark in guide(sys.argv[1]):
        print(remark)
    house.report("names", check(sys.argv[1]))
