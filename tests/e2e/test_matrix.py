"""The whole matrix over HTTP: every command of everybody in every state is accepted, or refused with its code.

What is refused is asked for in earnest; what is accepted is rehearsed, so that the dispute stays where it is.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence

import pytest

from tests.e2e.client import Answer, Json, Party, Services
from tests.e2e.deals import Dispute, counter, split, usd
from tests.e2e.test_actions import (
    Reach,
    agreed,
    appealed,
    awaiting_seller,
    decided,
    escalated,
    offered,
    refunded,
    under_review,
)

pytestmark = pytest.mark.e2e

QUESTIONS: Json = {"from": "buyer", "questions": [{"key": "box", "text": "Was the box open?"}]}
COMMANDS: Mapping[str, Json | None] = {
    "response": counter("15.00"),
    "acceptance": None,
    "modification": {"amount": usd("25.00")},
    "cancellation": {"acknowledge_release": True},
    "escalation": None,
    "statement": {"complete": True},
    "appeal": {"ground": "It was another item."},
    "survey": {"rating": 4},
    "messages": {"text": "Where is it?"},
    "replacement-shipment": {"tracking_number": "RR1ES"},
    "replacement-receipt": None,
    "claim": None,
    "release": None,
    "review": None,
    "evidence-request": QUESTIONS,
    "decision": split("30.00"),
    "appeal-decision": split("20.00", decision="amended"),
    "decision, agreed to": {"agree": "prp_0"},
    "decision, declined": {"decline": "prp_0", "reason": "It was another item."},
    "appeal-decision, agreed to": {"agree": "prp_0"},
    "appeal-decision, declined": {"decline": "prp_0", "reason": "It was another item."},
    "override": split("30.00", action="decide", ticket="CASE-4711", reason="The carrier has found it."),
    "override, agreed to": {"agree": "prp_0"},
    "override, declined": {"decline": "prp_0", "reason": "It was another item."},
}
"""Every command on a dispute, with a body that fits; behind a comma which of its route's bodies it is."""
BUYERS = (
    *("acceptance", "modification", "cancellation", "escalation", "statement", "appeal", "survey"),
    *("messages", "replacement-receipt"),
)
SELLERS = ("response", "escalation", "statement", "appeal", "messages", "replacement-shipment")
TEAMS = (
    *("claim", "release", "review", "evidence-request", "decision", "appeal-decision", "messages"),
    *("decision, agreed to", "decision, declined", "appeal-decision, agreed to", "appeal-decision, declined"),
)
SUPPORTS = ("claim", "release", "override", "override, agreed to", "override, declined")
SHOPS = ("replacement-receipt",)
OF_PARTIES = {"another buyer": {*BUYERS, *SELLERS}, "another seller": {*BUYERS, *SELLERS} - {"survey"}}
"""What a stranger in a party's role is let in to ask: the buyer's survey is asked of buyers alone."""

NOT_NOW, NEVER, YET, YES = "wrong_phase", "not_appealable", "escalation_not_yet", ""
TAKEN, DECIDED_IT, THEIRS_TOO = "claimed", "same_reviewer", "other_party_may_appeal"
PLAIN = {"appeal": NEVER, "messages": YES}


def now(commands: Sequence[str], **said: str) -> dict[str, str]:
    """What somebody's own commands come to; what is not named cannot be done now, but that all may write messages."""
    plain = {name: PLAIN.get(name, NOT_NOW) for name in commands}
    return plain | {name.replace("_", "-"): code for name, code in said.items()}


def of(
    buyer: Json | None = None,
    seller: Json | None = None,
    first: Json | None = None,
    second: Json | None = None,
    support: Json | None = None,
    another: Json | None = None,
) -> dict[str, dict[str, str]]:
    """By who it is: what each command comes to in a state."""
    return {
        "buyer": now(BUYERS, **(buyer or {})),
        "seller": now(SELLERS, **(seller or {})),
        "reviewer": now(TEAMS, **(first or {})),
        "another reviewer": now(TEAMS, **(first if second is None else second) or {}),
        "support": now(SUPPORTS, **(support or {})),
        "another of support": now(SUPPORTS, **(support if another is None else another) or {}),
        "shop": now(SHOPS),
    }


async def taken(services: Services) -> Dispute:
    """Under review, by the reviewer who has claimed it."""
    dispute = await under_review(services)
    (await dispute.command(dispute.reviewer, "claim")).ok()
    return dispute


async def forced(services: Services) -> Dispute:
    """Claimed, and one of support wants to decide it."""
    dispute = await taken(services)
    support, key = services.party("support-1", "support"), services.new("key")
    (await dispute.command(support, "override", COMMANDS["override"], key=key)).ok(202)
    return dispute


