#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Makes data/catalog.json, aikit's own form of what models cost; data/README.md describes it.

    python3 data/make_catalog.py ../shared/data/prices > data/catalog.json

genai-prices.json (pydantic/genai-prices, MIT) has the rules and prices; litellm.json (BerriAI/litellm, MIT) adds what
it has not: context windows, output limits, reasoning, prices of the tiers batch, flex and priority, one-hour cache
writes, and further models. No float is ever made: numbers are read as decimals. What could not be used, or had to be
rounded, is told on stderr.
"""

import collections
import decimal
import json
import pathlib
import re
import sys

D = decimal.Decimal
MILLION = D(1_000_000)
TIERS = {"batch": "_batches", "flex": "_flex", "priority": "_priority"}
SMALLEST = D("1e-9")  # dollars per million: a femto-dollar per token

# aikit's class: (genai-prices' name, LiteLLM's name)
CLASSES = {
    "input": ("input_mtok", "input_cost_per_token"),
    "output": ("output_mtok", "output_cost_per_token"),
    "cache_read": ("cache_read_mtok", "cache_read_input_token_cost"),
    "cache_write_5m": ("cache_write_mtok", "cache_creation_input_token_cost"),
    "cache_write_1h": (None, "cache_creation_input_token_cost_above_1hr"),
    "audio_input": ("input_audio_mtok", "input_cost_per_audio_token"),
    "audio_cache_read": ("cache_audio_read_mtok", "cache_read_input_audio_token_cost"),
    "audio_output": ("output_audio_mtok", "output_cost_per_audio_token"),
}

# What LiteLLM's prices by the piece are called here; those of seconds are told apart in pieces_of().
PIECES = {
    "input_cost_per_image": "input_images", "output_cost_per_image": "output_images",
    "input_cost_per_pixel": "input_pixels", "output_cost_per_pixel": "output_pixels",
    "input_cost_per_audio_per_second": "input_audio_seconds", "input_cost_per_video_per_second": "input_video_seconds",
    "output_cost_per_video_per_second": "output_video_seconds",
    "output_cost_per_second_1080p": "output_video_1080p_seconds", "ocr_cost_per_page": "pages",
    "annotation_cost_per_page": "annotated_pages", "input_cost_per_query": "queries",
    "input_cost_per_character": "input_characters", "output_cost_per_character": "output_characters",
    "citation_cost_per_token": "citation_tokens", "code_interpreter_cost_per_session": "sessions",
}
SEARCHES = {"low": "web_searches_low", "medium": "web_searches", "high": "web_searches_high"}

# What LiteLLM says that a model can, in our words.
ABILITIES = {
    "vision": "image", "audio_input": "audio", "video_input": "video", "pdf_input": "document",
    "audio_output": "audio_output", "function_calling": "tools", "response_schema": "schema",
    "prompt_caching": "cache", "web_search": "web_search", "computer_use": "computer_use",
    "assistant_prefill": "prefill",
}

# Models that are billed by the piece alone, or by it and tokens.
BY_PIECE = ("image_generation", "image_edit", "audio_transcription", "audio_speech", "video_generation", "ocr", "rerank",
            "search")

# Our provider: LiteLLM's names of it.
LITELLM = {
    "openai": ["openai", "text-completion-openai"],
    "azure": ["azure", "azure_ai"],
    "anthropic": ["anthropic"],
    "google": ["gemini", "vertex_ai-language-models", "vertex_ai-embedding-models", "vertex_ai-anthropic_models"],
    "groq": ["groq"],
    "deepseek": ["deepseek"],
    "mistral": ["mistral", "codestral"],
    "x-ai": ["xai"],
    "openrouter": ["openrouter"],
    "together": ["together_ai"],
    "fireworks": ["fireworks_ai", "fireworks_ai-embedding-models"],
    "cerebras": ["cerebras"],
    "cohere": ["cohere", "cohere_chat"],
    "perplexity": ["perplexity"],
    "moonshotai": ["moonshot"],
    "novita": ["novita"],
    "minimax": ["minimax"],
    "voyageai": ["voyage"],
    "zai": ["zai"],
    "ovhcloud": ["ovhcloud"],
}

# Providers for which LiteLLM's further models are taken over.
FURTHER = ["openai", "azure", "anthropic", "google", "groq", "deepseek", "mistral", "x-ai", "together", "fireworks",
           "cerebras", "cohere", "perplexity"]

# Providers that LiteLLM has and genai-prices has not.
ONLY_LITELLM = ["zai"]

ALIASES = {
    "gemini": ["google"], "vertex": ["google"], "vertex_ai": ["google"], "xai": ["x-ai"], "bedrock": ["aws"],
    "azure-openai": ["azure"], "together-ai": ["together"], "together_ai": ["together"], "fireworks-ai": ["fireworks"],
    "fireworks_ai": ["fireworks"], "mistralai": ["mistral"], "moonshot": ["moonshotai"], "voyage": ["voyageai"],
}

# Models without any price in the source that cost nothing (its comments and the providers' pricing pages say so).
# Others without a price cannot be priced: they stay in the catalog, so that no wider rule catches them.
FREE = {("openai", "moderation"), ("google", "gemma-3"), ("google", "gemma-3n")}

# Providers that run on one's own machine, or for tests.
LOCAL = ["ollama", "tei", "builtin", "scripted"]

# OpenAI's encodings by model (tiktoken's model.py); the first rule that fits.
ENCODINGS = [
    (r"(^|/)(gpt-4o|gpt-4\.[15]|gpt-5|chatgpt-4o|o[1345]([-.]|$)|gpt-oss|codex|computer-use)", "o200k_base"),
    (r"(^|/)(gpt-4|gpt-3\.5|gpt-35|text-embedding-3|text-embedding-ada-002)", "cl100k_base"),
]


# Models that read text alone, by their maker's own pages; of others only a plain no of LiteLLM's counts.
TEXT_ALONE = re.compile(r"gpt-3\.5-.*|gpt-4(-32k)?|o[13]-mini")


def say(*words):
    print(*words, file=sys.stderr)


def per_million(value, what):
    """A price as its shortest decimal text, in whole femto-dollars per token."""
    whole = value.quantize(SMALLEST, rounding=decimal.ROUND_HALF_EVEN)
    if whole != value:  # mostly 0.18000000000000002: a float once stood there
        say(f"rounded: {what}: {value} -> {whole.normalize():f}")
    return f"{whole.normalize():f}"


def normalised_clause(clause):
    """The match rule with lower-case texts; an `or` of equals becomes one list."""
    (kind, value), = clause.items()
    if kind in ("or", "and"):
        parts = [normalised_clause(part) for part in value]
        if kind == "or":
            equal = [part["equals"] for part in parts if list(part) == ["equals"]]
            rest = [part for part in parts if list(part) != ["equals"]]
            if equal and not rest:
                return {"equals": equal if len(equal) > 1 else equal[0]}
            if len(equal) > 1:
                parts = [{"equals": equal}, *rest]
        return {kind: parts} if len(parts) > 1 else parts[0]
    return {kind: value if kind == "regex" else value.lower()}


def matches(clause, name):
    (kind, value), = clause.items()
    if kind == "or":
        return any(matches(part, name) for part in value)
    if kind == "and":
        return all(matches(part, name) for part in value)
    if kind == "regex":
        return re.search(value, name) is not None
    if kind == "equals":
        return name in value if isinstance(value, list) else name == value
    return {"starts_with": name.startswith, "ends_with": name.endswith, "contains": name.__contains__}[kind](value)


def base_of(value):
    return value["base"] if isinstance(value, dict) else value


def genai_prices(prices, what):
    """One price set of genai-prices in our form."""
    ours, steps = {}, collections.defaultdict(dict)
    unknown = set(prices) - {names[0] for names in CLASSES.values()} - {"requests_kcount"}
    if unknown:
        raise SystemExit(f"{what}: unknown price keys {unknown}")
    for name, (key, _) in CLASSES.items():
        value = prices.get(key)
        if value is None:
            continue
        ours[name] = per_million(base_of(value), what)
        if isinstance(value, dict):
            for tier in value["tiers"]:
                steps[tier["start"]][name] = per_million(tier["price"], what)
    if "requests_kcount" in prices:  # dollars per thousand requests
        ours["request"] = f"{(prices['requests_kcount'] / 1000).normalize():f}"
    if steps:
        ours["steps"] = [{"above": int(start), **steps[start]} for start in sorted(steps)]
    return ours


def condition(constraint):
    if constraint is None:
        return {}
    if "start_date" in constraint:
        return {"from": constraint["start_date"]}
    return {"daily": [constraint["start_time"].rstrip("Z")[:5], constraint["end_time"].rstrip("Z")[:5]]}


def litellm_price(facts, key, what):
    value = facts.get(key)
    return None if value is None else per_million(value * MILLION, what)


def litellm_set(facts, suffix, what):
    """One price set of LiteLLM in our form: its base keys with a suffix for the tier, and its context steps."""
    ours, steps = {}, collections.defaultdict(dict)
    for name, (_, key) in CLASSES.items():
        value = litellm_price(facts, key + suffix, what)
        if value is None:
            continue
        ours[name] = value
        for other in facts:
            step = re.fullmatch(re.escape(key) + r"_above_(\d+)k_tokens" + suffix, other)
            if step and facts[other] is not None:
                steps[int(step[1]) * 1000][name] = litellm_price(facts, other, what)
    for free in ("cache_read", "cache_write_5m", "cache_write_1h"):
        if ours.get(free) == "0":  # LiteLLM's way to say that there is no such thing
            del ours[free]
    if steps:
        ours["steps"] = [{"above": start, **steps[start]} for start in sorted(steps)]
    return ours


def one_piece(value, what, units=1):
    """Dollars of a piece or a second, in whole femto-dollars a piece or a millisecond."""
    whole = (value / units).quantize(D("1e-15"), rounding=decimal.ROUND_HALF_EVEN) * units
    if whole != value:
        say(f"rounded: {what}: {value} -> {whole.normalize():f}")
    return f"{whole.normalize():f}"


def pieces_of(facts, what):
    """LiteLLM's prices by the piece in our form."""
    if not facts:
        return {}
    found = {}
    for theirs, name in PIECES.items():
        if facts.get(theirs) is not None:
            found[name] = one_piece(facts[theirs], what, 1000 if "seconds" in name else 1)
    for size, name in SEARCHES.items():
        price = (facts.get("search_context_cost_per_query") or {}).get("search_context_size_" + size)
        if price is not None:
            found[name] = one_piece(price, what)
    read, wrote = facts.get("input_cost_per_second"), facts.get("output_cost_per_second")
    if facts.get("mode") == "audio_transcription" and (read or wrote):
        found["input_audio_seconds"] = one_piece(read or wrote, what, 1000)
    if facts.get("mode") == "audio_speech" and wrote:
        found["output_audio_seconds"] = one_piece(wrote, what, 1000)
    if facts.get("mode") == "video_generation" and wrote:
        found["output_video_seconds"] = one_piece(wrote, what, 1000)
    if facts.get("mode") == "image_generation" and "output_cost_per_image_token" not in facts:
        # A model that makes images and has but one price of them asks it for each that it makes.
        for read, wrote in (("input_images", "output_images"), ("input_pixels", "output_pixels")):
            if read in found and found.get(wrote, "0") == "0" and "output_images" not in found:
                found[wrote] = found[read]
    return {"pieces": dict(sorted(found.items()))} if any(price != "0" for price in found.values()) else {}


