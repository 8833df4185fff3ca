#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Fits the weights of src/text/estimate.cpp to texts counted by tiktoken's o200k_base.

    pip install tiktoken numpy scipy
    python3 data/calibrate_estimate.py build/data FOLDER...

FOLDERs hold texts to learn from: prose, source code, JSON lines (their "text" members), gettext catalogues (*.mo) for
other languages. Prints the weights in thousandths of a token and how well they do. `features` here and the class
Weighing there are the same; scripts with few samples were set by hand there.
"""

import collections
import gettext
import json
import pathlib
import random
import sys

import numpy
import scipy.optimize
import tiktoken
from tiktoken.load import load_tiktoken_bpe
from tiktoken_ext import openai_public

CODE = {".py", ".js", ".mjs", ".ts", ".go", ".h", ".hpp", ".c", ".cpp", ".cmake", ".sh", ".css", ".rs", ".java", ".html", ".json", ".pl", ".pm"}
PROSE = {".txt", ".md", ".rst", ".jsonl"}

SCRIPTS = [  # first, last, name: the first range that holds a character decides
    (0x0300, 0x036F, "mark"), (0x0370, 0x03FF, "greek"), (0x0400, 0x052F, "cyrillic"), (0x0530, 0x058F, "armenian"), (0x0590, 0x05FF, "hebrew"),
    (0x0600, 0x08FF, "arabic"), (0x0900, 0x0DFF, "indic"), (0x0E00, 0x0EFF, "thai"), (0x10A0, 0x10FF, "georgian"), (0x1100, 0x11FF, "hangul"),
    (0x2000, 0x206F, "sign"), (0x2070, 0x2BFF, "symbol"), (0x3000, 0x303F, "cjk_sign"), (0x3040, 0x30FF, "kana"), (0x3130, 0x318F, "hangul"),
    (0x3400, 0x9FFF, "han"), (0xAC00, 0xD7AF, "hangul"), (0xF900, 0xFAFF, "han"), (0xFF00, 0xFFEF, "cjk_sign"), (0x1F000, 0x1FAFF, "emoji"),
    (0x20000, 0x3FFFF, "han")]


def script(point):
    if 0xC0 <= point <= 0x24F or 0x1E00 <= point <= 0x1EFF:
        return "accented"
    for first, last, name in SCRIPTS:
        if first <= point <= last:
            return name
    return "other"


def led_by(text, begin):
    """What stands before a word: some of it merges with the word, some of it parts it."""
    last = text[begin - 1] if begin > 0 else "\n"
    if last in " \t":
        return "led"
    if last in "\r\n":
        return "start"
    if last == "_":
        return "under"
    if last.isalnum() or not last.isascii():
        return "joined"
    return "led_sign" if begin > 1 and text[begin - 2] in " \t" else "signed"


def features(text):
    """Counts of what costs tokens, in one pass."""
    f = collections.Counter()
    i, n = 0, len(text)

    def lower(at):
        return at < n and "a" <= text[at] <= "z"

    def upper(at):
        return at < n and "A" <= text[at] <= "Z"

    def digit(at):
        return at < n and "0" <= text[at] <= "9"

    def space(at):
        return at < n and text[at] in " \t\r\n"

    def sign(at):
        return at < n and text[at] < "\x80" and not (lower(at) or upper(at) or digit(at) or space(at))

    while i < n:
        begin = i
        if lower(i) or upper(i):
            if upper(i) and upper(i + 1):
                kind = "upper"
                while upper(i):
                    i += 1
                if lower(i) and i - begin > 1:
                    i -= 1  # the capital begins the next word
            else:
                kind = "title" if upper(i) else "lower"
                i += 1
                while lower(i):
                    i += 1
            word = f"{kind}_{led_by(text, begin)}"
            f[word] += 1
            f[word + "_over3"] += max(0, min(i - begin, 6) - 3)
            f[word + "_over6"] += max(0, min(i - begin, 10) - 6)
            f[f"{kind}_over10"] += max(0, i - begin - 10)
        elif digit(i):
            while digit(i):
                i += 1
            f["digits"] += (i - begin + 2) // 3
            f["digits_led"] += begin > 0 and text[begin - 1] == " "
        elif space(i):
            lines, after_line = 0, i
            while space(i):
                f["tab"] += text[i] == "\t"
                i += 1
                if text[i - 1] == "\n":
                    lines, after_line = lines + 1, i
            if lines:
                f["line_end_after_sign" if begin > 0 and sign(begin - 1) else "line_end"] += 1
                f["indent"] += i - after_line > 1
                f["indent_by_one"] += i - after_line == 1
            elif i - begin > 1:
                f["gap"] += 1
        elif sign(i):
            length = 0
            while sign(i):
                same = i
                while i < n and text[i] == text[same]:
                    i += 1
                length += min(i - same, 4)
            f[f"sign{min(length, 3)}" + ("_led" if begin > 0 and text[begin - 1] in " \t" else "")] += 1
            f["sign_over3"] += max(0, length - 3)
        else:
            f[script(ord(text[i]))] += 1
            f["foreign_run"] += begin == 0 or text[begin - 1] < "\x80"
            i += 1
    return f


def texts(folders):
    source = random.Random(1)
    for folder in folders:
        paths = [p for p in sorted(pathlib.Path(folder).rglob("*")) if p.is_file() and p.stat().st_size > 300]
        source.shuffle(paths)
        taken = collections.Counter()
        for path in paths:
            suffix = path.suffix
            group = "code" if suffix in CODE else "prose" if suffix in PROSE else "other" if suffix == ".mo" else ""
            if not group or taken[suffix] >= 250:
                continue
            taken[suffix] += 1
            if suffix == ".mo":
                try:
                    catalogue = gettext.GNUTranslations(open(path, "rb"))._catalog
                except Exception:
                    continue
                whole = "\n".join(v for k, v in catalogue.items() if k and isinstance(v, str))
                if sum(not c.isascii() for c in whole) < len(whole) / 50:
                    continue
            elif suffix == ".jsonl":
                rows = path.read_text().splitlines()
                for row in source.sample(rows, min(400, len(rows))):
                    text = json.loads(row).get("text", "")
                    if len(text) >= 200:
                        yield group, text
                continue
            else:
                try:
                    whole = path.read_text()
                except UnicodeDecodeError:
                    continue
            for _ in range(1 + min(6, len(whole) // 20000)):
                length = int(200 * 15 ** source.random())
                begin = source.randrange(max(1, len(whole) - length))
                text = whole[begin:begin + length]
                if len(text) >= 200 and max(map(len, text.split("\n"))) < 1500:
                    yield group, text


def main():
    openai_public.load_tiktoken_bpe = lambda url, expected_hash=None: load_tiktoken_bpe(f"{sys.argv[1]}/{url.rsplit('/', 1)[1]}")
    def encoding(name):
        parts = openai_public.ENCODING_CONSTRUCTORS[name]()
        return tiktoken.Encoding(**parts)
    o200k, cl100k = encoding("o200k_base"), encoding("cl100k_base")
    rows = list(texts(sys.argv[2:]))
    names = sorted({k for _, t in rows for k in features(t)})
    counted = numpy.array([[features(t)[k] for k in names] for _, t in rows], float)
    truth = numpy.array([len(o200k.encode_ordinary(t)) for _, t in rows], float)
    older = numpy.array([len(cl100k.encode_ordinary(t)) for _, t in rows], float)
    groups = numpy.array([g for g, _ in rows])
    target = numpy.where(groups == "other", truth, (truth + older) / 2)
    weight = 1 / target
    for group in ("code", "prose", "other"):  # no group outweighs the others
        weight[groups == group] /= max(1, (groups == group).sum()) ** 0.5
    scale = weight.copy()
    for _ in range(30):  # least absolute relative errors, by reweighting
        x, _ = scipy.optimize.nnls(counted * scale[:, None], target * scale)
        error = numpy.abs(counted @ x / target - 1)
        scale = weight / numpy.sqrt(numpy.maximum(error, 0.02))
    print({name: round(value * 1000) for name, value in zip(names, x)})
    x = numpy.round(x * 1000) / 1000
    for group in ("code", "prose", "other"):
        chosen = groups == group
        for name, real in (("o200k", truth), ("cl100k", older)):
            error = counted[chosen] @ x / real[chosen] - 1
            print(f"{group:6} {name:7} n={chosen.sum()} within 10%: {(abs(error) <= 0.1).mean():.3f} bias {error.mean():+.3f} worst {error.min():+.2f} {error.max():+.2f}")


if __name__ == "__main__":
    main()
