"""Batch: the commands of many timers, loaded, decided and appended together, and each an item of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from shared.decider import Decider
from shared.events.base import Command
from shared.events.envelope import Cause
from shared.eventstore.command_handling import Outcome, Prepared, handle, prepare, streams_to_load
from shared.eventstore.errors import WrongExpectedVersion

if TYPE_CHECKING:
    from shared.eventstore.store import BatchStore, Failed, History

Answer = bool | Exception
"""Whether events were appended now, or why that is not known."""


async def decide_each(store: BatchStore, decider: Decider, commands: Sequence[Command]) -> Sequence[Answer]:
    """Carries each command out as if it stood alone: a refusal or a stream that cannot be read is that command's
    affair. What loses against somebody else begins again by itself.
    """
    prepared = await _prepare_each(store, decider, commands)
    answers = await _append_each(store, commands, prepared)
    lost = [number for number, answer in enumerate(answers) if isinstance(answer, WrongExpectedVersion)]
    again = await asyncio.gather(*(_alone(store, decider, commands[number]) for number in lost))
    for number, answer in zip(lost, again, strict=True):
        answers[number] = answer
    return answers


def decided(outcome: Outcome) -> bool:
    """Whether events were appended now: the deadline was cleared or moved in the same transaction."""
    return not outcome.replayed and bool(outcome.events)


async def _prepare_each(
    store: BatchStore, decider: Decider, commands: Sequence[Command]
) -> Sequence[Prepared | Answer]:
    loaded = await store.load_each([streams_to_load(command) for command in commands])
    return [await _prepare(decider, *each) for each in zip(commands, loaded, strict=True)]


async def _prepare(decider: Decider, command: Command, histories: Sequence[History] | Failed) -> Prepared | Answer:
    """What is to be appended; False where that is nothing."""
    if isinstance(histories, BaseException):
        return _error(histories)
    try:
        prepared = await prepare(histories, decider, command, Cause.of(command))
    except Exception as error:
        return error
    return prepared if isinstance(prepared, Prepared) and any(prepared.decided) else False


async def _append_each(
    store: BatchStore, commands: Sequence[Command], prepared: Sequence[Prepared | Answer]
) -> list[Answer]:
    appended = iter(
        await store.append_each(
            (each.writes, Cause.of(command).correlated(each.histories))
            for command, each in zip(commands, prepared, strict=True)
            if isinstance(each, Prepared)
        )
    )
    return [_appended(next(appended)) if isinstance(each, Prepared) else each for each in prepared]


def _appended(position: int | Failed) -> Answer:
    return _error(position) if isinstance(position, BaseException) else True


async def _alone(store: BatchStore, decider: Decider, command: Command) -> Answer:
    try:
        return decided(await handle(store, decider, command, Cause.of(command)))
    except Exception as error:
        return error


def _error(failed: Failed) -> Exception:
    """An error that concerns one item; whatever ends all of them is raised."""
    if not isinstance(failed, Exception):
        raise failed
    return failed
