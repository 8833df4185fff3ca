# SPDX-License-Identifier: MIT
"""House rules 3 and 4, as far as text can show them.

    co_await.py ROOT      checks include/aikit, src, tests and examples of a checkout

g++ 12 frees twice what is born inside an awaited expression: braces, lambdas that capture, `?:`. What a coroutine
takes must live while it is suspended: values, not references that bind temporaries, not views. No lock is held across
a suspension. An awaited Result that nobody looks at is an error that nobody hears of, and no compiler says so.
"""

import pathlib
import re
import sys

import house

AWAIT = re.compile(r"\bco_await\b")
WORD_BEFORE_BLOCK = re.compile(r"(\)|\]|\b(else|do|try|const|noexcept|override|final|mutable|requires|extern)|\{|\}|;|^|:)\s*$")
TYPE_DECLARED = re.compile(r"\b(class|struct|union|enum|namespace)\b[^;(){}=]*$")
TRAILING_RETURN = re.compile(r"\)[^;{}()]*->[^;{}()]*$")
# A lambda's introducer, which follows anything but a name, a closing bracket or a subscript's operand.
LAMBDA = re.compile(r"(?<![\w\)\]>])\[(?!\[)([^\[\]]*)\]\s*(?=[({<]|mutable\b|->)")
COROUTINE = re.compile(r"\b(?:Task|awaitable)\s*<")
LOCK = re.compile(r"\b(?:lock_guard|scoped_lock|unique_lock|shared_lock)\b[^;(){}]*?(\w+)\s*[({]")
BINDS_TEMPORARY = re.compile(r"\bconst\b[^,]*&|&&|\b(?:string_view|span)\b")


def opens_block(text, brace):
    """True when the brace at this place opens statements or members, false when it is a value."""
    before = text[max(0, brace - 400):brace]
    if TYPE_DECLARED.search(before) or TRAILING_RETURN.search(before):
        return True
    return WORD_BEFORE_BLOCK.search(before) is not None


def expression_around(text, place):
    """The full expression that holds `place`: (start, end), without the statements around it."""
    start, depth = place, 0
    while start > 0:
        char = text[start - 1]
        if char in ")]" or (char == "}" and depth > 0):
            depth += 1
        elif char == "}":
            opening = matching_open(text, start - 1)
            if opens_block(text, opening):
                break
            start = opening + 1
        elif char in "([{":
            if depth == 0 and char == "{" and opens_block(text, start - 1):
                break
            if depth == 0 and char == "(" and re.search(r"\b(if|while|switch|for)\s*(constexpr\s*)?$", text[:start - 1][-40:]):
                break
            depth = max(0, depth - 1)
        elif char == ";" and depth == 0:
            break
        start -= 1
    end, depth = place, 0
    while end < len(text):
        char = text[end]
        if char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
            if depth < 0 and (char == ")" or char == "}") and closes_scope(text, start, end):
                break
        elif char == ";" and depth <= 0:
            break
        end += 1
    return start, end


def matching_open(text, place):
    depth = 0
    while place >= 0:
        if text[place] in ")]}":
            depth += 1
        elif text[place] in "([{":
            depth -= 1
            if depth == 0:
                return place
        place -= 1
    return 0


def closes_scope(text, start, end):
    """True when the bracket at `end` was opened before `start`: it ends the scope, not a part of the expression."""
    return matching_open(text, end) < start


def capturing(introducer):
    """True when a lambda holds something of its own: anything but nothing, `&` and references."""
    return any(part.strip() and not part.strip().startswith("&") for part in introducer.split(","))


def without_nested_bodies(text):
    """The expression with the bodies of its lambdas emptied: they are statements of another function."""
    place, out = 0, []
    for found in LAMBDA.finditer(text):
        if found.start() < place:
            continue
        brace = text.find("{", found.end())
        while brace != -1 and not opens_block(text, brace):
            brace = text.find("{", house.closing(text, brace))
        if brace == -1:
            break
        out += [text[place:brace], ""]
        place = house.closing(text, brace) + 1
    return "".join(out) + text[place:]


def awaited_expressions(text):
    """Rule 3: nothing is born inside an awaited expression."""
    seen = set()
    for found in AWAIT.finditer(text):
        start, end = expression_around(text, found.start())
        if start in seen:
            continue
        seen.add(start)
        expression = text[start:end]
        line = house.line_of(text, found.start())
        shown = " ".join(expression.split())[:70]
        if any(capturing(introducer.group(1)) for introducer in LAMBDA.finditer(expression)):
            yield line, f"a lambda that captures is born inside an awaited expression; name it first: {shown}"
        plain = without_nested_bodies(expression)
        if not AWAIT.search(plain):
            continue  # the await stands in the body of a lambda, which is looked at by itself
        if "{" in plain:
            yield line, f"braces are born inside an awaited expression; name the value first: {shown}"
        if "?" in plain:
            yield line, f"`?:` stands in an awaited expression; write an if: {shown}"


def task_names(text, kind="Task"):
    """The functions and variables that a text declares as Tasks."""
    return set(re.findall(rf"\b{kind}\s*<[^;{{}}()=]*>\s+(?:\w+::)*(\w+)\s*(?=[(={{;])", text))


