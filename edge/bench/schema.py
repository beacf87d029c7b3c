"""Makes a JSON Schema of dataclasses, and checks values against it.

What is made and checked is a small part of JSON Schema: types, properties, items, enumerations and constants.
`python -m edge.bench.schema` prints the one of reports.
"""

from __future__ import annotations

import json
import types
from collections.abc import Iterator, Mapping
from dataclasses import fields, is_dataclass
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints

from ..settings import field_docs
from .result_file import FORMATS, OPTIONAL

Schema = dict[str, Any]
_PLAIN: Mapping[type, str] = {str: "string", bool: "boolean", int: "integer", float: "number"}
_JSON: Mapping[str, tuple[type, ...]] = {
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "null": (type(None),),
    "array": (list,),
    "object": (dict,),
}
_DEEPEST = 12
_GREATEST = 10**18
"""Magnitude of what anyone measures or counts, at most."""


def schema_of(kind: Any) -> Schema:
    """Make the schema of a type: a dataclass, a plain one, a union, a literal, or a list or tuple of one."""
    if is_dataclass(kind) and isinstance(kind, type):
        return _of_dataclass(kind)
    if kind in _PLAIN:
        bounds = {"minimum": -_GREATEST, "maximum": _GREATEST} if _PLAIN[kind] in ("integer", "number") else {}
        return {"type": _PLAIN[kind], **bounds}
    if kind is type(None):
        return {"type": "null"}
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Literal:
        return {"enum": list(inner)}
    if origin in (Union, types.UnionType):
        return {"anyOf": [schema_of(one) for one in inner]}
    if origin in (list, tuple):
        return {"type": "array", "items": schema_of(inner[0])}
    raise TypeError(f"no schema can be made of {kind}")


def _of_dataclass(kind: type) -> Schema:
    hints, docs = get_type_hints(kind), field_docs(kind)
    properties = {}
    for field in fields(kind):
        properties[field.name] = schema_of(hints[field.name])
        if field.name in docs:
            properties[field.name]["description"] = " ".join(docs[field.name].split())
    return {
        "type": "object",
        "description": (kind.__doc__ or "").partition("\n")[0],
        "properties": properties,
        "required": [field.name for field in fields(kind) if field.metadata != OPTIONAL],
        "additionalProperties": False,
    }


def wrong_values(value: object, schema: Schema, where: str = "the report", depth: int = 0) -> Iterator[str]:
    """Yield what does not fit, in words, each with the place where it is."""
    if "anyOf" in schema:
        if all(next(wrong_values(value, one, where, depth), None) for one in schema["anyOf"]):
            yield f"{where} is {json.dumps(value)[:80]}, which is of none of the kinds that it can be"
        return
    if "enum" in schema or "const" in schema:
        known = schema.get("enum", [schema.get("const")])
        if value not in known:
            yield f"{where} is {json.dumps(value)[:80]}; expected {' or '.join(map(str, known))}"
        return
    accepted = _JSON[schema["type"]]
    is_flag = isinstance(value, bool) and bool not in accepted
    if depth > _DEEPEST or not isinstance(value, accepted) or is_flag:
        yield f"{where} is {json.dumps(value)[:80]}; expected {schema['type']}"
    elif "maximum" in schema and not schema["minimum"] <= value <= schema["maximum"]:  # which NaN is not either
        yield f"{where} is {json.dumps(value)[:80]}; expected {schema['minimum']} to {schema['maximum']}"
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from wrong_values(one, schema["items"], f"{where}[{number}]", depth + 1)
    elif isinstance(value, dict):
        yield from _wrong_fields(value, schema, where, depth)


def _wrong_fields(value: dict[str, Any], schema: Schema, where: str, depth: int) -> Iterator[str]:
    known: dict[str, Schema] = schema["properties"]
    for name in set(schema["required"]) - value.keys():
        yield f"{where} lacks {name}"
    for name in value.keys() - known.keys():
        yield f"{where} has {name!r:.80}, which is not part of the format"
    for name in known.keys() & value.keys():
        yield from wrong_values(value[name], known[name], name if depth == 0 else f"{where}.{name}", depth + 1)


@cache
def report_schema() -> Schema:
    """Make the schema of a report as it lies in a file."""
    from .format import Report

    schema = _of_dataclass(Report)
    around = {
        "kind": {"const": "bench"},
        "format": {"const": FORMATS["bench"], "description": "Number of this format."},
        "seal": {"type": "string", "description": "SHA-256 of all the rest, as JSON with sorted keys."},
    }
    properties = {**around, **schema["properties"]}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Report of `edgewise bench`",
        **schema,
        "properties": properties,
        "required": [*around, *schema["required"]],
    }


if __name__ == "__main__":
    print(json.dumps(report_schema(), indent=1))
