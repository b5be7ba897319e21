"""Chapter of the story in which the case team decides: a counterfeit with photos is decided, appealed by the seller and
amended by another reviewer.
"""

from __future__ import annotations

from ops.client import Call, File
from ops.orders.evidence import picture
from ops.story.calls import DISPUTE, counter_offer, form, get, move_clock, offered, opened, placed, respond
from ops.story.orders import CAMERA, Json, dollars
from ops.story.parties import DORA, IRIS, OPTIKA, OTTO
from ops.story.steps import Chapter, Step

PHOTOS = ("box", "serial")
DORAS_FORM = form(
    CAMERA, "counterfeit", "refund_only", "95.00", "The maker does not know its number.", [f"{{{p}}}" for p in PHOTOS]
)
DECISION = f"{DISPUTE}/decisions/{{decision}}"


def sent(name: str) -> Step:
    """A photo of Dora's, before she fills in the form."""
    file = File(f"{name}.png", picture(name), {"purpose": "item"})
    call = Call("dispute", "POST", f"{CAMERA.path}/evidence", key=f"{CAMERA.id}-{name}", file=file)
    return Step(f"Dora sends a photo of the {name}", call, DORA, 201, save={name: "id"})


def ruling(amount: str, text: str, **more: str) -> Json:
    """So much of the camera's price goes back, and why."""
    lines = [{"line_id": "1", "amount": dollars(amount)}]
    why = {"rules": ["S3", "S45"], "weights": {"{box}": 1, "{serial}": 3}, "text": text}
    return {"outcome": "split", "type": "refund_only", "lines": lines, **why, **more}


def said(whose: str, party: str, answer: str, **expected: str) -> Step:
    """A party's statement, with which it is complete."""
    body = {"answers": {"what_happened": answer}, "complete": True}
    call = Call("dispute", "POST", f"{DISPUTE}/statement", body)
    return Step(f"{whose} tells the case team what happened", call, party, expected=expected)


# No agreement: the case team decides, is appealed, and another of the team amends it (S49–S51, S55, K18).
MEDIATED = Chapter(
    "Dora's camera is a counterfeit, and its seller denies it",
    CAMERA,
    (
        *placed(CAMERA),
        *map(sent, PHOTOS),
        opened("Dora opens a dispute over the camera: 95.00 back", DORA, DORAS_FORM),
        Step(
            "Dora hands it to the case team at once: not before the seller has answered (K16)",
            Call("dispute", "POST", f"{DISPUTE}/escalation"),
            DORA,
            409,
            {"code": "escalation_not_yet", "allowed_at": "{due}"},
        ),
        Step(
            "the seller offers 10.00",
            respond(counter_offer("10.00"), "{opened}"),
            OPTIKA,
            expected=offered("10.00"),
        ),
        Step(
            "now Dora hands it to the case team",
            Call("dispute", "POST", f"{DISPUTE}/escalation", {"reason": "We do not agree."}),
            DORA,
            expected={"state": "escalated", "party_view": "under_platform_review"},
        ),
        said("the seller", OPTIKA, "It came from the maker.", state="escalated"),
        said("Dora", DORA, "Its number is on no list of the maker's.", state="under_review"),
        Step(
            "Iris of the case team takes the case",
            Call("dispute", "POST", f"{DISPUTE}/claim"),
            IRIS,
            expected={"assignment.reviewer": IRIS},
            save={"claimed": "ETag"},
        ),
        Step(
            "Iris decides: 60.00 go back, which is paid at once (S51, S57)",
            Call(
                "dispute",
                "POST",
                f"{DISPUTE}/decision",
                ruling("60.00", "The number is of no camera of the maker's."),
                "{dispute}-decided",
                "{claimed}",
            ),
            IRIS,
            expected={"state": "decided", "label": "Dispute Finished", "result.amount.amount": "60.00"},
            save={"until": "appeal_until_at", "decision": "decisions.0.id"},
        ),
        Step(
            "60.00 are on their way",
            get("dispute", DISPUTE),
            DORA,
            expected={"fulfilment": "refund_issued", "refunds.0.source": "mediation"},
            repeats=True,
        ),
        Step(
            "whoever recomputes the decision from its receipt comes to the same (S51)",
            get("dispute", f"{DECISION}/recomputation"),
            OPTIKA,
            expected={"same": True, "differences": []},
        ),
        Step(
            "the seller appeals (S55)",
            Call("dispute", "POST", f"{DISPUTE}/appeal", {"ground": "The lens is genuine."}),
            OPTIKA,
            expected={"state": "appeal_review", "appeals.0.by": "seller"},
            save={"appealed": "ETag"},
        ),
        move_clock("until {until} Dora may appeal as well, and does not", "{until}"),
        Step(
            "what has happened so far",
            get("dispute", DISPUTE),
            OTTO,
            expected={"state": "appeal_review", "appeal_until_at": None},
            save={"seen": "ETag"},
        ),
        Step(
            "Otto, who did not decide it, amends the decision: 40.00; the rest is asked back, and not taken (K18)",
            Call(
                "dispute",
                "POST",
                f"{DISPUTE}/appeal-decision",
                ruling("40.00", "The lens is genuine, the body is not.", decision="amended"),
                "{dispute}-amended",
                "{seen}",
            ),
            OTTO,
            expected={
                "state": "closed",
                "result.reached_type": "appeal",
                "result.amount.amount": "40.00",
                "clawbacks.0.amount.amount": "20.00",
                "decisions.1.kind": "appeal",
            },
        ),
    ),
)
