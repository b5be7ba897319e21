"""Bodies of an order's payment: one, or several that share the order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from dispute.api.bodies.amounts import Amount, money
from shared.events.fields import Currency
from shared.events.moments import Moment
from shared.events.money import Money, total
from shared.events.order import OrderPayment, Tender
from shared.events.outside.ids import Id
from shared.events.outside.words import Name
from shared.http.request.body import RequestBody


class PaymentPartBody(RequestBody):
    """One payment of several, and how much of the order it is for; without `captured` that was taken whole, else so
    much of it, and the rest is authorised.
    """

    payment_id: Id
    method: Name
    amount: Amount
    captured: Amount | None = None


class PaymentBody(RequestBody):
    """How the order was paid: without `payment_id` the order's id serves, without `paid_at` it was paid when it was
    placed. `currency` stands beside an amount that is a plain decimal. Several payments stand in `parts`, each with its
    own id and method, and add up to the amount.
    """

    payment_id: Id | None = None
    method: Name | None = None
    payee: Literal["escrow", "seller"] = "escrow"
    amount: Amount
    currency: Currency | None = None
    paid_at: Moment | None = None
    parts: Annotated[tuple[PaymentPartBody, ...], Field(max_length=20)] = ()

    @model_validator(mode="after")
    def _one_or_several(self) -> Self:
        if not self.parts and self.method is None:
            raise PydanticCustomError("missing", "Field required", {"member": ("method",)})
        for name in ("payment_id", "method") if self.parts else ():
            if getattr(self, name) is not None:
                raise PydanticCustomError("not_expected", "each of its parts has its own", {"member": (name,)})
        if len({part.payment_id for part in self.parts}) < len(self.parts):
            raise PydanticCustomError("repeated", "every part has its own payment_id", {"member": ("parts",)})
        return self

    def guard_parts(self, paid: Money) -> None:
        """Each part is more than nothing, of what was paid, and they sum to it; no more was taken than authorised."""
        for number, tender in enumerate(self._tenders(paid)):
            _guard_part(tender, paid, number)
        amounts = [tender.amount for tender in self._tenders(paid)]
        if amounts and total(amounts) != paid:
            place = ("payment", "parts")
            raise PydanticCustomError("differs", "the parts add up to the payment's amount", {"member": place})

    def recorded(self, order_id: str, paid: Money) -> OrderPayment:
        """What the order's event says."""
        parts = tuple(self._tenders(paid))
        first = parts[0] if parts else None
        return OrderPayment(
            payment_id=first.payment_id if first else self.payment_id or order_id,
            method=first.method if first else self.method or "",
            payee=self.payee,
            amount=paid,
            parts=parts,
        )

    def _tenders(self, paid: Money) -> Iterator[Tender]:
        for number, part in enumerate(self.parts):
            place = ("payment", "parts", number)
            amount = _money(part.amount, paid, *place, "amount")
            captured = amount if part.captured is None else _money(part.captured, paid, *place, "captured")
            names: dict[str, Any] = {"payment_id": part.payment_id, "method": part.method}
            yield Tender(**names, amount=amount, captured=captured)


def _guard_part(tender: Tender, paid: Money, number: int) -> None:
    place = ("payment", "parts", number)
    if not (tender.amount.same_currency(paid) and tender.captured.same_currency(paid)):
        raise PydanticCustomError("wrong_currency", "a payment is of one currency", {"member": place})
    if not tender.amount:
        raise PydanticCustomError("not_positive", "a part is more than nothing", {"member": (*place, "amount")})
    if tender.amount < tender.captured:
        member = {"member": (*place, "captured")}
        raise PydanticCustomError("above_authorised", "no more is taken than was authorised", member)


def _money(amount: Money | str, paid: Money, *place: str | int) -> Money:
    return money(amount, paid.currency if isinstance(amount, str) else None, *place)
