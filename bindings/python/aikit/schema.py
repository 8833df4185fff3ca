# SPDX-License-Identifier: MIT
"""Python's own types as JSON Schemas, and what was read from JSON as values of them."""

import collections.abc
import dataclasses
import enum
import inspect
import typing
from typing import Any, Dict, Mapping, Optional, Sequence, Tuple, Union, cast

from .errors import InvalidArgument

_PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean", type(None): "null"}


def schema_of(kind: Any) -> Dict[str, Any]:
    """The JSON Schema of a type (see `hint_schema`), or of whatever has `model_json_schema()`. A schema that is a
    mapping stays as it is."""
    if isinstance(kind, Mapping):
        return dict(kind)
    if hasattr(kind, "model_json_schema"):
        return dict(kind.model_json_schema())
    return hint_schema(kind, "the schema", ())


def value_of(kind: Any, value: Any) -> Any:
    """What was read from JSON, and fits, as what `schema_of` was given."""
    if isinstance(kind, Mapping):
        return value
    if hasattr(kind, "model_validate"):
        return kind.model_validate(value)
    return converted(kind, value)


def hint_schema(hint: Any, where: str, inside: Tuple[Any, ...]) -> Dict[str, Any]:
    """The JSON Schema of a type hint."""
    origin, given = typing.get_origin(hint), typing.get_args(hint)
    if hint is Any or hint is inspect.Parameter.empty:
        return {}
    if isinstance(hint, type) and hint in _PLAIN:
        return {"type": _PLAIN[hint]}
    if origin is not None and hasattr(hint, "__metadata__"):  # Annotated
        schema = hint_schema(given[0], where, inside)
        said = [text for text in hint.__metadata__ if isinstance(text, str)]
        return {**schema, "description": said[0]} if said else schema
    if origin is typing.Literal:
        return {"enum": list(given)}
    if origin is Union or type(hint).__name__ == "UnionType":
        return {"anyOf": [hint_schema(one, where, inside) for one in given]}
    if hint in (list, tuple, set, dict) or origin in (list, tuple, set, frozenset, collections.abc.Sequence,
                                                       collections.abc.Iterable, dict, collections.abc.Mapping):
        return _container(origin or hint, given, where, inside)
    if isinstance(hint, type):
        if hint in inside:
            raise InvalidArgument(f"The type of {where} holds itself; give it as a dict.")
        made = _class(hint, where, (*inside, hint))
        if made is not None:
            return made
    raise InvalidArgument(f"The type of {where} ({hint}) has no schema; give it as a dict.")


def _container(kind: Any, given: Tuple[Any, ...], where: str, inside: Tuple[Any, ...]) -> Dict[str, Any]:
    if kind in (dict, collections.abc.Mapping):
        values = hint_schema(given[1], where, inside) if len(given) == 2 else {}
        return {"type": "object", **({"additionalProperties": values} if values else {})}
    if kind is tuple and given and given[-1] is not Ellipsis:
        items = [hint_schema(one, where, inside) for one in given]
        return {"type": "array", "prefixItems": items, "minItems": len(items), "maxItems": len(items)}
    schema: Dict[str, Any] = {"type": "array"}
    if given and (items_of := hint_schema(given[0], where, inside)):
        schema["items"] = items_of
    return schema


def _class(hint: Any, where: str, inside: Tuple[Any, ...]) -> Optional[Dict[str, Any]]:
    """Enumerations, dataclasses, TypedDicts."""
    if issubclass(hint, enum.Enum):
        return {"enum": [one.value for one in hint]}
    if dataclasses.is_dataclass(hint):
        required = [field.name for field in dataclasses.fields(hint)
                    if field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING]
    elif hasattr(hint, "__required_keys__"):
        required = sorted(hint.__required_keys__)
    else:
        return None
    hints = typing.get_type_hints(hint, include_extras=True)
    properties = {key: hint_schema(one, f"{where}.{key}", inside) for key, one in hints.items()}
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


def converted(hint: Any, value: Any) -> Any:
    """What was read from JSON as the hint's type: enumerations, dataclasses, sets and tuples."""
    origin, given = typing.get_origin(hint), typing.get_args(hint)
    if hasattr(hint, "__metadata__"):
        return converted(given[0], value)
    if origin is Union or type(hint).__name__ == "UnionType":
        return _one_of(given, value)
    if isinstance(value, list) and (origin or hint) in (list, tuple, set, frozenset):
        one = given[0] if given else Any
        kinds = given if origin is tuple and given and given[-1] is not Ellipsis else [one] * len(value)
        return cast(Any, origin or hint)(converted(kind, each) for kind, each in zip(kinds, value))
    if isinstance(value, dict) and origin is dict and len(given) == 2:
        return {key: converted(given[1], each) for key, each in value.items()}
    if isinstance(hint, type) and issubclass(hint, enum.Enum):
        return hint(value)
    if isinstance(hint, type) and dataclasses.is_dataclass(hint) and isinstance(value, dict):
        hints = typing.get_type_hints(hint, include_extras=True)
        return hint(**{key: converted(hints.get(key, Any), each) for key, each in value.items()})
    if hint is float and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    return value


def _one_of(kinds: Sequence[Any], value: Any) -> Any:
    for kind in kinds:
        plain = typing.get_origin(kind) or kind
        try:
            if isinstance(plain, type) and isinstance(value, plain):
                return converted(kind, value)
            made = converted(kind, value)
        except (TypeError, ValueError, KeyError):
            continue
        if made is not value:
            return made
    return value
