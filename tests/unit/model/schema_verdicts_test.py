#!/usr/bin/python3
# SPDX-License-Identifier: MIT
# tests/unit/model/schema_verdicts_test.py - schemas and documents by the thousand, against python3-jsonschema.
import datetime
import ipaddress
import itertools
import json
import os
import random
import re
import subprocess
import sys
import unittest

try:
    import jsonschema
except ImportError:
    print("[skipped] python3-jsonschema is not installed (cmake/setup.sh test)")
    sys.exit(0)

PROGRAM = os.environ["AIKIT_SCHEMA_VERDICTS"]
NAMES = ["a", "b", "ab", "x-1", ""]
VALUES = [None, True, False, 0, 1, -1, 2, 3, 1.5, 2.0, 1e3, "", "a", "ab", "abc", "\u20ac\u20ac", "x-1", [], [1], [1, 1],
          [1, "a", None], [[1], [1]], {}, {"a": 1}, {"a": "a", "b": 2}, {"b": None}, {"ab": [1]}, {"x-1": 3, "": 0}]
# What Python's re and ECMA-262 read alike for texts of ASCII without line ends.
PIECES = ["a", "b", "c", ".", "[ab]", "[^a]", "[a-c-]", r"\d", r"\w", r"\s", r"\D", r"\W", r"\S", r"\.", r"\-", "-", "x",
          "1", r"\x61", r"\u0062", r"[\d-]", r"[\w.]", r"\t", "(?:ab)", "(a|bc|)", "(b)", "_"]
TEXTS = ["", "a", "b", "ab", "abc", "aab", "abab", "cab", "a.b", "a-b", "x1", "1", "12", "a1_", " ", "a b", "\ta", "_", "-",
         "bbbb", "aaaaaa", "abcabcabc", "x-1", "ABC"]


def pattern(random_, depth=0):
    out = "^" if random_.random() < 0.3 else ""
    for _ in range(random_.randint(1, 4)):
        piece = random_.choice(PIECES)
        if depth < 2 and random_.random() < 0.25:
            piece = "(" + pattern(random_, depth + 1) + ")"
        if random_.random() < 0.4:
            piece += random_.choice(["*", "+", "?", "{2}", "{1,2}", "{2,}", "*?", "+?", "{0,3}?"])
        if random_.random() < 0.1:
            piece = r"\b" + piece
        out += piece
    if depth == 0 and random_.random() < 0.2:
        out += "|" + pattern(random_, 1)
    return out + ("$" if random_.random() < 0.3 else "")


def schema(random_, depth=0):
    if depth > 3 or random_.random() < 0.1:
        return random_.choice([True, False, {}, {"type": "string"}, {"type": "integer"}])

    def below():
        return schema(random_, depth + 1)

    out = {}
    makers = {
        "type": lambda: random_.choice(["object", "array", "string", "number", "integer", "boolean", "null",
                                        ["string", "null"], ["integer", "array"]]),
        "enum": lambda: random_.sample(VALUES, 3), "const": lambda: random_.choice(VALUES),
        "properties": lambda: {name: below() for name in random_.sample(NAMES, 2)},
        "patternProperties": lambda: {random_.choice(["^a", "b$", "[0-9]", "."]): below()},
        "additionalProperties": below, "propertyNames": lambda: random_.choice([below(), {"maxLength": 1}, {"pattern": "^[a-b]"}]),
        "required": lambda: random_.sample(NAMES, 1), "minProperties": lambda: random_.randint(0, 2),
        "maxProperties": lambda: random_.randint(0, 2), "dependentRequired": lambda: {"a": ["b"]},
        "dependentSchemas": lambda: {"a": below()}, "prefixItems": lambda: [below()], "items": below, "contains": below,
        "minContains": lambda: random_.randint(0, 2), "maxContains": lambda: random_.randint(0, 2),
        "minItems": lambda: random_.randint(0, 2), "maxItems": lambda: random_.randint(0, 2),
        "uniqueItems": lambda: random_.choice([True, False]), "minLength": lambda: random_.randint(0, 2),
        "maxLength": lambda: random_.randint(0, 2), "minimum": lambda: random_.randint(-1, 2),
        "maximum": lambda: random_.randint(-1, 2), "exclusiveMinimum": lambda: random_.choice([0, 1.5]),
        "exclusiveMaximum": lambda: random_.choice([1, 2.0]), "multipleOf": lambda: random_.choice([1, 2, 0.5]),
        "pattern": lambda: pattern(random_), "allOf": lambda: [below(), below()], "anyOf": lambda: [below(), below()],
        "oneOf": lambda: [below(), below()], "not": below, "if": below, "then": below, "else": below,
    }
    for key in random_.sample(sorted(makers), random_.randint(1, 4)):
        out[key] = makers[key]()
    if depth == 0 and random_.random() < 0.3:
        out["$defs"] = {"a/b": below()}
        out.setdefault("properties", {})["a"] = {"$ref": "#/$defs/a~1b"}
    return out


