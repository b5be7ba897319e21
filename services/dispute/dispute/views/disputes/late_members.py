"""Members of a dispute's answers that tell what came later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from typing_extensions import TypedDict

from shared.events.base import Instant
from shared.events.dispute import RefundOutcome, ReturnOutcome
from shared.events.mediation.repayments import RepaymentWay
from shared.events.money import Money
from shared.events.open_enums import Open
from shared.events.outside.chargeback import ChargebackResult
from shared.views import TextLink

Happened = Literal["settled", "failed", "opened", "reported", "agreed", "received"]


class AfterClose(TypedDict):
    """What came of its refund, its return or its clawback, or at a bank, once the dispute was closed, or of goods that
    came after the money went back (S52, S65); `by` is the party whose word it is.
    """

    at: Instant
    kind: Literal["refund", "return", "clawback", "chargeback", "late_arrival", "repayment"]
    id: str | None
    outcome: Open[RefundOutcome] | Open[ReturnOutcome] | Open[ChargebackResult] | Happened
    reason: str | None
    by: str | None
    text: TextLink | None


class Flags(TypedDict):
    """What is true of the dispute beside its state."""

    late_arrival: bool


class RepaymentView(TypedDict):
    """What the buyer pays back, or what one party says of it so far: agreed by all of `agreed_by`, since `agreed_at` by
    both (S65).
    """

    amount: Money
    way: Open[RepaymentWay]
    agreed_by: Sequence[str]
    agreed_at: Instant | None
    received_at: Instant | None


class LateMembers(TypedDict):
    """What came later."""

    flags: Flags
    after_close: Sequence[AfterClose]
    repayment: RepaymentView | None


NOTHING_LATER: LateMembers = {"flags": {"late_arrival": False}, "after_close": [], "repayment": None}