def discarded_results(text, tasks):
    """An awaited Task whose Result nobody takes. Who means it writes static_cast<void>(co_await ...)."""
    for found in re.finditer(r"(?<=[;{}])\s*co_await\s+([^;]*);", text):
        awaited = re.sub(r"^std::move\((\w+)\)$", r"\1", " ".join(found.group(1).split()))
        name = re.match(r"(?:[\w:]|->|\.|\(\))*?(\w+)\s*(\(|$)", awaited)
        if name and name.group(1) in (tasks if name.group(2) else task_names(text)):
            line = house.line_of(text, text.find("co_await", found.start()))
            yield line, f"the Result of an awaited call is dropped: {awaited[:60]}"


def parameters(text, opening):
    """The parameters of the list that opens here, split at its own commas."""
    inner, parts, depth, last = text[opening + 1:house.closing(text, opening)], [], 0, 0
    for place, char in enumerate(inner):
        if char in "([{<":
            depth += 1
        elif char in ")]}>" and inner[place - 1:place] != "-":
            depth -= 1
        elif char == "," and depth == 0:
            parts.append(inner[last:place])
            last = place + 1
    return parts + [inner[last:]]


def said_to_live(text):
    """The functions whose comment says who keeps their arguments alive. `text` has its comments."""
    names = set()
    for found in re.finditer(r"((?:^[ \t]*//[^\n]*\n)+)[^;{}]*?\b(\w+)\s*\(", text, re.MULTILINE):
        if re.search(r"\b(?:keeps?|stays?|lives?|kept|outlives?)\b.*?\b(?:alive|until|as long|while)\b|\boutlives?\b",
                     " ".join(found.group(1).replace("/", " ").split())):
            names.add(found.group(2))
    return names


def coroutine_parameters(text, living):
    """Rule 4: what a coroutine takes is its own, unless its comment says who keeps it alive; no default is an
    aggregate."""
    for found in COROUTINE.finditer(text):
        end = found.end() - 1
        depth = 0
        for place in range(end, min(len(text), end + 400)):
            depth += {"<": 1, ">": -1}.get(text[place], 0)
            if depth == 0:
                end = place
                break
        declared = re.match(r">\s+((?:\w+::)*~?\w+)\s*\(", text[end:])
        is_lambda = re.search(r"(\([^()]*(?:\([^()]*\)[^()]*)*\))\s*(?:mutable\s*)?->\s*(?:[\w:]+::)?$", text[:found.start()])
        if declared:
            opening = end + declared.end() - 1
        elif is_lambda:
            opening = is_lambda.start(1)
        else:
            continue
        line = house.line_of(text, found.start())
        for parameter in parameters(text, opening):
            shown = " ".join(parameter.split())
            if re.search(r"=\s*(?:[\w:<>]+\s*)?\{", parameter):
                yield line, f"a coroutine has a default argument in braces; write an overload: {shown}"
            value = parameter.split("=")[0]
            if declared and declared.group(1).split("::")[-1] in living:
                continue
            if BINDS_TEMPORARY.search(value) and "std::function" not in value:
                yield line, f"a coroutine takes a view or a reference that binds temporaries; take a value: {shown}"


def locks(text):
    """Rule 4: no lock across a suspension."""
    for found in LOCK.finditer(text):
        depth, place = 0, found.start()
        while place < len(text) and depth >= 0:
            depth += {"{": 1, "}": -1}.get(text[place], 0)
            place += 1
        held = without_nested_bodies(text[found.start():place])
        held = re.split(rf"\b{found.group(1)}\s*\.\s*unlock\s*\(", held)[0]
        if AWAIT.search(held):
            yield house.line_of(text, found.start()), "a lock is held across a co_await"


def spawned_on_the_spot(text):
    """A lambda that captures and is called where it is written dies before its coroutine does."""
    for found in LAMBDA.finditer(text):
        if not found.group(1).strip():
            continue
        brace = text.find("{", found.end())
        if brace == -1 or not opens_block(text, brace):
            continue
        closed = house.closing(text, brace)
        if AWAIT.search(text[brace:closed]) and re.match(r"\s*\(", text[closed + 1:closed + 20]):
            yield house.line_of(text, found.start()), "a coroutine lambda with captures is called where it is written"


RULES = (awaited_expressions, locks, spawned_on_the_spot)


def check_text(text, tasks=frozenset(), living=frozenset()):
    """(line, sentence) of each violation in one file's text. `tasks` are the names of Tasks declared elsewhere, `living`
    the functions said elsewhere to have arguments that live; None: arguments are not looked at."""
    plain = house.code(text)
    found = {complaint for rule in RULES for complaint in rule(plain)}
    found.update(discarded_results(plain, task_names(plain) | (tasks - task_names(plain, "awaitable"))))
    if living is not None:
        found.update(coroutine_parameters(plain, said_to_live(text) | living))
    return sorted(found)


def check(root):
    root = pathlib.Path(root)
    texts = {path: (root / path).read_text()
             for path in house.sources(root, "include/aikit", "src", "tests", "examples")}
    tasks = set().union(*(task_names(house.code(text)) for path, text in texts.items() if path.suffix == ".hpp"))
    living = set().union(*(said_to_live(text) for text in texts.values()))
    # What coroutines of tests take is watched by the address sanitizer, in which they all run.
    return [f"{path}:{line}: {sentence}" for path, text in texts.items()
            for line, sentence in check_text(text, tasks, None if path.parts[0] == "tests" else living)]


if __name__ == "__main__":
    house.report("co_await", check(sys.argv[1]))