def places(facts):
    """Regions that ask a multiple, and a fast mode that does."""
    own = (facts or {}).get("provider_specific_entry") or {}
    regions = {}
    for place in ("us", "eu"):
        factor = (facts or {}).get("regional_processing_uplift_multiplier_" + place) or own.get(place)
        if isinstance(factor, D):
            regions[place] = {"multiplier": f"{factor.normalize():f}"}
    fast = {"fast": {"multiplier": f"{own['fast'].normalize():f}"}} if isinstance(own.get("fast"), D) else {}
    return regions, fast


def searches_always(facts):
    """Whether a model searches for every request, and that has a price."""
    openai = facts and facts["litellm_provider"] == "openai" and facts.get("mode") == "chat"
    return bool(facts and facts.get("search_context_cost_per_query")
                and (facts["litellm_provider"] == "perplexity" or openai))


def known_of(facts):
    """What LiteLLM knows of a model beside its prices; of a rule only what it says of the model itself."""
    if not facts:
        return {}
    ours = {}
    if facts.get("mode"):
        ours["mode"] = facts["mode"]
    can = [ours_ for theirs, ours_ in ABILITIES.items() if facts.get("supports_" + theirs) is True]
    # Alone it would say that the model can nothing else.
    if can and can != ["prefill"]:
        ours["can"] = can
    # Google bills the prompt that was grounded, and newer models by the query (its pricing page).
    google = facts["litellm_provider"] == "gemini" or facts["litellm_provider"].startswith("vertex_ai")
    by_query = facts.get("web_search_billing_unit") == "per_query" or "anthropic" in facts["litellm_provider"]
    if "search_context_cost_per_query" in facts and google and not by_query:
        ours["searches_once"] = True
    # Perplexity asks a fee for each request, by the size of what it searched; OpenAI's models in Chat Completions that
    # search do so each time (their pricing pages).
    if searches_always(facts):
        ours["always_searches"] = True
    if facts.get("deprecation_date"):
        ours["retires"] = facts["deprecation_date"]
    for theirs, name in (("output_vector_size", "dimensions"), ("prompt_cache_min_tokens", "least_cached")):
        if isinstance(facts.get(theirs), D) and facts[theirs] > 0:
            ours[name] = int(facts[theirs])
    return ours


