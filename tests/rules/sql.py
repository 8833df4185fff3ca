# SPDX-License-Identifier: MIT
"""Bound statements only: SQL is written as literals and is never put together from pieces.

    sql.py ROOT       checks include/aikit and src of a checkout

The text a Statement is made from must be a literal, or a constant whose value is one; values reach it by bind().
Inside src/storage, which is the driver, a text is also handed from function to function.
"""

import pathlib
import re
import sys

import house

LITERAL = r'(?:u8)?(?:R"(?P<m>[^()\\\s]*)\(.*?\)(?P=m)"|"(?:\\.|[^"\\\n])*")'
CONSTRUCTED = re.compile(r"\bStatement\s*(?:const\s+)?(?:[A-Za-z_]\w*\s*)?[({](?!\s*(?:Statement|Connection\b))")
CONSTANT = re.compile(r"\b(?:constexpr|const)\b[^;=(){}]*?\b(\w+)\s*(?:\[\s*\])?\s*=\s*(?=[uR\"])", re.DOTALL)
# Upper case or lower case, as SQL is written; "Select a store" is a sentence.
SQL_START = (r"SELECT\s|INSERT\s+(?:INTO|OR)\s|UPDATE\s+\w+\s+SET\s|DELETE\s+FROM\s|CREATE\s+(?:TABLE|INDEX|UNIQUE|VIRTUAL|"
             r"TRIGGER|VIEW)|DROP\s+(?:TABLE|INDEX)|ALTER\s+TABLE|PRAGMA\s|WITH\s+\w+\s*(?:\(|AS)")
SQL_WORD = re.compile(r'\A(?:u8)?(?:R"[^()\\\s]*\(|")\s*(?:' + SQL_START + "|" +
                      re.sub(r"[A-Z]{2,}", lambda word: word.group().lower(), SQL_START) + ")")
PRAGMA = re.compile(r'\A"[\s;]*PRAGMA\s')
RAW_CALLS = re.compile(r"\bsqlite3_(?:exec|prepare\w*|get_table|mprintf|snprintf)\s*\(")


def blank_comments(text):
    return house.code(text, keep_strings=True)


def literal_spans(text):
    return [found.span() for found in re.finditer(LITERAL, text, re.DOTALL)]


def only_literals(argument, constants):
    """True for literals side by side, known constants, and a choice between such."""
    rest = re.sub(LITERAL, " @ ", argument, flags=re.DOTALL)
    words = re.findall(r"[A-Za-z_][\w:]*|[^\s\w]", rest)
    if "?" in words:  # the condition may be anything
        words = words[words.index("?") + 1:]
    allowed = constants | {"std::string_view", "std::string_view_literals", "sv"}
    return bool(words) and all(word in "@?:()" or word in allowed or word.split("::")[-1] in constants for word in words)


def second_argument(text, opening):
    """The text of the second argument of the list that opens here; None when there is none."""
    depth, start, commas = 0, None, 0
    spans = dict(literal_spans(text[opening:opening + 20000]))
    place = opening
    while place < len(text):
        literal_end = spans.get(place - opening)
        if literal_end:
            place = opening + literal_end
            continue
        char = text[place]
        if char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
            if depth == 0:
                return text[start:place] if start else None
        elif char == "," and depth == 1:
            commas += 1
            if commas == 1:
                start = place + 1
            elif commas == 2:
                return text[start:place]
        place += 1
    return None


def check_text(text, constants, in_storage):
    """(line, sentence) of each violation. `constants`: names whose value is a literal."""
    text = blank_comments(text)
    found = []
    for start, end in literal_spans(text):
        if not SQL_WORD.match(text[start:end]) or (in_storage and PRAGMA.match(text[start:end])):
            continue  # a pragma takes no bound value: the storage layer writes its own numbers into it
        before, after = text[:start].rstrip(), text[end:].lstrip()
        if before.endswith(("+", "+=", "<<")) or after.startswith(("+", "<<")) or re.search(
                r"\b(format|append|snprintf|sprintf|replace)\s*\([^()\"]*$", before[-60:]):
            found.append((house.line_of(text, start), "SQL is put together from pieces; write it whole and bind the values"))
    for made in () if in_storage else CONSTRUCTED.finditer(text):
        argument = second_argument(text, made.end() - 1)
        if argument is not None and not only_literals(argument, constants):
            shown = " ".join(argument.split())[:60]
            found.append((house.line_of(text, made.start()), f"a Statement is made of something that is no literal: {shown}"))
    if not in_storage:
        for call in RAW_CALLS.finditer(text):
            found.append((house.line_of(text, call.start()), "only src/storage speaks to SQLite itself"))
    return found


def constants_of(text):
    return set(CONSTANT.findall(blank_comments(text)))


def check(root):
    root = pathlib.Path(root)
    texts = {path: (root / path).read_text() for path in house.sources(root, "include/aikit", "src")}
    constants = set().union(*(constants_of(text) for text in texts.values())) if texts else set()
    return [f"{path}:{line}: {sentence}" for path, text in texts.items()
            for line, sentence in check_text(text, constants, str(path).startswith("src/storage/"))]


if __name__ == "__main__":
    house.report("sql", check(sys.argv[1]))
