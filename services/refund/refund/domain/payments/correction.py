"""Correction: the buyer names another account, and what no account took is tried again with it (S63, T31a)."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from refund.domain.payments.proposals import guard_not_said_to_be_paid
from refund.domain.payments.refund import Part, Refund, RefundState
from shared.events.refund import Destination
from shared.rejections import WrongPhase

ACCOUNT_INVALID = "account_invalid"
"""The provider's no that another account may turn into a yes."""
_NUMBER = re.compile(r"[0-9 .-]{8,}|[A-Za-z]{2}[0-9]{2}[A-Za-z0-9 ]{11,32}")


def _no_number(token: str) -> str:
    if _NUMBER.fullmatch(token):
        raise PydanticCustomError("account_number", "This is the provider's name for an account, never its number")
    return token


AccountToken = Annotated[str, Field(pattern=r"^[\x21-\x7e]{1,255}$"), AfterValidator(_no_number)]
"""What the provider calls an account: the number stands in its books alone."""


def guard_account_matters(refund: Refund) -> None:
    """A bonus goes to no account."""
    if refund.destination == Destination.BONUS:
        raise WrongPhase("It goes to the bonus balance.", state=refund.state, rules=("S60", "S63"))


def guard_corrected(refund: Refund, part: Part) -> None:
    """Of what people took over a buyer starts only what the provider has refused for its account: nothing is in doubt,
    and nobody says that it was paid by hand (T31a).
    """
    if part.state is not RefundState.MANUAL:
        return
    if part.doubt or part.refusal != ACCOUNT_INVALID:
        raise WrongPhase("Another account changes nothing: people see to it.", state=refund.state, rules=("T31a",))
    guard_not_said_to_be_paid(refund)
