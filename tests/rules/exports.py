# SPDX-License-Identifier: MIT
"""What libaikit.so shows is what include/aikit declares, and nothing else.

    exports.py ROOT LIBRARY

Both ways: every symbol is a name of aikit's, and every function that a public header declares without defining it can
be linked. Declarations are read by clang, so that what counts is what a consumer's compiler sees.
"""

import json
import pathlib
import re
import subprocess
import sys

import house

CLANG = "clang++-14"
FUNCTIONS = {"FunctionDecl", "CXXMethodDecl", "CXXConstructorDecl", "CXXDestructorDecl", "CXXConversionDecl"}
TEMPLATES = {"FunctionTemplateDecl", "ClassTemplateDecl", "ClassTemplateSpecializationDecl",
             "ClassTemplatePartialSpecializationDecl"}
# What else belongs to a class: its vtable, its typeinfo, and the entries of its bases.
OURS = re.compile(r"(?:(?:vtable|VTT|typeinfo|typeinfo name) for |(?:non-virtual|virtual) thunk to )?aikit::v\d+::")


def syntax_tree(headers, include):
    """clang's declarations of namespace aikit, for a program that includes these headers."""
    source = "".join(f"#include <{header}>\n" for header in headers)
    done = subprocess.run([CLANG, "-std=c++20", f"-I{include}", "-fsyntax-only", "-x", "c++", "-", "-Xclang",
                           "-ast-dump=json", "-Xclang", "-ast-dump-filter=aikit"],
                          input=source, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    trees, place = [], 0
    decoder = json.JSONDecoder()
    while place < len(done.stdout):
        tree, place = decoder.raw_decode(done.stdout, place)
        trees.append(tree)
        while place < len(done.stdout) and done.stdout[place] != "{":
            place += 1
    return trees


def declared(trees):
    """Mangled name -> name of each function that is declared in aikit and not defined in any header."""
    found, defined = {}, set()

    def visit(node):
        kind = node.get("kind", "")
        if kind in TEMPLATES or node.get("isImplicit"):
            return
        inner = node.get("inner", ())
        if kind in FUNCTIONS and node.get("mangledName"):
            has_body = any(part.get("kind") in ("CompoundStmt", "CoroutineBodyStmt", "CXXTryStmt") for part in inner)
            if has_body or node.get("explicitlyDefaulted") or node.get("explicitlyDeleted"):
                defined.add(node["mangledName"])
            elif not node.get("pure"):
                found[node["mangledName"]] = node.get("name", "")
            return
        for part in inner:
            visit(part)

    for tree in trees:
        visit(tree)
    return {mangled: name for mangled, name in found.items() if mangled not in defined}


def exported(library):
    """Mangled name -> demangled name of all that the library shows."""
    listed = subprocess.run(["nm", "-D", "--defined-only", "--no-demangle", "-j", str(library)],
                            capture_output=True, text=True, check=True).stdout.split()
    mangled = [name.split("@")[0] for name in listed]
    plain = subprocess.run(["c++filt"], input="\n".join(mangled), capture_output=True, text=True, check=True)
    return dict(zip(mangled, plain.stdout.splitlines()))


def compare(wanted, shown):
    """Sentences on what is missing and on what is too much."""
    complaints = [f"{name} ({mangled}) is declared in a public header and cannot be linked: it lacks AIKIT_EXPORT, or a "
                  "definition" for mangled, name in sorted(wanted.items()) if mangled not in shown]
    complaints += [f"the library shows {plain}, which is not aikit's" for plain in sorted(shown.values())
                   if not OURS.match(plain)]
    return complaints


def check(root, library):
    root = pathlib.Path(root)
    include = root / "include"
    headers = [path.relative_to(include) for path in sorted(include.rglob("*.hpp"))]
    wanted, shown = declared(syntax_tree(headers, include)), exported(library)
    print(f"{len(headers)} headers declare {len(wanted)} functions; the library shows {len(shown)} names")
    return compare(wanted, shown) or ([] if wanted else ["no declarations were found"])


if __name__ == "__main__":
    house.report("exports", check(sys.argv[1], sys.argv[2]))
