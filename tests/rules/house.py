# SPDX-License-Identifier: MIT
"""What the rules share: which files are ours, and C++ text without its comments and literals."""

import pathlib
import re
import sys

SOURCES = ("*.hpp", "*.cpp", "*.ipp", "*.h", "*.c")

# Raw strings, comments, strings, characters (but not the digit separators of 1'000).
_HIDDEN = re.compile(
    r'R"(?P<mark>[^()\\\s]*)\(.*?\)(?P=mark)"|//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|(?<![0-9A-Za-z_])\'(?:\\.|[^\'\\\n])+\'',
    re.DOTALL)


def sources(root, *folders):
    """Our files in the folders of a checkout, as paths relative to it, sorted."""
    root = pathlib.Path(root)
    found = []
    for folder in folders:
        for pattern in SOURCES:
            found += [path.relative_to(root) for path in (root / folder).rglob(pattern)]
    return sorted(set(found))


def code(text, keep_strings=False):
    """The text with comments blanked out and literals emptied; every line keeps its number."""

    def blank(found):
        hidden = found.group()
        newlines = "\n" * hidden.count("\n")
        if hidden.startswith(("//", "/*")):
            return newlines or " "
        if keep_strings:
            return hidden
        return ("''" if hidden.startswith("'") else '""') + newlines

    return _HIDDEN.sub(blank, text)


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def closing(text, position):
    """Where the bracket that opens at `position` is closed; the end of the text when it is not."""
    depth = 0
    for place in range(position, len(text)):
        if text[place] in "([{":
            depth += 1
        elif text[place] in ")]}":
            depth -= 1
            if depth == 0:
                return place
    return len(text)


def report(name, complaints):
    """Prints what is wrong and ends the program."""
    for complaint in complaints:
        print(complaint)
    if complaints:
        print(f"{name}: {len(complaints)} violations")
    sys.exit(1 if complaints else 0)