class LiteLLM:
    """LiteLLM's models of our providers by their plain lower-case names."""

    def __init__(self, path):
        raw = json.loads(path.read_text(), parse_float=D, parse_int=D)
        self.by_provider = collections.defaultdict(dict)
        for provider, names in LITELLM.items():
            for name, facts in raw.items():
                if not isinstance(facts, dict) or facts.get("litellm_provider") not in names:
                    continue
                prefix, slash, rest = name.partition("/")
                plain = rest if slash and prefix in (*names, "gemini", "vertex_ai") else name
                plain = plain.removeprefix("accounts/fireworks/models/").lower()
                if facts["litellm_provider"].startswith("vertex"):
                    plain = plain.split("@")[0]  # claude-sonnet-4@20250514
                if plain:
                    self.by_provider[provider].setdefault(plain, facts)

    def of(self, provider):
        return self.by_provider.get(provider, {})


def limits(exact, candidates):
    """Context window, output limit, reasoning: of the model itself, else the widest of what the rule covers."""
    ours = {}
    def widest(key):
        values = [int(facts[key]) for facts in ([exact] if exact and exact.get(key) else candidates)
                  if isinstance(facts.get(key), D)]
        return max(values, default=0)
    context = widest("max_input_tokens")
    output = widest("max_output_tokens")
    if context:
        ours["context"] = context
    if output:
        ours["max_output"] = output
    if (exact or {}).get("supports_reasoning") or (not exact and any(f.get("supports_reasoning") for f in candidates)):
        ours["reasoning"] = True
    return ours


