# SPDX-License-Identifier: MIT
# examples/08_tools.py - functions that a model may call; their schema is read from hints and docstring.
import aikit


def weather(city: str) -> dict:
    """The weather in a city, as it is now."""
    if city != "Rome":
        raise aikit.ToolError("Only the weather in Rome is known.")
    return {"celsius": 25, "sky": "clear"}


def allowed(call) -> bool:
    print(f"allowed: {call['name']}")
    return True


with aikit.Kit() as kit:
    run = kit.run_tools("Is it warm in Rome?", [weather], approve=allowed, max_steps=4, max_cost="0.05")
print(run.text)
print(f"ended: {run['end']}, {run['steps']} replies, {run['calls']} call, ${run['cost']['usd']}")
print(f"messages for the next turn: {len(run['messages'])}")
