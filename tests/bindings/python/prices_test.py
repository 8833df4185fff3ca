# SPDX-License-Identifier: MIT
"""Every price family of LiteLLM's list, over all models that have it: the list itself, read here, is the oracle."""

import datetime
import decimal
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

import aikit

D = decimal.Decimal
LIST = pathlib.Path(__file__).resolve().parents[4] / "shared" / "data" / "prices" / "litellm.json"
NANO, FEMTO = D("1e-9"), D("1e-15")
TOKENS = {"input_cost_per_token", "output_cost_per_token"}

# LiteLLM's name of a provider where ours differs.
PROVIDERS = {"gemini": "google", "xai": "x-ai", "together_ai": "together", "fireworks_ai": "fireworks",
             "fireworks_ai-embedding-models": "fireworks", "bedrock": "aws", "bedrock_converse": "aws",
             "azure_ai": "azure", "text-completion-openai": "openai", "cohere_chat": "cohere", "moonshot": "moonshotai",
             "voyage": "voyageai", "codestral": "mistral", "text-completion-codestral": "mistral", "vertex_ai": "google"}

# Its price: what is counted, and how many of them the price is for.
PIECES = {"input_cost_per_image": ("input_images", 1), "output_cost_per_image": ("output_images", 1),
          "input_cost_per_pixel": ("input_pixels", 1), "output_cost_per_pixel": ("output_pixels", 1),
          "input_cost_per_audio_per_second": ("input_audio_ms", 1000),
          "input_cost_per_video_per_second": ("input_video_ms", 1000),
          "output_cost_per_video_per_second": ("output_video_ms", 1000),
          "output_cost_per_second_1080p": ("output_video_1080p_ms", 1000), "ocr_cost_per_page": ("pages", 1),
          "annotation_cost_per_page": ("annotated_pages", 1), "ocr_cost_per_credit": ("credits", 1),
          "input_cost_per_query": ("queries", 1), "input_cost_per_character": ("input_characters", 1),
          "output_cost_per_character": ("output_characters", 1), "citation_cost_per_token": ("citation_tokens", 1),
          "code_interpreter_cost_per_session": ("sessions", 1)}


def ours(provider):
    return "google" if provider.startswith("vertex_ai-") else PROVIDERS.get(provider, provider)


def plain(name, provider):
    first, slash, rest = name.partition("/")
    return (rest if slash and (first == provider or ours(first) == ours(provider)) else name).lower().split("/models/")[-1]


def numbers(value):
    """All prices in a model's facts."""
    for key, inner in value.items():
        if "cost" in key and isinstance(inner, D):
            yield inner
        if key == "search_context_cost_per_query":
            yield from inner.values()
        if key == "tiered_pricing":
            for line in inner:
                yield from numbers(line)


def exact(price, units, count):
    """What so many cost: the price is kept in whole femto-dollars a unit."""
    return (price / units).quantize(FEMTO, rounding=decimal.ROUND_HALF_EVEN) * count


