# SPDX-License-Identifier: MIT
# examples/17_cut_streams.py - a provider fails in the middle of its answer, and another goes on with it.
import aikit

words = ["The ", "capital ", "of ", "France ", "is ", "Paris."]
# The first provider is scripted to break off after four words; the second answers in full.
cut = {"replies": [{"pieces": words, "fail_after": 5}]}
whole = {"replies": [{"pieces": words, "usage": {"input": 14, "output": 6}}]}
config = {"providers": [{"name": "first", "type": "scripted", "price_as": "openai", "script": cut},
                        {"name": "second", "type": "scripted", "price_as": "openai", "script": whole}],
          "routers": [{"name": "main", "resume": True,
                       "deployments": [{"model": "first/gpt-4o-mini"}, {"model": "second/gpt-4o-mini"}]}]}

with aikit.Kit(config) as kit, kit.stream("What is the capital of France?", model="main") as stream:
    for text in stream.text():
        print(text, end="", flush=True)
    told = stream.result["aikit"]
print()
for attempt in told["attempts"]:
    print(f"{attempt['provider']}: {attempt['outcome']}")
for warning in told["warnings"]:
    print(warning)
