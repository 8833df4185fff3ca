# SPDX-License-Identifier: MIT
"""Every JSON that the C ABI hands over, and every one the shared cases hand in, is what capi/schema says it is.

    schema_test.py PROGRAM      PROGRAM runs the shared cases in C
"""

import copy
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
import warnings

ROOT = pathlib.Path(__file__).resolve().parents[2]
FOLDER = ROOT / "capi/schema"
INPUTS = {"chat": "chat_request", "stream": "chat_request", "cost_estimate": "chat_request", "embed": "embed_request",
          "moderate": "moderate_request", "count_tokens": "chat_request", "job": "job_request",
          "batch_results": "job_request", "ingest": "ingest_request", "search": "search_request", "ask": "ask_request",
          "ask_stream": "ask_request", "cost_report": "cost_query", "cost_price": "usage_query", "cost": "cost_request", "vectors_open": "collection",
          "vectors_search": "vector_query", "tools": "chat_request"}
PARTS = {"usage", "cost", "info", "options", "chunk", "source", "rate_limit", "rate_limits"}  # of other forms
ALONE = {"runtime_config"}                                       # read below, never in a case

try:
    import jsonschema
except ImportError:
    print("[skipped] jsonschema is not installed (cmake/setup.sh test). Status: SUCCESS")
    sys.exit(0)


def closed(schema):
    """The schema for our own eyes: what is not described in it is an error, where it does not say otherwise."""
    if isinstance(schema, dict):
        schema = {key: closed(value) for key, value in schema.items()}
        if "properties" in schema and "additionalProperties" not in schema:
            schema["additionalProperties"] = False
    elif isinstance(schema, list):
        schema = [closed(value) for value in schema]
    return schema


class Schemas:
    def __init__(self):
        self.all = {file.stem: json.loads(file.read_text()) for file in sorted(FOLDER.glob("*.json"))}
        self.validators = {}
        for strict in (False, True):
            store = {f"aikit:/{name}.json": closed(schema) if strict else schema for name, schema in self.all.items()}
            for name in self.all:
                uri = f"aikit:/{name}.json"
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", DeprecationWarning)
                    resolver = Resolver(uri, store[uri], store)
                self.validators[name, strict] = jsonschema.Draft202012Validator(store[uri], resolver=resolver)

    def errors(self, name, value, strict):
        return [f"{name}{error.json_path}: {error.message}"[:400] for error in self.validators[name, strict].iter_errors(value)]


class Resolver(jsonschema.RefResolver):
    """References are names of files beside each other."""

    def __init__(self, uri, schema, store):
        super().__init__(uri, schema, store=store)

    def resolve(self, ref):
        return f"aikit:/{ref}", self.store[f"aikit:/{ref}"]


class Validates(unittest.TestCase):
    program = None

    @classmethod
    def setUpClass(cls):
        cls.schemas = Schemas()
        with tempfile.TemporaryDirectory() as folder:
            file = pathlib.Path(folder) / "emitted.jsonl"
            done = subprocess.run([cls.program], env={**os.environ, "AIKIT_EMITTED": str(file)}, capture_output=True,
                                  text=True, timeout=280, check=False)
            if done.returncode:
                raise SystemExit(done.stdout)
            cls.emitted = [json.loads(line) for line in file.read_text().splitlines()]
        cls.cases = json.loads((ROOT / "tests/vectors/cases.json").read_text())["cases"]

    def test_schemas_are_schemas(self):
        for name, schema in self.schemas.all.items():
            jsonschema.Draft202012Validator.check_schema(schema)
            self.assertIn("title", schema, name)

    def test_everything_handed_over_is_what_its_schema_says(self):
        wrong = [error for one in self.emitted for error in self.schemas.errors(one["schema"], one["value"], strict=True)]
        self.assertEqual(wrong, [])

    def test_every_schema_was_used(self):
        used = {one["schema"] for one in self.emitted} | set(INPUTS.values()) | PARTS | ALONE
        used |= {"kit_config", "vector_items", "ids", "tool_limits"}
        self.assertEqual(set(self.schemas.all) - used, set())

    def test_everything_handed_in_is_what_its_schema_says(self):
        wrong = []
        for case in self.cases:
            wrong += self.schemas.errors("kit_config", case["config"], strict=True)
            for step in case["steps"]:
                if step.get("error") == "invalid_argument":
                    continue
                if "request" in step and step["call"] in INPUTS:
                    wrong += self.schemas.errors(INPUTS[step["call"]], step["request"], strict=True)
                wrong += self.schemas.errors("tool_limits", step.get("limits", {}), strict=True)
                wrong += self.schemas.errors("ids", step.get("ids", []), strict=True)
                wrong += self.schemas.errors("vector_items", step.get("items", []), strict=True)
        self.assertEqual(wrong, [])

    def test_a_schema_notices_what_is_missing_or_of_another_kind(self):
        """Each member of each emitted object, taken away and retyped, is noticed where the schema demands it."""
        seen = set()
        for one in self.emitted:
            name, schema = one["schema"], self.schemas.all[one["schema"]]
            if name in seen or "required" not in schema:
                continue
            seen.add(name)
            for member in schema["required"]:
                broken = copy.deepcopy(one["value"])
                del broken[member]
                self.assertTrue(self.schemas.errors(name, broken, strict=False), f"{name} without {member}")
                broken[member] = {"no": ["such", "kind"]} if not isinstance(one["value"][member], dict) else 3.25
                self.assertTrue(self.schemas.errors(name, broken, strict=False), f"{name} with another {member}")
        self.assertGreater(len(seen), 12)

    def test_the_whole_configuration_is_described(self):
        """What aikit writes for a configuration with everything in it is what the schema knows."""
        text = (ROOT / "tests/unit/kit/config_test.cpp").read_text()
        everything = json.loads(text[text.index('R"({') + 3:text.index('})";') + 1])
        self.assertEqual(self.schemas.errors("kit_config", everything, strict=True), [])
        members = set(self.schemas.all["kit_config"]["properties"]) - {"replay"}  # excludes "record"
        self.assertEqual(members, set(everything) | {"default_provider"} & members)
        provider = self.schemas.all["kit_config"]["properties"]["providers"]["items"]["properties"]
        self.assertEqual(set(provider), set(everything["providers"][0]))

    def test_the_header_names_every_form(self):
        header = (ROOT / "capi/aikit.h").read_text()
        for name in set(self.schemas.all) - PARTS - {"empty", "ids"}:
            self.assertIn(name, header)


if __name__ == "__main__":
    Validates.program = sys.argv.pop()
    unittest.main()