def lacks(provider, model, candidates):
    """What a model does not take. All that a rule covers have to say so: what is wrongly refused nobody can ask for."""
    if provider in ("openai", "azure") and TEXT_ALONE.fullmatch(model):
        return {"lacks": ["audio", "document", "image"]}
    chats = [facts for facts in candidates if facts.get("mode") in ("chat", "responses")]
    return {"lacks": ["image"]} if chats and all(facts.get("supports_vision") is False for facts in chats) else {}


def add_one_hour(provider, model, prices, exact):
    """Anthropic writes to its cache for an hour at twice the input price (its pricing page); LiteLLM has it, too."""
    if "cache_write_5m" not in prices or "claude" not in model:
        return
    five = D(prices["cache_write_5m"])
    if D(prices["input"]) * D("1.25") != five:
        return
    for part in (prices, *prices.get("steps", [])):
        part["cache_write_1h"] = f"{(D(part['input']) * 2).normalize():f}"
    told = exact and litellm_price(exact, CLASSES["cache_write_1h"][1], model)
    if told and told not in (prices["cache_write_1h"], prices["cache_write_5m"]):
        say(f"differs: {provider}/{model}: an hour in the cache is {told} in LiteLLM, {prices['cache_write_1h']} here")


def add_image_output(model, prices, exact):
    """Where genai-prices has one price of all output and it is LiteLLM's price of images, text has LiteLLM's, too."""
    image = exact and litellm_price(exact, "output_cost_per_image_token", model)
    words = exact and litellm_price(exact, "output_cost_per_token", model)
    if image and words and image != words and prices.get("output") == image and "steps" not in prices:
        prices["output"], prices["image_output"] = words, image


