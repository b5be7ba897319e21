"""Bodies of the commands about returns."""

from __future__ import annotations

from return_label.domain.returns.findings import InspectReturn
from return_label.domain.returns.labels.cancellation import SettleCancellation
from return_label.domain.returns.response import RespondToReturn
from return_label.domain.returns.transit import MarkReturnShipped
from shared.http.command_body import CommandBody
from shared.http.request.body import example


class ResponseBody(CommandBody, of=RespondToReturn):
    """The seller's word on what it offered to take back: a refusal has a reason; an Extra Return may go to an address
    that is told now.
    """

    model_config = example(decision="accept")


class ShipmentBody(CommandBody, of=MarkReturnShipped):
    """The parcel, as the carrier numbers it; `replaces` is the number that was mistyped before."""

    model_config = example(tracking_number="RR000000005DE")


class CancellationBody(CommandBody, of=SettleCancellation):
    """The label that its carrier has not taken back; `settled` says that support has dealt with the carrier."""

    model_config = example(label_id="lbl_5e6f5a7b8c9d0e1f2a3b4c5d1a2b3c4d", settled=True)


class InspectionBody(CommandBody, of=InspectReturn):
    """What the inspection found: one `result` for all that is left, or one for each of `lines`; a fail has a fault,
    and a note or evidence.
    """

    model_config = example(result="pass")
