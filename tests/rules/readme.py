# SPDX-License-Identifier: MIT
"""What our pages show is true: each fenced block compiles, parses or names commands that exist, each test they name in a
numbered row of a table is there, and no link is dead.

    readme.py ROOT COMMAND COMPILER

COMMAND is the built aikit. A C++ block with includes is a program; one without is the body of a coroutine that has a
Kit named `kit`; a C block is a program. A page says what kind each of its blocks is.
"""

import json
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

import house

FENCE = re.compile(r"^```([^\n]*)\n(.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)
ROW = re.compile(r"^\| \d+ \|.*$", re.MULTILINE)
LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")
BODY = """#include <aikit/aikit.hpp>
#include <iostream>
aikit::Task<void> shown(aikit::Kit kit) {
%s
co_return aikit::ok();
}
"""


def pages(root):
    """The pages of the checkout, without what is built."""
    return [path for path in sorted(root.rglob("*.md")) if not {"build", ".git", "scratch"} & set(path.relative_to(root).parts)
            and not path.relative_to(root).is_relative_to("examples/documents")]


def cpp(root, _, block, compiler):
    source = block if "#include" in block else BODY % block
    done = subprocess.run([compiler, "-std=c++20", "-Wall", "-Werror", "-fsyntax-only", f"-I{root}/include", "-x", "c++", "-"],
                          input=source, capture_output=True, text=True, check=False)
    if done.returncode:
        yield "does not compile:\n" + done.stderr.strip()


def c(root, _, block, compiler):
    """A whole program in C."""
    done = subprocess.run([compiler, "-x", "c", "-std=c11", "-Wall", "-Wextra", "-pedantic", "-Werror", "-fsyntax-only",
                           f"-I{root}/capi", "-"], input=block, capture_output=True, text=True, check=False)
    if done.returncode:
        yield "does not compile:\n" + done.stderr.strip()


def help_of(command, *subcommands):
    done = subprocess.run([command, *subcommands, "--help"], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    return done.stdout if done.returncode == 0 else None


def sh(root, command, block, _):
    done = subprocess.run(["sh", "-n"], input=block, capture_output=True, text=True, check=False)
    if done.returncode:
        yield "is no shell: " + done.stderr.strip()
        return
    for line in block.splitlines():
        words = shlex.split(line, comments=True)
        if not words:
            continue
        script = root / words[0]
        if "/" in words[0] and not (script.is_file() and script.stat().st_mode & 0o100):
            yield f"names {words[0]}, which is not there or cannot be run"
        if words[0] == "aikit":
            words = [word for word in words[1:]]
            if not words or words[0].startswith("-"):
                continue
            said = help_of(command, words[0])
            if said is None:
                yield f"names `aikit {words[0]}`, which does not exist"
                continue
            if len(words) > 1 and not words[1].startswith("-"):
                said += help_of(command, *words[:2]) or ""  # `aikit cost price`, where there is one
            for word in words[1:]:
                if word.startswith("--") and not re.search(rf"{re.escape(word.split('=')[0])}\b", said + (help_of(command, "--help") or "")):
                    yield f"names {word}, which `aikit {words[0]} --help` does not"


def cmake(root, *_rest):
    block = _rest[1]
    config = (root / "include/aikit/core/config.hpp").read_text()
    version = ".".join(re.findall(r"define AIKIT_VERSION_(?:MAJOR|MINOR) (\d+)", config))
    for asked in re.findall(r"find_package\(aikit\s+([\d.]+)", block):
        if asked != version:
            yield f"asks for aikit {asked}; this is {version}"
    for target in re.findall(r"\baikit::(\w+)", block):
        if target not in ("aikit", "aikit_shared", "c"):
            yield f"links aikit::{target}, which is no target"


def python(_root, _command, block, _compiler):
    try:
        compile(block, "block", "exec")
    except SyntaxError as error:
        yield f"is no Python: {error}"


def js(_root, _command, block, _compiler):
    """A module; where there is no node, nobody can tell."""
    node = shutil.which("node")
    if node is None:
        return
    with tempfile.NamedTemporaryFile("w", suffix=".mjs") as file:
        file.write(block)
        file.flush()
        done = subprocess.run([node, "--check", file.name], capture_output=True, text=True, check=False)
    if done.returncode:
        yield f"is no JavaScript: {done.stderr}"


def json_text(_root, _command, block, _compiler):
    try:
        json.loads(block)
    except ValueError as error:
        yield f"is no JSON: {error}"


KINDS = {"cpp": cpp, "c": c, "sh": sh, "cmake": cmake, "python": python, "js": js, "json": json_text, "text": lambda *_: ()}


def missing_tests(root, page, text):
    """Rows say "label: a test's name" of tests in C, C++ or JavaScript, or of methods in Python."""
    named = {name for row in ROW.findall(text) for name in re.findall(r'"([^"]+)"', row)}
    if not named:
        return []
    sources = "\n".join(path.read_text() for kind in ("*.c", "*.cpp", "*.mjs", "*.py") for path in sorted((root / "tests").rglob(kind)))
    return [f"{page}: there is no test named '{name}'" for name in sorted(named)
            if not any(written in sources for written in (f'"{name}"', f"'{name}'", f"def {name}("))]


def check_page(root, page, text, command, compiler):
    complaints = missing_tests(root, page, text)
    for found in FENCE.finditer(text):
        where, kind = f"{page}:{house.line_of(text, found.start())}", found.group(1).strip()
        if kind not in KINDS:
            complaints.append(f"{where}: the block says what it is: one of {', '.join(KINDS)}")
            continue
        complaints += [f"{where}: the block {why}" for why in KINDS[kind](root, command, found.group(2), compiler)]
    plain = FENCE.sub("", text)
    for link in LINK.finditer(plain):
        target = link.group(1)
        if re.match(r"[a-z]+:", target):
            continue
        if not ((root / page).parent / target).exists():
            complaints.append(f"{page}: the link {target} leads nowhere")
    if text.count("\n```") % 2 and not text.startswith("```"):
        complaints.append(f"{page}: a block is not closed")
    return complaints


def check(root, command, compiler):
    root = pathlib.Path(root)
    found = pages(root)
    complaints = [complaint for page in found
                  for complaint in check_page(root, page.relative_to(root), page.read_text(), command, compiler)]
    return complaints or ([] if found else ["there are no pages"])


if __name__ == "__main__":
    house.report("readme", check(sys.argv[1], sys.argv[2], sys.argv[3]))