def tiers(model, standard, exact):
    """Prices of batch, flex and priority where LiteLLM has them and agrees on the standard price."""
    ours = {}
    if not exact:
        return ours
    for tier, suffix in TIERS.items():
        prices = litellm_set(exact, suffix, f"{model} {tier}")
        if "input" not in prices or ("output" in standard and "output" not in prices):
            continue
        if litellm_price(exact, "input_cost_per_token", model) != standard.get("input"):
            say(f"left out: {model}: its {tier} price, because LiteLLM's standard price is another")
            continue
        for key in ("audio_input", "audio_cache_read", "audio_output", "request"):  # no cheaper than without the tier
            if key in standard:
                prices.setdefault(key, standard[key])
        ours[tier] = {**({"from": standard["from"]} if "from" in standard else {}), **prices}
    return ours


def encoding(provider, model):
    if provider in ("openai", "azure", "litellm:openai", "litellm:azure") or "gpt-oss" in model:
        for rule, name in ENCODINGS:
            if re.search(rule, model):
                return {"tokenizer": name}
    return {}


def apart(models):
    """A model that searches is billed for it, and stands apart from one that does not."""
    for model in models:
        yield model
        names = model["clause"].get("equals")
        searching = [name for name in names if "-search-preview" in name] if isinstance(names, list) else []
        if searching and "-search-preview" not in model["id"]:
            model["clause"] = {"equals": [name for name in names if name not in searching]}
            yield {**model, "id": min(searching, key=len), "clause": {"equals": searching}}


def by_rule(models, litellm_models):
    """LiteLLM's models of a provider by the id of the rule that has them: the first that matches."""
    found = collections.defaultdict(dict)
    for plain, facts in litellm_models.items():
        rule = next((model["id"] for model in models if matches(model["clause"], plain)), None)
        found[rule][plain] = facts
    return found


def genai_model(provider, model, candidates):
    name = model["id"]
    what = f"{provider}/{name}"
    line = {"id": name, "match": model["clause"]}
    exact = candidates.get(name.lower())
    line |= limits(exact, list(candidates.values()))
    if "context_window" in model:
        line["context"] = int(model["context_window"])
    line |= lacks(provider, name.lower(), list(candidates.values())) | encoding(provider, name.lower()) | known_of(exact)
    if model.get("deprecated"):
        line["deprecated"] = True
    conditional = model["prices"] if isinstance(model["prices"], list) else [{"prices": model["prices"]}]
    sets = []
    for entry in conditional:
        prices = genai_prices(entry["prices"], what)
        add_one_hour(provider, name, prices, exact)
        add_image_output(name, prices, exact)
        steps = prices.pop("steps", None)
        pieces = pieces_of(exact, what) if prices else {}
        if searches_always(exact) and prices.pop("request", None):
            say(f"left out: {what}: its price of a request, because LiteLLM has it by the size of the search")
        thought = exact and provider == "perplexity" and exact.get("output_cost_per_reasoning_token")
        if thought:
            prices.setdefault("reasoning", per_million(thought * MILLION, what))
        sets.append({**condition(entry.get("constraint")), **prices, **pieces, **({"steps": steps} if steps else {})})
    if sets == [{}]:
        if name.endswith(":free") or (provider, name) in FREE:
            line["free"] = True
        else:
            say(f"no price: {what}")
        return line
    line["prices"] = sets
    regions, fast = places(exact)
    by_tier = tiers(what, sets[-1] if "daily" not in sets[-1] else {}, exact) | fast
    if by_tier:
        line["tiers"] = by_tier
    if regions:
        line["regions"] = regions
    return line


