"""Guards of steps that no state alone decides, each named by a row of the table of transitions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from dispute.domain.disputes.difference import passed
from dispute.domain.disputes.state import Dispute, DisputeState
from dispute.domain.rejections import (
    AlreadyAppealed,
    AppealWindowOver,
    Claimed,
    EscalationNotYet,
    MaxRounds,
    NotAppealable,
    OtherPartyMayAppeal,
)
from shared.events.base import Actor, wire_time
from shared.events.mediation.proposals import ProposalKind
from shared.rejections import ConflictOfInterest, DeadlinePassed, SameReviewer, WrongPhase


def guard_rounds_left(dispute: Dispute, _: Actor, __: datetime) -> None:
    """G10: the negotiation has rounds left; else the case team is the way."""
    if dispute.round >= (most := dispute.terms.max_rounds):
        href = f"/v1/disputes/{dispute.opened.dispute_id}/escalation"
        escalate = {"rel": "escalate", "method": "POST", "href": href}
        raise MaxRounds("The negotiation has had its rounds: escalate it.", max_rounds=most, actions=[escalate])


def guard_answered(dispute: Dispute, _: Actor, at: datetime) -> None:
    """G11: the seller has answered, and so long ago; until then the seller's time is what there is to wait for."""
    allowed_at = dispute.escalation_from or dispute.respond_by
    if allowed_at and (dispute.escalation_from is None or at < allowed_at):
        raise EscalationNotYet(
            "The seller's time to answer, or to settle it with you, still runs.", allowed_at=allowed_at
        )


def guard_incomplete(dispute: Dispute, actor: Actor, _: datetime) -> None:
    """G8: who has said that nothing more comes says nothing more, unless asked anew (T14, T42)."""
    if dispute.parties.side_of(actor) in dispute.case.complete:
        raise WrongPhase("You have said that nothing more comes.", state=dispute.state)


def guard_not_claimed(dispute: Dispute, actor: Actor, _: datetime) -> None:
    """A case that somebody has is nobody else's."""
    case = dispute.case
    if case.since and case.reviewer != actor.id:
        raise Claimed("Somebody else has this case.", reviewer=case.reviewer, since_at=wire_time(case.since))


def guard_claimable(dispute: Dispute, actor: Actor, at: datetime) -> None:
    """Free, or one's own; support hands over what anybody has."""
    if "case_team" in actor.roles and "support" not in actor.roles:
        guard_not_claimed(dispute, actor, at)
        guard_may_decide(dispute, actor.id)


def guard_may_decide(dispute: Dispute, reviewer: str) -> None:
    """G15: no party of the order, and for an appeal nobody who decided before."""
    if reviewer in (dispute.opened.buyer_id, dispute.opened.seller_id):
        raise ConflictOfInterest("Somebody who is neither buyer nor seller of the order has to do this.")
    ruled = dispute.case.ruled
    if dispute.state == DisputeState.APPEAL_REVIEW and ruled and reviewer in (ruled.decided_by, ruled.agreed_by):
        raise SameReviewer("Somebody else than who decided has to decide the appeal.")


def second_person_for(kind: ProposalKind) -> Callable[[Dispute, Actor, datetime], None]:
    """The guard of a second person's word on what is proposed of this kind."""

    def guard_second_person(dispute: Dispute, actor: Actor, at: datetime) -> None:
        """Such a thing waits for a second person, who is neither the first one nor barred from deciding (G15), and
        rests on all the evidence that there is (G13).
        """
        made = dispute.case.proposal
        if not made or made.kind != kind or made.expires_at <= at:
            raise WrongPhase("Nothing waits for a second person.", state=dispute.state)
        if made.by == actor.id:
            raise SameReviewer("You proposed this: somebody else has to agree.")
        guard_may_decide(dispute, actor.id)
        if made.ruling and {item.evidence_id for item in made.ruling.weights} != dispute.evidence.to_weigh:
            raise WrongPhase("Evidence has come since: it is to be decided anew.", state=dispute.state)

    return guard_second_person


