"""Bodies of warranty claims: what the buyer claims, what the case team finds, what the seller has done."""

from __future__ import annotations

from dispute.domain.warranties.assessment import AssessWarranty
from dispute.domain.warranties.claiming import OpenWarrantyClaim
from dispute.domain.warranties.fulfilment import FulfilWarranty
from shared.http.command_body import CommandBody
from shared.http.request.body import example


class WarrantyClaimBody(CommandBody, of=OpenWarrantyClaim):
    """Which pieces are faulty, and how (T41)."""

    model_config = example(order_id="order-1", line_id="1", fault="The screen stays black.", wanted="repair")


class AssessmentBody(CommandBody, of=AssessWarranty):
    """What is to be done, by which rules, in words for both parties."""

    model_config = example(result="repair", rules=["S94"], text="The fault is the maker's: the seller repairs it.")


class FulfilmentBody(CommandBody, of=FulfilWarranty):
    """A parcel on its way, or a note."""

    model_config = example(tracking_number="RR123456785DE", carrier="DHL")