def shape(random_, depth=0):
    """A schema as strict mode can express it, and a function that makes documents that fit it."""
    plain = ["string", "integer", "boolean", "enum", "null"]
    kind = random_.choice(["object", "array", "either"] if random_.random() < 0.5 and depth < 3 else plain)
    if depth == 0:
        kind = "object"
    if kind == "object":
        members = {name: shape(random_, depth + 1) for name in random_.sample(["a", "b", "c", "d"], random_.randint(1, 3))}
        needed = [name for name in members if random_.random() < 0.5]

        def make():
            return {name: member[1]() for name, member in members.items() if name in needed or random_.random() < 0.5}
        return {"type": "object", "properties": {name: member[0] for name, member in members.items()}, "required": needed}, make
    if kind == "array":
        item, make_item = shape(random_, depth + 1)
        return {"type": "array", "items": item, "uniqueItems": False}, lambda: [make_item() for _ in range(random_.randint(0, 3))]
    if kind == "either":
        item, make_item = shape(random_, depth + 1)
        return {"anyOf": [{"type": "number", "maximum": -1}, item]}, lambda: random_.choice([-5, make_item()])
    plain = {"string": ({"type": "string", "minLength": 1}, lambda: "x"), "integer": ({"type": "integer", "minimum": 0}, lambda: 7),
             "boolean": ({"type": ["boolean", "null"]}, lambda: random_.choice([True, None])), "null": ({"type": "null"}, lambda: None),
             "enum": ({"enum": ["p", 2]}, lambda: random_.choice(["p", 2]))}
    return plain[kind]


def with_nulls(strict, value):
    """What a model in strict mode writes for a document: every member, null where the document has none."""
    if "anyOf" in strict:
        fitting = [one for one in strict["anyOf"] if one != {"type": "null"}]
        for one in fitting:
            filled = with_nulls(one, value)
            if jsonschema.Draft202012Validator(one).is_valid(filled):
                return filled
        return value
    if isinstance(value, dict) and "properties" in strict:
        return {name: with_nulls(one, value[name]) if name in value else None for name, one in strict["properties"].items()}
    return [with_nulls(strict["items"], one) for one in value] if isinstance(value, list) and "items" in strict else value


def objects(strict):
    """Each object's schema inside a schema."""
    if isinstance(strict, dict):
        if "properties" in strict:
            yield strict
        for below in strict.values():
            yield from objects(below)
    if isinstance(strict, list):
        for below in strict:
            yield from objects(below)


def verdicts(pairs):
    text = "".join(json.dumps(one) + "\n" + json.dumps(document) + "\n" for one, document in pairs)
    done = subprocess.run([PROGRAM], input=text.encode(), capture_output=True, timeout=200, check=True)
    return done.stdout.decode().split()


