#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes tests/golden/tokens.jsonl: texts and their tokens as OpenAI's own tiktoken has them.

    pip install tiktoken
    python3 tests/golden/make_tokens.py build/data > tests/golden/tokens.jsonl
    python3 tests/golden/make_tokens.py build/data 20000 SEED > cases.jsonl      # random texts, for a longer comparison:
    AIKIT_TOKEN_CASES=cases.jsonl build/dev/bin/unit_text --test-case="*tiktoken*"
"""

import json
import pathlib
import random
import sys

import tiktoken
from tiktoken.load import load_tiktoken_bpe
from tiktoken_ext import openai_public


def encodings(folder):
    """tiktoken's encodings over local rank files; special tokens are ordinary text."""
    openai_public.load_tiktoken_bpe = lambda url, expected_hash=None: load_tiktoken_bpe(
        str(pathlib.Path(folder) / url.rsplit("/", 1)[1]))
    made = {}
    for name in ("cl100k_base", "o200k_base"):
        parts = openai_public.ENCODING_CONSTRUCTORS[name]()
        parts["special_tokens"] = {}
        made[name] = tiktoken.Encoding(**parts)
    return made


ENGLISH = """It was a bright cold day in April, and the clocks were striking thirteen. We've said: "don't!", they'll say "I'D RATHER".
HELLO World's eND helloWorld HTTPServer XMLHttpRequest snake_case kebab-case CONSTANT_CASE iPhone15Pro v1.2.3-rc4+build.5
The U.S. spent $1,234,567.89 (12.5%) on 2024-12-31T23:59:59Z; e-mail bob@example.com or see https://example.com/a/b?c=d&e=f#g."""

CODE = '''#include <vector>
int main(int argc, char** argv) {
\tstd::vector<int> v{1, 2, 3};
    for (auto&& x : v) { if (x >= 2 && x != 3) printf("%d\\n", x); }

    return 0; // done
}
def f(x: list[int] = None) -> dict:\r\n    """doc"""\r\n    return {k: v for k, v in enumerate(x or [])}\r\n
SELECT a.id, COUNT(*) FROM t AS a WHERE a.name LIKE '%foo%' GROUP BY 1;
{"key": [1, 2.5e-10, true, null], "nested": {"a": "b\\u00e9"}}
<div class="x">&nbsp;<b>bold</b></div>
$ ls -la /usr/local/bin | grep -v '^d' 2>&1 >/dev/null
x = y/z//2 /* c */ a/b\n/c/\n/d\n\n///\n'''

SCRIPTS = [
    "Größe, Straße, ÄÖÜ; déjà vu, garçon, œuvre; mañana ¿qué? ¡sí!", "Привет, как дела? ЁЖИК и ещё 42 рубля.",
    "Γειά σου Κόσμε! ΑΒΓ αβγ", "שלום עולם, מה שלומך? נִקּוּד", "مرحبا بالعالم، كيف حالك؟ ١٢٣٤٥", "नमस्ते दुनिया, आप कैसे हैं? १२३",
    "สวัสดีชาวโลก ภาษาไทยไม่มีช่องว่าง", "你好，世界！今天天气很好。我们去公园吧？", "こんにちは、世界！お元気ですか？カタカナとひらがな", "안녕하세요 세계! 오늘 날씨가 좋네요.",
    "中A文B字Cc 漢字ABC漢字abc", "ǅungla ǈ ǋ ᾈ", "ʰʷˠ modifier ʼletters", "e\u0301 a\u0300\u0301\u0302 \u0301alone \u0301A \u0301a", "𝒜𝓑𝕔 𝟙𝟚𝟛𝟜 ⅧⅨ ½¾ ①②③④ ²³",
    "👋🌍 👨‍👩‍👧‍👦 🏳️‍🌈 🇩🇪🇫🇷 1️⃣2️⃣ ❤️🔥", "‘quotes’ “double” «guillemets» – — … • † ‡ § ¶ © ® ™ € £ ¥", "it’s don’t I'ſ 'S 'T 'RE 'Ve 'M 'lL 'D 'x ''s",
    "zero\u200bwidth\u200cjoin\u200der \ufeffbom soft\u00adhyphen \u2028 \u2029 \u0085nel \u00a0\u00a0nbsp \u3000wide",
]

