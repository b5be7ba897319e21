"""Settings: the environment of a process, read once and judged."""

from __future__ import annotations

import sys
from typing import Self, TypeVar

from pydantic import ValidationError, model_validator

from shared.process.environment import KNOWN_TO_THE_STACK, Environment
from shared.process.production import unmet

Read = TypeVar("Read", bound=Environment)


class Settings(Environment):
    """Settings that a process may run with: what its mode demands holds."""

    @model_validator(mode="after")
    def _safe(self) -> Self:
        if missing := unmet(self):
            raise ValueError("\n".join(missing))
        return self

    @classmethod
    def load(cls, process: str = "") -> Self:
        """The settings of the environment; ends the process with one line for each that is wrong."""
        return _read(cls, process)


def read_environment() -> Environment:
    """What is set, not judged; ends the process with one line for each value that cannot be read."""
    return _read(Environment, "")


def _read(kind: type[Read], process: str) -> Read:
    try:
        return kind(process=process)
    except ValidationError as error:
        sys.exit("\n".join(_lines(error, process)))


def _lines(error: ValidationError, process: str) -> list[str]:
    """What is wrong, without the values: an address holds a password."""
    unread = {_field(fault["loc"]): _without_value(fault["msg"]) for fault in error.errors()}
    if judged := unread.pop("", None):
        return judged.splitlines()
    # What cannot be read is taken as left out, so that all that is wrong is said at once.
    rest = Environment(process=process, **{name: Environment.model_fields[name].get_default() for name in unread})
    judged_lines = [line for line in unmet(rest) if line.partition(":")[0] not in map(_variable, unread)]
    return [f"{_variable(name)}: {said}" for name, said in unread.items()] + judged_lines


def _field(loc: tuple[int | str, ...]) -> str:
    name = str(loc[0]) if loc else ""
    return {KNOWN_TO_THE_STACK: "port_base", "CRASH": "crash"}.get(name, name.lower().removeprefix("makewhole_"))


def _variable(name: str) -> str:
    return f"MAKEWHOLE_{name.upper()}"


def _without_value(message: str) -> str:
    return message.removeprefix("Value error, ")
