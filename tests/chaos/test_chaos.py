"""What makewhole promises is kept while its processes and its servers are killed; `make chaos` does the same for
longer, and `make proof` by it what is marked `proof` here.
"""

from __future__ import annotations

import random

import pytest

from tests.chaos import hangs, outages, points
from tests.chaos.around_the_call import killed_around_the_call
from tests.chaos.every_step import every_step
from tests.chaos.failover import tail_lost
from tests.chaos.points import PASSED_BY, every_point
from tests.chaos.run import Kept, Run
from tests.chaos.same_key import same_key
from tests.chaos.stories import LASTING
from tests.chaos.storm import storm
from tests.chaos.strangers import strangers

pytestmark = [pytest.mark.chaos, pytest.mark.slow, pytest.mark.timeout(1200)]


def told(kept: Kept) -> None:
    print(kept.line)


def test_no_crash_point_is_left_out() -> None:
    assert (
        points.registered()
        == set(PASSED_BY)
        == {point for of_process in points.EACH_ONCE.values() for point in of_process}
    )


@pytest.mark.proof
async def test_a_command_cut_off_after_its_commit_has_one_effect_and_its_answer_comes_with_the_same_request(
    run: Run,
) -> None:
    told(await same_key(run, ["withdrawn"], ["dispute"]))


@pytest.mark.proof
async def test_every_crash_point_fires_and_what_was_begun_is_finished(run: Run) -> None:
    told(await every_point(run, points.EACH_ONCE))


@pytest.mark.proof
async def test_each_command_of_the_longest_life_is_cut_off_after_its_commit_and_its_answer_comes_with_the_same_request(
    run: Run,
) -> None:
    told(await same_key(run, ["mediated"]))


@pytest.mark.proof
async def test_everybody_is_killed_at_every_step_of_the_longest_life_and_it_ends_as_without_faults(run: Run) -> None:
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")
    told(await every_step(run, "mediated", seed))


@pytest.mark.proof
async def test_everybody_is_killed_at_every_step_of_a_return_and_it_ends_as_without_faults(run: Run) -> None:
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")
    told(await every_step(run, "returned", seed))


@pytest.mark.proof
async def test_any_process_is_killed_at_any_moment_and_everything_ends_as_without_faults(run: Run) -> None:
    seed = random.randrange(1_000_000)
    print(f"seed {seed}")
    told(await storm(run, seed, 15.0))


@pytest.mark.proof
async def test_commands_go_on_and_approved_refunds_are_paid_while_kafka_is_away(run: Run) -> None:
    told(await outages.broker_away(run, 12.0, outages.stopped))


@pytest.mark.proof
async def test_nothing_acknowledged_is_lost_when_the_database_server_is_killed(run: Run) -> None:
    told(await outages.struck(run, [outages.postmaster_killed]))


@pytest.mark.proof
async def test_everything_goes_on_by_itself_after_the_power_was_cut(run: Run) -> None:
    told(await outages.struck(run, [outages.everything_killed], LASTING))


@pytest.mark.proof
async def test_everybody_is_told_in_time_and_nothing_is_lost_while_the_database_stands_still(run: Run) -> None:
    told(await hangs.database_hung(run))


@pytest.mark.proof
async def test_workers_that_stand_still_past_their_leases_are_stood_in_for_and_harm_nothing_later(run: Run) -> None:
    told(await hangs.workers_frozen(run))


@pytest.mark.proof
async def test_machines_whose_clocks_differ_lose_no_deadline(run: Run) -> None:
    told(await hangs.clocks_differ(run))


@pytest.mark.proof
async def test_clocks_that_are_seconds_off_and_step_back_lose_no_deadline(run: Run) -> None:
    told(await hangs.clocks_step_back(run))


@pytest.mark.proof
async def test_a_refund_has_one_effect_wherever_its_worker_is_killed_around_the_providers_call(run: Run) -> None:
    async for kept in killed_around_the_call(run, 2, random.randrange(1_000_000)):
        told(kept)


@pytest.mark.proof
async def test_strangers_in_the_topics_are_paid_nothing_and_stop_nobody(run: Run) -> None:
    told(await strangers(run))


@pytest.mark.proof
async def test_a_standby_that_lost_its_tail_is_noticed_and_what_is_asked_again_comes_to_its_end(run: Run) -> None:
    told(await tail_lost(run))


@pytest.mark.proof
async def test_a_deadline_fires_and_its_money_follows_though_kafka_is_away_for_minutes(run: Run) -> None:
    told(await hangs.broker_away_and_a_deadline(run, 75.0))