EDGES = [
    "", " ", "  ", "   ", "\n", "\n\n", "\r\n", "\r\n\r\n", "\t", "\t\t", " \n", "\n ", "\n  ", "  \n  ", "  \n  x", "a ", "a  ", "a\n", "a \n", "a\n ",
    "a  b", "a   b", "a \n b", "a\n\n\nb", "a \t b", "\ta", "\t\ta", " \ta", "x\n    y", "x\n\ty", "x  \n\n  y  ", "1", "12", "123", "1234", "1234567",
    " 1", "  12345", "1,234", "1.5", "a1b2", "!!!", " !!!", "!!!\n", "!!!\n\n", "!!!/", "!!!//\n/", "/\n/", " /", "a/b", "'", "''", "'s", "'S", " 's",
    "'ll", "'l", "'re", "'r", "'ve", "'v", "'d", "'m", "'t", "x's", "x'S", "X'S", "x'll", "x'LL", "x'Ll y", "1's", "!'s", "don't", "DON'T", "Don'T",
    "<|endoftext|>", "a<|endoftext|>b", "<|im_start|>user", "<|fim_prefix|>", "_", "__init__", "self._x", "#", "##", "# h", "-", "--", "---", "----", "=" * 20,
    "*" * 33, " " * 20, " " * 21 + "x", "\n" * 10, "\t" * 9 + "x", "a" * 70, "ab" * 64, "A" * 100, "é" * 40, "中" * 50, "🙂" * 20, "0" * 20, "." * 90,
    "\x00", "\x00\x01\x02", "\x7f", "a\x00b", "\u0301", "\u0301\u0301", "\u0301x", " \u0301x", "A\u0301", "A\u0301B", "AB\u0301c", "Aa\u0301", "x\u0301Y\u0301z",
    "ABCdef", "ABCDef", "aBC", "aB", "Ab", "AB", "中Ab", "中AB", "A中", "A中B", "A中b", "A中BC d", "ʰA", "Aʰ", "AʰB", "ǅ", "ǅa", "ǅA", "Aǅa", " ABc", "-ABc", "-中A", "\u0301AB", "\u0301Ab",
]

PIECES = ["a", "b", "Z", "E", "he", "The", "ing", " ", "  ", "\n", "\r", "\r\n", "\t", "'", "'s", "'LL", "’", "0", "7", "42", ".", ",", "!", "/", "//", "-", "_", "(", "\"", "{", "é", "ß", "Ö",
          "ſ", "ж", "Д", "中", "文", "あ", "カ", "한", "ا", "ن", "ि", "क", "\u0301", "\u0308", "ʰ", "ǅ", "🙂", "👍🏽", "\u200d", "\u00a0", "\u3000", "\u2028", "\u0085", "\ufeff", "½", "Ⅷ", "١", "\x00", "\x1b", "=", "+", "<", "|>"]


def random_text(source):
    kind = source.randrange(6)
    if kind == 0:
        return "".join(source.choice(PIECES) for _ in range(source.randrange(1, 24)))
    if kind == 1:  # any characters of the Basic Multilingual Plane that are older than Unicode 15
        return "".join(chr(source.choice((source.randrange(32, 0x250), source.randrange(0x250, 0x800), source.randrange(0x3040, 0x9fff)))) for _ in range(source.randrange(1, 16)))
    if kind == 2:  # random bytes, made valid
        return bytes(source.randrange(256) for _ in range(source.randrange(1, 40))).decode("utf-8", "replace")
    if kind == 3:  # few pieces, many times: long pieces with many equal pairs
        few = [source.choice(PIECES) for _ in range(2)]
        return "".join(source.choice(few) for _ in range(source.randrange(20, 200)))
    text = source.choice([ENGLISH, CODE, *SCRIPTS])
    begin = source.randrange(len(text))
    text = text[begin:begin + source.randrange(4, 120)]
    if kind == 5:
        spot = source.randrange(len(text))
        text = text[:spot] + source.choice(PIECES) + text[spot:]
    return text


def texts(arguments):
    if arguments:
        source = random.Random(int(arguments[1]))
        return (random_text(source) for _ in range(int(arguments[0])))
    source = random.Random(2026)
    fixed = [*EDGES, *SCRIPTS, ENGLISH, CODE, *ENGLISH.splitlines(), *CODE.splitlines(True)]
    return fixed + [random_text(source) for _ in range(120)]


def main():
    made = encodings(sys.argv[1])
    for text in texts(sys.argv[2:]):
        row = {"text": text}
        for name, encoding in made.items():
            row[name] = encoding.encode_ordinary(text)
        print(json.dumps(row, ensure_ascii=True, separators=(",", ":")))


if __name__ == "__main__":
    main()