HELD = {"claim": TAKEN, "release": TAKEN, "review": TAKEN, "evidence_request": TAKEN, "decision": TAKEN}
MINE = {"claim": YES, "release": YES, "review": YES, "evidence_request": YES, "decision": YES}
FORCES = {"claim": YES, "release": YES, "override": YES}
MAY_APPEAL = {"appeal": YES}
SILENT = {"messages": NOT_NOW}
STATES: Mapping[str, tuple[Reach, dict[str, dict[str, str]]]] = {
    "awaiting_seller": (
        awaiting_seller,
        of(
            buyer={"cancellation": YES, "escalation": YET},
            seller={"response": YES, "escalation": YET},
            support={"override": YES},
        ),
    ),
    "awaiting_buyer": (
        offered,
        of(
            buyer={"acceptance": YES, "modification": YES, "cancellation": YES, "escalation": YES},
            seller={"escalation": YES},
            support={"override": YES},
        ),
    ),
    "escalated": (
        escalated,
        of(
            buyer={"cancellation": YES, "statement": YES},
            seller={"response": YES, "statement": YES},
            first={"claim": YES},
            support={"claim": YES, "override": YES},
        ),
    ),
    "under_review": (
        taken,
        of({"cancellation": YES}, {"response": YES}, MINE, HELD, FORCES),
    ),
    "under_review, forced by one": (
        forced,
        of(
            {"cancellation": YES},
            {"response": YES},
            MINE,
            HELD,
            FORCES | {"override, agreed to": DECIDED_IT, "override, declined": DECIDED_IT},
            FORCES | {"override, agreed to": YES, "override, declined": YES},
        ),
    ),
    "agreed": (agreed, of(buyer={"cancellation": YES}, support={"override": YES})),
    "decided": (decided, of(buyer={"appeal": YES, "survey": YES}, seller=MAY_APPEAL, support={"override": YES})),
    "appeal_review": (
        appealed,
        of(
            MAY_APPEAL,
            {"appeal": "already_appealed"},
            {"claim": DECIDED_IT, "appeal_decision": DECIDED_IT},
            {"claim": YES, "appeal_decision": THEIRS_TOO},
            {"claim": YES, "override": YES},
        ),
    ),
    "closed": (refunded, of(SILENT, SILENT, SILENT)),
}
"""By state, and what else is to be said of it: what leads there, and what everybody's own commands come to; nobody has
any other.
"""


def everybody(dispute: Dispute) -> Mapping[str, Party]:
    """Parties, strangers, the platform's people, one of them who is the buyer, and a service."""
    services, buyer = dispute.deal.services, dispute.deal.buyer
    return {
        "buyer": buyer,
        "seller": dispute.deal.seller,
        "another buyer": services.party("stranger-1", "buyer"),
        "another seller": services.party("stranger-2", "seller"),
        "reviewer": dispute.reviewer,
        "another reviewer": services.party("reviewer-2", "case_team"),
        "support": services.party("support-1", "support"),
        "another of support": services.party("support-2", "support"),
        "biased": services.party(buyer.sub, "case_team", "support"),
        "shop": services.shop,
    }


def demanded(who: str, command: str, own: Mapping[str, Mapping[str, str]]) -> str:
    """The code that the command comes to, nothing where it is accepted."""
    if who in own:
        return own[who].get(command, "forbidden")
    if who == "biased":
        return "conflict_of_interest" if command in {*TEAMS, *SUPPORTS} else "forbidden"
    return "not_found" if command in OF_PARTIES.get(who, ()) else "forbidden"


STATUS = {"forbidden": 403, "conflict_of_interest": 403, "same_reviewer": 403, "not_found": 404}


@pytest.mark.parametrize("state", STATES)
async def test_g8_every_command_of_everybody_in_a_state_comes_to_what_is_written_down(
    services: Services, state: str
) -> None:
    reach, own = STATES[state]
    dispute = await reach(services)
    shown = await dispute.show()
    assert shown["state"] == state.partition(",")[0]
    people, came = everybody(dispute), Counter[str]()

    waits = (await dispute.show(people["support"]))["proposals"]
    name = waits[0]["id"] if waits else "prp_0"

    async def cell(who: str, command: str) -> None:
        code = demanded(who, command, own)
        body = named(COMMANDS[command], name)
        answer = await sent(dispute, people[who], command, body, shown.etag, rehearsed=not code)
        assert told(answer) == (STATUS.get(code, 409) if code else 200, code), (state, who, command, answer.raw)
        came[code or "accepted"] += 1

    for who in people:
        await asyncio.gather(*(cell(who, command) for command in COMMANDS))
    assert (await dispute.show()).etag == shown.etag
    print(f"{state}: {came.total()} of {len(STATES) * len(people) * len(COMMANDS)}: {dict(came)}")


def named(body: Json | None, name: str) -> Json | None:
    """The body, with the proposal that waits in the place of one that nobody has made."""
    return body and {member: name if value == "prp_0" else value for member, value in body.items()}


async def sent(dispute: Dispute, by: Party, command: str, body: Json | None, seen: str, *, rehearsed: bool) -> Answer:
    if (command, by.roles) == ("claim", ("support",)):
        body = {"reviewer": "reviewer-3"}
    path = f"{dispute.path}/{command.partition(',')[0]}{'?dry_run=true' if rehearsed else ''}"
    return await by.post(path, body, key=dispute.deal.services.new("key"), seen=seen)


def told(answer: Answer) -> tuple[int, str]:
    """Status, and the code of a refusal."""
    return answer.status, answer["code"] if answer.status >= 400 else ""