class Families(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        if not LIST.exists():
            raise unittest.SkipTest("there is no shared data")
        decimal.getcontext().prec = 60
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        catalog = pathlib.Path(cls.folder.name) / "catalog.json"
        with open(catalog, "w") as out:
            told = subprocess.run([os.environ["AIKIT_COMMAND"], "cost", "import", str(LIST)], stdout=out,
                                  stderr=subprocess.PIPE, text=True, check=True).stderr
        cls.left_out = {line.removeprefix("left out: ") for line in told.replace("aikit: ", "").splitlines()}
        cls.kit = aikit.Kit({"price_catalog": str(catalog)})
        cls.addClassCleanup(cls.kit.close)
        raw = json.loads(LIST.read_text(), parse_float=D, parse_int=D)
        cls.models, cls.twins = {}, {}  # by our names
        for name, facts in raw.items():
            if name == "sample_spec" or not isinstance(facts, dict) or "litellm_provider" not in facts:
                continue
            key = (ours(facts["litellm_provider"]), plain(name, facts["litellm_provider"]))
            # Two names of one provider's model: the first has it, and of the other it is told.
            if cls.models.setdefault(key, facts) is not facts:
                cls.twins[key] = cls.twins.get(key, 0) + 1
                assert name + ": the list has this model already" in cls.left_out, name

    def price(self, provider, model, usage, **more):
        return self.kit.cost_price(usage, provider, model=model, api="aikit", at="2025-01-15T12:00:00Z", **more)

    def having(self, field):
        """Those whose prices are not all zero, which is how the list says that it does not know."""
        found = [(key, facts) for key, facts in self.models.items() if facts.get(field) is not None]
        for (provider, model), facts in found:
            if not any(numbers(facts)):
                self.assertIn(f"{provider}/{model}: it has no price", self.left_out)
        return [(key, facts) for key, facts in found if any(numbers(facts))]

    def check(self, reply, expected, what):
        self.assertEqual(D(reply["cost_usd"]), expected.quantize(NANO, rounding=decimal.ROUND_HALF_EVEN), what)

    def test_what_is_billed_by_the_piece_costs_what_the_list_says(self):
        for field, (piece, units) in PIECES.items():
            seen = 0
            for (provider, model), facts in self.having(field):
                price = facts[field]
                if field == "output_cost_per_pixel" and "input_cost_per_image" not in facts:
                    price = price or facts["input_cost_per_pixel"]  # its one price is that of what it makes
                for count in (1, 7_000):
                    request = facts.get("input_cost_per_request", D(0))
                    reply = self.price(provider, model, {"pieces": {piece: count}})
                    expected = exact(price, units, count)
                    self.assertEqual(D(reply["pieces_price"]), expected, (provider, model, field))
                    self.check(reply, expected + request, (provider, model, field))
                seen += 1
            self.assertGreater(seen, 0, field)

    def test_a_second_is_of_sound_of_video_or_of_a_machine(self):
        seen = 0
        for field in ("input_cost_per_second", "output_cost_per_second"):
            for (provider, model), facts in self.having(field):
                mode, out = facts["mode"], facts.get("output_cost_per_second", D(0))
                price = facts.get("input_cost_per_second", D(0)) or out
                piece = "machine_ms" if mode == "chat" else "input_audio_ms"
                if field == "output_cost_per_second" and mode in ("audio_speech", "video_generation"):
                    piece = "output_audio_ms" if mode == "audio_speech" else "output_video_ms"
                    price = out
                if not price:
                    continue
                reply = self.price(provider, model, {"pieces": {piece: 61_000}})
                self.assertEqual(D(reply["pieces_price"]), exact(price, 1000, 61_000), (provider, model))
                seen += 1
        self.assertGreater(seen, 120)

    def test_searches_of_models_cost_by_the_size_of_their_context(self):
        seen = 0
        for (provider, model), facts in self.having("search_context_cost_per_query"):
            for size, piece in (("low", "web_searches_low"), ("medium", "web_searches"), ("high", "web_searches_high")):
                price = facts["search_context_cost_per_query"].get("search_context_size_" + size)
                if price is None:
                    continue
                reply = self.price(provider, model, {"pieces": {piece: 3}})
                # Google bills the prompt that was grounded, and newer models by the query.
                once = provider == "google" and facts.get("web_search_billing_unit") != "per_query" and \
                    "anthropic" not in facts["litellm_provider"]
                self.assertEqual(D(reply["pieces_price"]), price * (1 if once else 3), (provider, model, size))
            seen += 1
        self.assertGreater(seen, 140)

    def test_ranges_of_the_input_price_the_whole_request_and_ranges_of_results_the_query(self):
        tokens = queries = 0
        for (provider, model), facts in self.having("tiered_pricing"):
            for line in facts["tiered_pricing"]:
                if "range" in line:
                    low, high = (int(end) for end in line["range"])
                    for read in {low + 1, (low + high) // 2, high}:
                        usage = {"input": read, "output": 1000, "reasoning": 400}
                        reasoning = line.get("output_cost_per_reasoning_token", line["output_cost_per_token"])
                        reply = self.price(provider, model, usage)
                        self.check(reply, read * line["input_cost_per_token"] + 600 * line["output_cost_per_token"] +
                                   400 * reasoning, (provider, model, read))
                        if "cache_read_input_token_cost" in line:
                            reply = self.price(provider, model, {"cache_read": read})
                            self.check(reply, read * line["cache_read_input_token_cost"], (provider, model, read))
                    tokens += 1
                else:
                    low, high = (int(end) for end in line["max_results_range"])
                    for results in {max(low, 1), high}:
                        reply = self.price(provider, model, {"pieces": {"queries": 2, "results": results}})
                        self.check(reply, 2 * line["input_cost_per_query"], (provider, model, results))
                    queries += 1
        self.assertGreater(tokens, 40)
        self.assertEqual(queries, 12)

    def test_video_costs_by_its_length(self):
        seen = 0
        for (provider, model), facts in self.having("input_cost_per_video_per_second_above_8s_interval"):
            for length, field in ((8_000, "input_cost_per_video_per_second"),
                                  (8_001, "input_cost_per_video_per_second_above_8s_interval"),
                                  (15_000, "input_cost_per_video_per_second_above_8s_interval"),
                                  (15_001, "input_cost_per_video_per_second_above_15s_interval")):
                reply = self.price(provider, model, {"pieces": {"input_video_ms": length}})
                self.assertEqual(D(reply["pieces_price"]), exact(facts[field], 1000, length), (model, length))
            seen += 1
        self.assertEqual(seen, 2)

    def test_a_region_that_asks_more_is_paid_and_told(self):
        seen = 0
        for region in ("us", "eu"):
            for (provider, model), facts in self.having("regional_processing_uplift_multiplier_" + region):
                factor = facts["regional_processing_uplift_multiplier_" + region]
                for usage, field in (({"input": 1000}, "input_cost_per_token"), ({"output": 77}, "output_cost_per_token"),
                                     ({"cache_read": 10}, "cache_read_input_token_cost")):
                    if field not in facts:
                        continue
                    count = sum(usage.values())
                    plainly = self.price(provider, model, usage)
                    there = self.price(provider, model, usage, region=region)
                    self.check(plainly, facts[field] * count, (model, field))
                    self.check(there, facts[field] * factor * count, (model, region, field))
                    self.assertEqual(there["price_id"], plainly["price_id"] + "+" + region)
                    self.assertEqual(self.price(provider + "+" + region, model, usage)["price_id"], there["price_id"])
                    self.assertEqual(self.price(provider, model, usage, region="mars")["price_id"], plainly["price_id"])
                seen += 1
        self.assertEqual(seen, 36)

    def test_entries_of_a_region_are_prices_of_their_model_there(self):
        seen = 0
        for (provider, name), facts in self.models.items():
            region, slash, model = name.partition("/")
            of_place = region in ("us", "eu", "global", "global-standard") or region.count("-") >= 2 and region[-1].isdigit()
            if provider not in ("azure", "aws") or not slash or "/" in model or not of_place or "-x-" in region:
                continue
            for usage, field in (({"input": 3000}, "input_cost_per_token"), ({"output": 1}, "output_cost_per_token")):
                if facts.get(field) and any(numbers(facts)):
                    reply = self.price(provider, model, usage, region=region)
                    self.check(reply, facts[field] * sum(usage.values()), (provider, name))
                    self.assertTrue(reply["price_id"].endswith("+" + region), reply["price_id"])
                    self.assertIn(region, reply["entry"]["regions"])
                    seen += 1
        self.assertGreater(seen, 100)

    def test_a_fast_mode_and_a_place_multiply_the_prices_of_tokens(self):
        seen = 0
        for (provider, model), facts in self.having("provider_specific_entry"):
            own = facts["provider_specific_entry"]
            for tier, region in (("fast", ""), ("", "us"), ("fast", "us")):
                asked = {"service_tier": tier} if tier else {}
                asked |= {"region": region} if region else {}
                factor = (own.get("fast") if tier else D(1)) or D(0)
                factor *= own.get("us", D(1)) if region else 1
                usage = {"input": 1000, "output": 10}
                if tier and "fast" not in own:
                    with self.assertRaises(aikit.Error):  # dearer, and by how much is not known
                        self.price(provider, model, usage, **asked)
                    continue
                expected = (facts["input_cost_per_token"] * 1000 + facts.get("output_cost_per_token", D(0)) * 10) * factor
                self.check(self.price(provider, model, usage, **asked), expected, (model, tier, region))
                seen += isinstance(own.get("us"), D)
        self.assertGreater(seen, 15)

    def test_reasoning_with_a_price_of_its_own_is_billed_by_it(self):
        seen = 0
        for (provider, model), facts in self.having("output_cost_per_reasoning_token"):
            if "output_cost_per_token" not in facts:
                continue
            reply = self.price(provider, model, {"output": 1000, "reasoning": 300})
            self.check(reply, facts["output_cost_per_token"] * 700 + facts["output_cost_per_reasoning_token"] * 300, model)
            seen += 1
        self.assertGreater(seen, 25)

    def test_what_a_model_can_and_how_long_it_is_served_is_told(self):
        seen = 0
        for (provider, model), facts in self.having("deprecation_date"):
            priced = {"pieces": {}}
            entry = self.kit.cost_price(priced, provider, model=model, api="aikit", at="2020-01-01T00:00:00Z")
            self.assertEqual(entry["entry"]["retires"], facts["deprecation_date"], model)
            self.assertEqual(entry["warnings"], [], model)
            day = facts["deprecation_date"]
            after = self.kit.cost_price(priced, provider, model=model, api="aikit", at=day + "T00:00:00Z")
            self.assertIn("was retired by its provider on " + day, after["warnings"][0])
            seen += 1
        self.assertGreater(seen, 80)
        words = {"supports_vision": "image", "supports_function_calling": "tools", "supports_pdf_input": "document",
                 "supports_web_search": "web_search", "supports_response_schema": "schema"}
        for (provider, model), facts in self.models.items():
            if not any(numbers(facts)) or not model:
                continue
            entry = self.price(provider, model, {"pieces": {}})["entry"]
            for theirs, word in words.items():
                self.assertEqual(facts.get(theirs) is True, word in entry.get("can", []), (model, theirs))
            for theirs, name in (("rpm", "requests_per_minute"), ("tpm", "tokens_per_minute"),
                                 ("output_vector_size", "dimensions"), ("max_output_tokens", "max_output")):
                if isinstance(facts.get(theirs), D) and facts[theirs] > 0:
                    self.assertEqual(entry[name], facts[theirs], (model, theirs))


class Conditions(unittest.TestCase):
    def test_each_condition_of_genai_prices_holds_to_the_second(self):
        listed = LIST.with_name("genai-prices.json")
        if not listed.exists():
            raise unittest.SkipTest("there is no shared data")
        seen = {"day": 0, "time": 0}
        with tempfile.TemporaryDirectory() as folder:
            catalog = pathlib.Path(folder) / "catalog.json"
            with open(catalog, "w") as out:
                subprocess.run([os.environ["AIKIT_COMMAND"], "--quiet", "cost", "import", str(listed)], stdout=out,
                               stderr=subprocess.DEVNULL, check=True)
            with aikit.Kit({"price_catalog": str(catalog)}) as kit:
                for provider in json.loads(listed.read_text(), parse_float=D, parse_int=D):
                    for model in provider["models"]:
                        sets = model["prices"] if isinstance(model["prices"], list) else []
                        for at, within in self.moments(sets):
                            expected = self.holding(sets, at)
                            said = kit.cost_price({"input": 1_000_000}, provider["id"], model=self.named(model["match"]),
                                                   api="aikit", at=at)
                            self.assertEqual(D(said["input_price"]), self.base(expected), (model["id"], at))
                            seen[within] += 1
        self.assertGreaterEqual(seen["day"], 14)
        self.assertGreaterEqual(seen["time"], 8)

    @classmethod
    def named(cls, match):
        """A name that the rule covers."""
        (_, value), = match.items()
        return cls.named(value[0]) if isinstance(value, list) else value

    @staticmethod
    def base(prices):
        """Of a million tokens, which is beyond every step."""
        price = prices["input_mtok"]
        return price["tiers"][-1]["price"] if isinstance(price, dict) else price

    @staticmethod
    def moments(sets):
        """The last second before each condition begins or ends, and the first after it."""
        for one in sets:
            condition = one.get("constraint") or {}
            if "start_date" in condition:
                day = datetime.datetime.fromisoformat(condition["start_date"])
                for moment in (day - datetime.timedelta(seconds=1), day):
                    yield moment.isoformat() + "Z", "day"
            for name in ("start_time", "end_time"):
                if name in condition:
                    time = datetime.datetime.fromisoformat("2026-01-02T" + condition[name].rstrip("Z"))
                    for moment in (time - datetime.timedelta(seconds=1), time):
                        yield moment.isoformat() + "Z", "time"

    @staticmethod
    def holding(sets, at):
        """The last one whose condition holds, else the first: as the list's own description has it."""
        moment = datetime.datetime.fromisoformat(at.rstrip("Z"))
        for one in reversed(sets):
            condition = one.get("constraint") or {}
            if "start_date" in condition and moment.date() < datetime.date.fromisoformat(condition["start_date"]):
                continue
            if "start_time" in condition:
                opens, closes = (datetime.time.fromisoformat(condition[name].rstrip("Z")) for name in ("start_time", "end_time"))
                if not opens <= moment.time() < closes:
                    continue
            return one["prices"]
        return sets[0]["prices"]


if __name__ == "__main__":
    unittest.main()
