"""Query parameters: each one known, each one once, each one written as the OpenAPI document says."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Self
from urllib.parse import parse_qsl

from fastapi.dependencies.utils import request_params_to_args
from pydantic import BaseModel, TypeAdapter
from pydantic_core import PydanticCustomError
from starlette.datastructures import QueryParams

from shared.events.moments import day, moment
from shared.faults import Faults, fault, faults

MOST_PARAMETERS = 50
_WHOLE = re.compile("-?(?:0|[1-9][0-9]{0,18})")
_LARGEST = 2**63 - 1
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,9})?")

Pairs = list[tuple[str, str]]
Schema = Mapping[str, Any]


def _whole(text: str) -> None:
    if not _WHOLE.fullmatch(text):
        raise PydanticCustomError("integer", "A whole number is written in digits alone")
    if abs(int(text)) > _LARGEST:
        raise PydanticCustomError("out_of_reach", "No number here is as large")


def _number(text: str) -> None:
    if not _NUMBER.fullmatch(text):
        raise PydanticCustomError("number", "A number is written in digits, with a point before decimals")


def _boolean(text: str) -> None:
    if text not in ("true", "false"):
        raise PydanticCustomError("boolean", "This is true or false")


_BY_TYPE: Mapping[str, Callable[[str], object]] = {"integer": _whole, "number": _number, "boolean": _boolean}
_BY_FORMAT: Mapping[str, Callable[[str], object]] = {"date-time": moment, "date": day}


@dataclass(frozen=True, slots=True)
class QueryPlan:
    """How a route's query parameters are read; `spellings` hold what a text must pass before it is taken for a number,
    a yes or an instant.
    """

    fields: list[Any]
    names: frozenset[str]
    repeatable: frozenset[str]
    spellings: Mapping[str, Callable[[str], object]]
    switch: str = ""
    """A yes or no that every route of a kind takes, beside its own parameters."""

    def with_switch(self, name: str) -> Self:
        """The same plan and this switch, where no parameter of the route has its name."""
        if name in self.names:
            return self
        spellings = {**self.spellings, name: _boolean}
        return replace(self, names=self.names | {name}, spellings=spellings, switch=name)

    @classmethod
    def of(cls, fields: list[Any]) -> Self:
        """The plan of a route with these parameters."""
        schemas = dict(_parameters(fields))
        return cls(
            fields,
            frozenset(schemas),
            frozenset(name for name, schema in schemas.items() if _is_list(schema)),
            {name: spelled for name, schema in schemas.items() if (spelled := _spelling(schema))},
        )

    def read(self, query: bytes) -> tuple[dict[str, Any], Faults]:
        """The parameters' values, and what is wrong with them."""
        pairs = _pairs(query)
        if pairs is None:
            detail = f"A query string is UTF-8 and has at most {MOST_PARAMETERS} parameters."
            return {}, [fault(("query",), "malformed_query", detail)]
        wrong = self._wrong(pairs)
        if wrong:
            return {}, wrong
        values, errors = request_params_to_args(self.fields, QueryParams(pairs))
        switched = {self.switch: True} if (self.switch, "true") in pairs else {}
        return {**values, **switched}, faults(errors)

    def _wrong(self, pairs: Pairs) -> Faults:
        counts = Counter(name for name, _ in pairs)
        unknown = [
            (name, "extra_forbidden", "This parameter is not known here.") for name in counts.keys() - self.names
        ]
        repeated = [
            (name, "repeated", "This parameter is sent once.")
            for name, count in counts.items()
            if count > 1 and name in self.names - self.repeatable
        ]
        nul = [(name, "nul_character", "The text holds a NUL character.") for name, text in pairs if "\0" in text]
        misspelled = [one for name, text in pairs for one in self._misspelled(name, text)]
        return [fault(("query", name), code, detail) for name, code, detail in (*unknown, *repeated, *nul, *misspelled)]

    def _misspelled(self, name: str, text: str) -> Iterable[tuple[str, str, str]]:
        try:
            self.spellings.get(name, len)(text)
        except PydanticCustomError as error:
            yield name, error.type, error.message()


def _pairs(query: bytes) -> Pairs | None:
    try:
        return parse_qsl(
            query.decode("latin-1"), keep_blank_values=True, max_num_fields=MOST_PARAMETERS, errors="strict"
        )
    except ValueError:
        return None


def _parameters(fields: Iterable[Any]) -> Iterable[tuple[str, Schema]]:
    """Each parameter's name and schema; the members of a model are parameters of their own."""
    for field in fields:
        kind = field.field_info.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            of_members = kind.model_json_schema(by_alias=True)["properties"]
            yield from of_members.items()
        else:
            annotated: Any = Annotated[kind, field.field_info]
            yield field.alias, TypeAdapter(annotated).json_schema()


def _variants(schema: Schema) -> list[Schema]:
    return [one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]


def _is_list(schema: Schema) -> bool:
    return any(one.get("type") == "array" for one in _variants(schema))


def _spelling(schema: Schema) -> Callable[[str], object] | None:
    """What a text of this schema must pass; nothing where any text will do, or where a list of words says it all."""
    for one in _variants(schema):
        if spelled := _BY_FORMAT.get(one.get("format", "")) or _BY_TYPE.get(one.get("type", "")):
            return spelled
    return None