def further_models(provider, known, litellm):
    """LiteLLM's models that no rule of genai-prices covers."""
    lines = []
    for plain, facts in sorted(litellm.of(provider).items()):
        if any(matches(m["clause"], plain) for m in known) or "/" in plain and provider in ("azure", "openai", "google"):
            continue
        by_piece = facts.get("mode") in BY_PIECE
        if not by_piece and facts.get("mode") not in ("chat", "completion", "responses", "embedding"):
            continue
        prices = litellm_set(facts, "", f"litellm:{provider}/{plain}")
        pieces = pieces_of(facts, f"litellm:{provider}/{plain}")
        if not by_piece and ("input" not in prices or (facts["mode"] != "embedding" and "output" not in prices)):
            continue
        if by_piece and not pieces and "input" not in prices:
            continue
        if not pieces and set(prices) <= {"input", "output"} and all(D(p) == 0 for p in prices.values()):
            continue  # LiteLLM writes zero where it does not know
        if facts["mode"] == "embedding":
            prices.pop("output", None)
        line = {"id": plain, "match": {"equals": plain}, **limits(facts, []), **lacks(provider, plain, [facts]),
                **encoding(provider, plain), **known_of(facts), "prices": [prices | pieces]}
        regions, fast = places(facts)
        by_tier = tiers(f"litellm:{provider}/{plain}", prices, facts) | fast
        if by_tier:
            line["tiers"] = by_tier
        if regions:
            line["regions"] = regions
        lines.append(line)
    return lines + by_region(provider, lines, litellm) if provider == "azure" else lines


def by_region(provider, lines, litellm):
    """Models that LiteLLM has once more for each region: "eu/gpt-4o". Their prices everywhere else stand elsewhere."""
    known, more = {line["id"]: line for line in lines}, {}
    for plain, facts in sorted(litellm.of(provider).items()):
        region, slash, name = plain.partition("/")
        if not slash or "/" in name or region not in ("us", "eu", "global", "global-standard"):
            continue
        what = f"litellm:{provider}/{plain}"
        prices = litellm_set(facts, "", what)
        if "input" not in prices or all(D(price) == 0 for key, price in prices.items() if key != "steps"):
            continue
        own = tiers(what, prices, facts)
        line = known.get(name) or more.setdefault(name, {
            "id": name, "match": {"equals": name}, **limits(facts, []), **lacks(provider, name, [facts]),
            **encoding(provider, name), **known_of(facts)})
        line.setdefault("regions", {})[region] = {"prices": [prices | pieces_of(facts, what)],
                                                  **({"tiers": own} if own else {})}
    return list(more.values())


def main():
    folder = pathlib.Path(sys.argv[1])
    source = json.loads((folder / "genai-prices.json").read_text(), parse_float=D, parse_int=D)
    litellm = LiteLLM(folder / "litellm.json")
    for provider in source:
        for model in provider["models"]:
            model["clause"] = normalised_clause(model["match"])
        provider["models"] = list(apart(provider["models"]))
    by_id = {provider["id"]: provider for provider in source}
    routes = sorted(name for name in by_id if name.startswith("huggingface_"))

    blocks = []
    for provider in source:
        name = provider["id"]
        fallback = list(provider.get("fallback_model_providers", []))
        if name in FURTHER:
            fallback.append(f"litellm:{name}")
        head = {"id": name, **({"fallback": fallback} if fallback else {})}
        found = by_rule(provider["models"], litellm.of(name))
        blocks.append((head, [genai_model(name, model, found[model["id"]]) for model in provider["models"]]))
    for name in FURTHER:
        known = [*by_id[name]["models"]]
        for other in by_id[name].get("fallback_model_providers", []):
            known += by_id[other]["models"]
        blocks.append(({"id": f"litellm:{name}"}, further_models(name, known, litellm)))
    for name in ONLY_LITELLM:
        blocks.append(({"id": name}, further_models(name, [], litellm)))
    for name in LOCAL:
        blocks.append(({"id": name, "free": True}, []))

    write = lambda value: json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    print('{"form":1,"version":"2026-08-21",')
    print(f'"aliases":{write(ALIASES | {"huggingface": routes})},')
    print('"providers":[')
    for at, (head, lines) in enumerate(blocks):
        print(write(head)[:-1] + ',"models":[')
        print(",\n".join(write(line) for line in lines))
        print("]}" + ("," if at + 1 < len(blocks) else ""))
    print("]}")


if __name__ == "__main__":
    main()
