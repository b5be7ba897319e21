"""Steps of the story: names and time spans are filled in, and a response is compared with what is expected."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import aiohttp
import pytest
from rich.console import Console

from ops.client import Api, ApiResponse
from ops.stack import Stack
from ops.story.chapters import CHAPTERS
from ops.story.orders import ORDERS, DateAgo
from ops.story.parties import ROLES
from ops.story.report import StoryReport
from ops.story.run import StoryRun
from ops.story.steps import differences, member

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
DISPUTE = ApiResponse(
    200,
    {"id": "dsp_1", "solution": {"amount": "30.00"}, "deadlines": [{"kind": "seller_response", "due_at": "then"}]},
    {"ETag": '"3"'},
)


@pytest.fixture
async def run() -> StoryRun:
    """The seventh run, of which nothing has been sent."""
    async with aiohttp.ClientSession() as session:
        return StoryRun(Api(session, Stack.load()), 7, StoryReport(Console(quiet=True)), NOW, {"opened": '"3"'})


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("id", "dsp_1"),
        ("solution.amount", "30.00"),
        ("deadlines.seller_response.due_at", "then"),
        ("deadlines.buyer_answer.due_at", None),
        ("deadlines.0.due_at", "then"),
        ("deadlines.1.due_at", None),
        ("ETag", '"3"'),
        ("solution.reason", None),
    ],
)
def test_a_member_is_found_by_its_path_in_a_list_by_its_kind_and_a_header_by_its_capital(
    path: str, value: object
) -> None:
    assert member(DISPUTE, path) == value


def test_a_difference_names_the_member_and_both_values() -> None:
    assert differences(DISPUTE, {"id": "dsp_1", "solution.amount": "42.00"}) == [
        "solution.amount is '30.00' and not '42.00'"
    ]


async def test_names_are_filled_in_and_time_spans_are_instants_so_long_ago(run: StoryRun) -> None:
    body = {"order_id": "{lamp}", "at": timedelta(days=1), "promised_by": DateAgo(-timedelta(days=2)), "lines": [1]}
    assert run.fill(body) == {
        "order_id": "story-7-lamp",
        "at": "2026-03-03T12:00:00.000000Z",
        "promised_by": "2026-03-06",
        "lines": [1],
    }
    assert run.fill("RR{run:0>9}DE") == "RR000000007DE"


async def test_every_step_names_only_what_the_run_or_an_earlier_step_has_given(run: StoryRun) -> None:
    for chapter in CHAPTERS:
        for step in chapter.steps:
            for part in (step.sentence, step.call.path, step.call.body, step.call.key, step.call.etag, step.expected):
                run.fill(part)
            run.values |= dict.fromkeys(step.save, "saved")
            assert step.party in ("", *ROLES)


def test_every_order_has_its_chapter() -> None:
    assert tuple(chapter.order for chapter in CHAPTERS) == ORDERS