def guard_nothing_passed(dispute: Dispute, _: Actor, __: datetime) -> None:
    """T27: pieces that passed the inspection are paid for, so that the dispute comes to that at least."""
    if passed(dispute):
        raise WrongPhase("Pieces that passed the inspection were paid for: it cannot be undone.", state=dispute.state)


def guard_not_cancelled(dispute: Dispute, _: Actor, __: datetime) -> None:
    """T45: a cancelled order has settled its dispute, and nobody settles it otherwise."""
    if dispute.cancelled:
        raise WrongPhase("The order was cancelled, and all of it goes back.", state=dispute.state)


def guard_releasable(dispute: Dispute, actor: Actor, at: datetime) -> None:
    """Somebody has the case, and it is that one or support who gives it back."""
    if not dispute.case.reviewer:
        raise WrongPhase("Nobody has the case.", state=dispute.state)
    if "support" not in actor.roles:
        guard_not_claimed(dispute, actor, at)


def guard_window_over(dispute: Dispute, _: Actor, at: datetime) -> None:
    """G8: as long as evidence is gathered, the review cannot start (T13)."""
    until = dispute.evidence_until
    if until and at < until:
        raise WrongPhase("Evidence is still gathered.", state=dispute.state, allowed_at=until)


def guard_not_appealed(dispute: Dispute, actor: Actor, _: datetime) -> None:
    """G14 (K18): nobody has decided for good, and this party has not appealed this decision."""
    if dispute.case.by_support:
        raise NotAppealable("Support has decided, and not the case team.", state=dispute.state)
    if not dispute.case.appeal_until:
        raise AppealWindowOver("The days for an appeal are over.")
    if dispute.parties.side_of(actor) in dispute.case.appealed_by:
        raise AlreadyAppealed("You have appealed this decision.")


def guard_other_decider(dispute: Dispute, actor: Actor, _: datetime) -> None:
    """G15: decided by somebody else than the decision."""
    guard_may_decide(dispute, actor.id)


def guard_appeals_complete(dispute: Dispute, _: Actor, at: datetime) -> None:
    """G15: the other party has appealed as well, or cannot any more."""
    until = dispute.case.appeal_until
    if until and at < until and len(dispute.case.appealed_by) < 2:
        raise OtherPartyMayAppeal("The other party may still appeal.", allowed_at=until)


def guard_survey(dispute: Dispute, _: Actor, at: datetime) -> None:
    """S56: after a result of the case team, within its days, once."""
    case = dispute.case
    if case.survey_until is None or case.survey:
        raise WrongPhase("There is no result of the case team to ask about, or it was answered.", state=dispute.state)
    DeadlinePassed.unless_before(case.survey_until, at)


def guard_undecided(dispute: Dispute, _: Actor, __: datetime) -> None:
    """K9: what a carrier tells is no evidence where nobody can decide any more."""
    decided = dispute.state == DisputeState.DECIDED
    if decided and (dispute.case.by_support or not dispute.case.appeal_until):
        raise WrongPhase("Nobody decides on it any more.", state=dispute.state)


def guard_awaited(dispute: Dispute, _: Actor, __: datetime) -> None:
    """T40: something is to come in the place of the goods."""
    if not dispute.replacement.is_awaited:
        raise WrongPhase("Nothing is to be sent in the place of the goods.", state=dispute.state)


def guard_sent(dispute: Dispute, actor: Actor, at: datetime) -> None:
    """T40: and the seller has told of the parcel, which a carrier's word can only be about."""
    guard_awaited(dispute, actor, at)
    if not dispute.replacement.shipped:
        raise WrongPhase("The seller has told of no parcel.", state=dispute.state)


def guard_unsent(dispute: Dispute, actor: Actor, at: datetime) -> None:
    """T40: and nobody has said that it was sent."""
    guard_awaited(dispute, actor, at)
    if dispute.replacement.shipped:
        raise WrongPhase("It was sent already.", state=dispute.state)