class Verdicts(unittest.TestCase):
    def compare(self, pairs, fits):
        ours = verdicts(pairs)
        self.assertEqual(len(ours), len(pairs))
        counts = {"fits": 0, "wrong": 0}
        for (one, document), verdict in zip(pairs, ours):
            expected = "fits" if fits(one, document) else "wrong"
            self.assertEqual(verdict, expected, json.dumps({"schema": one, "document": document}))
            counts[verdict] += 1
        self.assertGreater(min(counts.values()), len(pairs) // 50, "the documents all went one way")
        print(f"{self.id().split('.')[-1]}: {counts}")

    def test_generated_schemas_and_documents_have_the_same_verdict(self):
        random_ = random.Random(7)
        pairs = []
        while len(pairs) < 40_000:
            one = schema(random_)
            pairs += [(one, value) for value in VALUES]
        validators = {}

        def fits(one, document):
            key = json.dumps(one)
            if key not in validators:
                validators.clear()
                validators[key] = jsonschema.Draft202012Validator(one)
            return validators[key].is_valid(document)
        self.compare(pairs, fits)

    def test_generated_patterns_find_the_same_texts(self):
        random_ = random.Random(11)
        patterns = []
        while len(patterns) < 3_000:
            one = pattern(random_)
            try:
                re.compile(one)
                patterns.append(one)
            except re.error:
                pass
        pairs = [({"pattern": one}, text) for one in patterns for text in TEXTS]
        self.compare(pairs, lambda one, text: re.search(one["pattern"], text) is not None)

    def test_strict_mode_takes_what_schemas_become_and_its_nulls_go_again(self):
        random_ = random.Random(17)
        pairs = [(one, make()) for one, make in (shape(random_) for _ in range(2_000)) for _ in range(3)]
        first = self.strict(pairs)
        filled = []
        for (one, document), (strict, _) in zip(pairs, first):
            for each in objects(strict):  # https://platform.openai.com/docs/guides/structured-outputs
                self.assertEqual(each["required"], list(each["properties"]))
                self.assertIs(each["additionalProperties"], False)
            self.assertNotIn("minLength", json.dumps(strict))
            whole = with_nulls(strict, document)
            self.assertTrue(jsonschema.Draft202012Validator(strict).is_valid(whole), json.dumps([one, strict, whole]))
            filled.append((one, whole))
        added = 0
        for (one, document), (_, plain), (_, whole) in zip(pairs, self.strict(filled), filled):
            self.assertTrue(jsonschema.Draft202012Validator(one).is_valid(plain), json.dumps([one, whole, plain]))
            added += plain != whole
        self.assertGreater(added, 1_000)

    def strict(self, pairs):
        text = "".join(json.dumps(one) + "\n" + json.dumps(document) + "\n" for one, document in pairs)
        done = subprocess.run([PROGRAM, "strict"], input=text.encode(), capture_output=True, timeout=200, check=True)
        lines = [json.loads(line) for line in done.stdout.decode().splitlines()]
        self.assertNotIn("impossible", [line for line in lines if isinstance(line, str)])
        return list(zip(lines[::2], lines[1::2]))

    def test_dates_times_and_addresses_are_what_the_standard_library_takes(self):
        def date(text):
            return re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.A) is not None and parses(datetime.date.fromisoformat, text)

        def time(text):
            found = re.fullmatch(r"(\d\d):(\d\d):(\d\d)(\.\d+)?(Z|z|[+-]\d\d:\d\d)", text, re.A)
            zone = found.group(5).upper() if found else ""
            return found is not None and parses(datetime.time.fromisoformat, text[:8]) and (
                zone == "Z" or (int(zone[1:3]) < 24 and int(zone[4:]) < 60))

        def parses(how, text):
            try:
                how(text)
                return True
            except ValueError:
                return False

        dates = [f"{y}-{m}-{d}" for y in ("2024", "2023", "1900", "2000", "24", "0001") for m in ("01", "02", "12", "13", "00", "2")
                 for d in ("01", "28", "29", "30", "31", "32", "00", "1")]
        times = [f"{h}:{m}:{s}{f}{z}" for h in ("00", "23", "24", "1") for m in ("00", "59", "60") for s in ("00", "59", "61")
                 for f in ("", ".5", ".", ".123456789") for z in ("Z", "z", "+01:00", "-23:59", "+24:00", "+1:00", "", "+0100")]
        random_ = random.Random(13)
        four = [".".join(random_.choice(["0", "1", "255", "256", "01", "", "a", "1e1", "127"]) for _ in range(random_.choice([3, 4, 4, 4, 5])))
                for _ in range(2_000)]
        six = [":".join(random_.choice(["", "0", "1", "abcd", "12345", "g", "1.2.3.4", "FFFF"]) for _ in range(random_.randint(2, 9)))
               for _ in range(6_000)] + ["::", "::1", "fe80::1%eth0", "1::", "::ffff:1.2.3.4", "1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7::",
                                         "1:2:3:4:5:6:1.2.3.4", "1::2:3:4:5:6:7:8"]
        uuids = ["123e4567-e89b-12d3-a456-426614174000", "123E4567-E89B-12D3-A456-426614174000", "123e4567e89b12d3a456426614174000",
                 "123e4567-e89b-12d3-a456-42661417400", "g23e4567-e89b-12d3-a456-426614174000"]
        oracles = {
            "date": (dates, date), "time": (times, time),
            "date-time": ([a + t + b for a, t, b in itertools.product(dates[::7], ["T", "t", " ", ""], times[::11])],
                          lambda text: "t" in text.lower() and date(text[:10]) and text[10:11] in "Tt" and time(text[11:])),
            "ipv4": (four, lambda text: parses(ipaddress.IPv4Address, text)),
            "ipv6": (six, lambda text: "%" not in text and parses(ipaddress.IPv6Address, text)),
            "uuid": (uuids, lambda text: re.fullmatch("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", text) is not None),
        }
        for name, (texts, oracle) in oracles.items():
            pairs = [({"format": name}, text) for text in texts]
            self.assertEqual([(text, v) for (_, text), v in zip(pairs, verdicts(pairs))],
                             [(text, "fits" if oracle(text) else "wrong") for text in texts], name)

    def test_names_and_addresses_of_the_grammars_are_taken_and_others_are_not(self):
        # Right and wrong by RFC 1123, 5321, 3986 and ISO 8601 as RFC 3339 appendix A has it.
        rows = {
            "hostname": (["a", "example.org", "xn--bcher-kva.example", "1.2.3", "a-b.c", "a" * 63], 
                         ["", "-a", "a-", "a..b", ".a", "a.", "a_b", "a" * 64, "b\u00fccher.example", ".".join(["a" * 49] * 6)]),
            "email": (["a@b.c", "first.last+tag@example.org", '"a b"@example.org', "a@[127.0.0.1]", "a@[IPv6:::1]", "o'neil@b.c",
                       '"a\\"b"@c.d'],
                      ["", "a", "@b.c", "a@", "a b@c.d", ".a@b.c", "a.@b.c", "a..b@c.d", "a@b..c", "a@-b.c", "a@[1.2.3]", '"a@b.c', 
                       "a" * 65 + "@b.c"]),
            "uri": (["http://example.org", "https://u:p@h:80/a/b?c=d#e", "urn:isbn:0451450523", "mailto:a@b.c", "http://[::1]:8080/",
                     "a:", "file:///etc", "http://h?q", "x:/a:b@c", "http://a/%20", "ftp://h:/"],
                    ["", "example.org", "//h/p", "/p", "http://a b", "http://a/%2", "http://a/%zz", "1a:b", "http://[::1", "http://a:b/",
                     "http://a/<b>", "http://a#b#c", "http://\u00fc/", "\\\\server", "http://[v6]/"]),
            "uri-reference": (["", "/p", "//h/p", "p/q", "?q", "#f", "a:b", "./a:b"], ["a b", "%", "1a:b", "\\", "//[x]/", "#a#b"]),
            "duration": (["P1Y", "P1Y2M3D", "P1M", "PT1H", "PT1H2M3S", "P1DT12H", "P2W", "PT0S", "P1M2D"],
                         ["", "P", "PT", "1Y", "P1", "P1YT", "P1Y2D", "PT1H3S", "P1S", "PT1D", "P1Y2W", "P-1D", "P1.5D", "P1M2Y"]),
            "time": (["23:59:60Z", "00:59:60+01:00", "15:59:60-08:00"], ["22:59:60Z", "23:59:60+01:00", "12:00:60Z"]),
            "no-such-format": (["", "anything"], []),
        }
        for name, (right, wrong) in rows.items():
            pairs = [({"format": name}, text) for text in right + wrong]
            self.assertEqual([(text, v) for (_, text), v in zip(pairs, verdicts(pairs))],
                             [(text, "fits") for text in right] + [(text, "wrong") for text in wrong], name)

    def test_what_only_ecma_262_has_is_read_as_it_says(self):
        # Where Python's re differs: https://tc39.es/ecma262/#sec-patterns.
        rows = [("^\\p{Lu}\\p{Ll}+$", "\u00c4rger", True), ("^\\p{Lu}", "\u00e4", False), ("^\\P{L}$", "1", True), ("^\\P{L}$", "\u03b1", False),
                ("^[\\p{L}\\d]+$", "\u03b1\u03b2\u03b31", True), ("^\\p{Letter}$", "a", True), ("^\\p{gc=Nd}$", "\u0664", True), ("^\\d$", "\u0664", False),
                ("^\\w$", "\u00e4", False), ("^\\s$", "\u00a0", True), ("^\\s$", "\ufeff", True), ("^.$", "\U0001f600", True),
                ("^.$", "\n", False), ("^.$", "\u2028", False), ("^[^]$", "\n", True), ("[]", "a", False), ("^a$", "a\n", False),
                ("^\\u{1F600}$", "\U0001f600", True), ("^\\ud83d\\ude00$", "\U0001f600", True), ("^(?<year>\\d{4})$", "2024", True),
                ("^\\cJ$", "\n", True), ("^a{,2}$", "a{,2}", True), ("^\\/$", "/", True), ("^[\\b]$", "\b", True), ("^\\0$", "\0", True),
                ("^[a-\\d]+$", "a-1", True), ("\\Bb", "ab", True), ("\\bb", "ab", False), ("^{$", "{", True), ("^]$", "]", True)]
        pairs = [({"pattern": one}, text) for one, text, _ in rows]
        self.assertEqual([(row[0], row[1], v) for row, v in zip(rows, verdicts(pairs))],
                         [(one, text, "fits" if fits else "wrong") for one, text, fits in rows])


if __name__ == "__main__":
    unittest.main(verbosity=1)
