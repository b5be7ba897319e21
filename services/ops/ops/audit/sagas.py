"""Sagas: whatever one service asks of another is answered as it was asked, and every outcome is noted and told once."""

from __future__ import annotations

from collections.abc import Mapping

from ops.audit.check import Check
from ops.audit.facts import Facts

FAULTS = ("unanswered", "unasked", "unnoted", "unsaid", "untold", "twice", "different", "uncaptured")
ANSWERS = (
    ("RefundDue", "RefundRequested", "RefundRefused"),
    ("ReturnDue", "ReturnRequested", "ReturnRequested"),
    ("RefundRequested", "RefundApproved", "RefundApproved"),
    ("RefundsFrozen", "ExternalChargebackOpened", "ExternalChargebackOpened"),
    ("RefundsUnfrozen", "ExternalChargebackResolved", "ExternalChargebackResolved"),
)
"""What asks, and what may answer."""
AGAIN = (("RefundReRequested", "RefundDue", "RefundNotDue"), ("RefundNotDue", "RefundRefused", "RefundRefused"))
"""What support asks for again is asked for by its dispute or order, or withdrawn, and then refused (T30a)."""

UNANSWERED = """
select asked.id, asked.about from fact asked where asked.name = ? and asked.settled
and not exists (select 1 from fact answer where answer.about = asked.about and answer.name in (?, ?))
"""
# A return that is withdrawn: its label becomes void, or the parcel was on its way, or its time was over.
NOT_WITHDRAWN = """
select asked.id, asked.about from fact asked where asked.name = 'ReturnNotDue' and asked.settled
and not exists (select 1 from fact answer where answer.about = asked.about
    and answer.name in ('ReturnLabelVoided', 'ReturnShipped', 'ReturnReceived', 'ReturnLapsed'))
"""
UNASKED = """
select answer.id, answer.about from fact answer where answer.name in (?2, ?3) and answer.settled
and not exists (select 1 from fact asked where asked.about = answer.about and asked.name = ?1)
and not (answer.name = 'RefundRefused' and exists (
    select 1 from fact gone where gone.about = answer.about and gone.name = 'RefundNotDue'))
"""
DIFFERENT = {
    "not what support asks for again": """
        select b.id from fact b join fact a on a.about = b.about and a.name = 'RefundReRequested'
        where b.name in ('RefundDue', 'RefundRefused')
            and not (a.money = b.money and a.order_id is b.order_id and a.dispute_id is b.dispute_id)""",
    "not what RefundDue asks": """
        select b.id from fact b join fact a on a.about = b.about and a.name = 'RefundDue'
        where b.name = 'RefundRequested' and not (a.money = b.money and a.order_id is b.order_id
            and a.dispute_id is b.dispute_id and a.source is b.source and (a.payment_id is b.payment_id
                or exists (select 1 from fact c where c.stream = b.stream and c.name = 'PaymentCaptured'
                    and c.payment_id is a.payment_id)))""",
    "refused is not what RefundDue asks": """
        select b.id from fact b join fact a on a.about = b.about and a.name = 'RefundDue'
        where b.name = 'RefundRefused' and not (a.money = b.money and a.order_id is b.order_id)""",
    "not what was requested": """
        select b.id from fact b join fact a on a.about = b.about and a.name = 'RefundRequested'
        where b.name = 'RefundApproved' and not (a.units is b.units and a.currency is b.currency)""",
    "not the part that was requested": """
        select b.id from fact b join asked a on a.part_id = b.part_id
        where b.name in ('RefundIssued', 'RefundPartIssued', 'RefundFailed', 'RefundSentToManual',
                'RefundPartAbandoned', 'RefundDoubtEnded', 'RefundReturnedByBank', 'RefundRetried')
            and not (a.money = b.money and a.order_id is b.order_id and a.dispute_id is b.dispute_id)""",
    "not the parts that went": """
        select b.id from fact b where b.name = 'RefundIssued'
            and exists (select 1 from asked where asked.refund_id = b.about and asked.part_id <> b.about)
            and b.units is not (select sum(case name when 'RefundPartIssued' then units else -units end) from fact went
                where went.about = b.about and went.name in ('RefundPartIssued', 'RefundReturnedByBank')
                and not exists (select 1 from fact known where known.part_id = went.part_id
                    and known.name = 'RefundDoubtEnded' and known.to_note = 'found_paid')
                and not exists (select 1 from fact back where back.stream = b.stream and back.about = b.about
                    and back.name = 'RefundReturnedByBank' and back.version > b.version
                    and back.version <= went.version))""",
    "given up, and not what was requested or refused": """
        select b.id from fact b join fact a on a.about = b.about and a.name in ('RefundRequested', 'RefundRefused')
        where b.name = 'RefundAbandoned'
            and not (a.money = b.money and a.order_id is b.order_id and a.dispute_id is b.dispute_id)""",
    "given up after it was paid": """
        select b.id from fact b join fact a on a.stream = b.stream and a.about = b.about and a.name = 'RefundIssued'
        where b.name = 'RefundAbandoned' and a.version < b.version and not exists (select 1 from fact back
            where back.about = b.about and back.name = 'RefundReturnedByBank' and back.version > a.version)""",
    "not to the destination that was approved": """
        select b.id from fact b join fact a on a.about = b.about and a.name = 'RefundApproved'
        where b.name = 'RefundIssued' and a.destination is not b.destination""",
    "to a bonus that was not chosen": """
        select b.id from fact b where b.name = 'RefundApproved' and b.destination = 'bonus'
            and 'bonus' is not (select a.destination from fact a where a.stream = b.stream
            and a.name = 'RefundDestinationChosen' and a.version < b.version order by a.version desc limit 1)""",
    "not what ReturnDue asks": """
        select b.id from fact b join fact a on a.about = b.about and a.name = 'ReturnDue'
        where b.name = 'ReturnRequested' and not (a.parts is b.parts and a.order_id is b.order_id
            and a.dispute_id is b.dispute_id)""",
    "not the solution that was reached": """
        select b.id from fact b join fact a on a.stream = b.stream and a.name = 'SolutionReached'
        where b.name = 'RefundDue' and b.source = 'agreement' and a.version = (select max(c.version) from fact c
            where c.stream = b.stream and c.name = 'SolutionReached' and c.version < b.version)
            and not (a.units is b.units and a.currency is b.currency)
            and not exists (select 1 from fact passed where passed.stream = b.stream and passed.name = 'RefundDue'
                and passed.source = 'return')
            and not exists (select 1 from fact again where again.about = b.about
                and again.name = 'RefundReRequested')""",
    "confirmed, and not what was issued": """
        select b.id from fact b where b.name = 'RefundConfirmed' and not exists (select 1 from fact a
            where a.id = b.source_event and a.name = 'RefundIssued' and a.about = b.about and a.units is b.units
            and a.currency is b.currency and a.order_id is b.order_id and a.dispute_id is b.dispute_id)""",
    "not what its event says": """
        select b.id from fact b join fact a on a.id = b.source_event
        where (b.name = 'RefundNoted' and not (a.money = b.money and a.about is b.about and a.order_id is b.order_id))
            or (b.name = 'ReturnNoted' and a.about is not b.about)
            or (b.name in ('RefundNoted', 'ReturnNoted') and a.to_note is not b.outcome
                and not (b.outcome is case a.to_note when 'issued' then 'issued_again' when 'failed' then 'failed_again'
                    when 'sent_to_manual' then 'with_people' when 'abandoned' then 'given_up' end
                and exists (select 1 from fact back
                where back.stream = a.stream and back.about = a.about and back.name = 'RefundReturnedByBank'
                and back.version < a.version)))""",
}

# What was paid is noted once, whatever it was heard from: a log that was restored may say it again under another id.
# So is that a bank has credited it, or that nobody says so, until it comes back. No doubt is kept of what came back.
UNNOTED = """
select said.id, kind.category || case kind.category when 'dispute-' then said.dispute_id else said.order_id end as place
from fact said, (select 'dispute-' as category union all select 'order-') as kind
where said.to_note is not null and said.settled
    and case kind.category when 'dispute-' then said.dispute_id is not null
        else said.refund_id is not null or said.dispute_id is null end
    and not exists (select 1 from fact note where note.source_event = said.id and note.stream = place)
    and not (said.name = 'RefundIssued' and exists (select 1 from fact note where note.about = said.about
        and note.name = 'RefundNoted' and note.outcome = 'issued' and note.stream = place))
    and not (said.to_note in ('settled', 'overdue') and exists (select 1 from fact note where note.about = said.about
        and note.name = 'RefundNoted' and note.outcome in ('settled', said.to_note) and note.stream = place
        and not exists (select 1 from fact heard where heard.id = note.source_event
            and (heard.version > said.version or exists (select 1 from fact back where back.stream = said.stream
                and back.about = said.about and back.name = 'RefundReturnedByBank'
                and back.version between heard.version and said.version)))))
    and not (said.name = 'RefundDoubtEnded' and exists (select 1 from fact back
        where back.stream = said.stream and back.about = said.about
        and back.name = 'RefundReturnedByBank' and back.version < said.version))
"""
UNSAID = """
select note.id from fact note left join fact said on said.id = note.source_event and said.to_note is not null
where note.name in ('RefundNoted', 'ReturnNoted') and note.settled and said.id is null
"""
TWICE = {
    "the same note": """
        select min(id) as id from fact where name in ('RefundNoted', 'ReturnNoted')
        group by source_event, stream having count(*) > 1""",
    "noted as paid": """
        select min(id) as id from fact where name = 'RefundNoted' and outcome = 'issued'
        group by about, stream having count(*) > 1""",
    "asked, answered or paid": """
        select min(id) as id, name from fact where name in ('RefundDue', 'RefundRequested', 'RefundRefused',
            'RefundApproved', 'RefundAbandoned', 'RefundReRequested', 'RefundNotDue', 'ReturnDue', 'ReturnRequested')
        group by about, name having count(*) > 1""",
    "issued": """
        select min(id) as id from fact where name in ('RefundIssued', 'RefundReturnedByBank')
        group by about having sum(case name when 'RefundIssued' then 1 else -1 end) > 1""",
    "captured": """
        select min(id) as id from fact where name = 'PaymentCaptured'
        group by order_id, payment_id, about having count(*) > 1""",
    "closed": "select min(id) as id from fact where name = 'DisputeClosed' group by stream having count(*) > 1",
    "confirmed": """
        select min(id) as id from fact where name = 'RefundConfirmed' group by source_event having count(*) > 1""",
    "told": "select min(id) as id from fact where name = 'NotificationRequested' group by stream having count(*) > 1",
}
# The sign keeps SQLite from the index of names, by which every cause would look at every notification.
UNTOLD = """
select cause.id, cause.people from fact cause where cause.people is not null and cause.settled and cause.people <>
    (select count(*) from fact told where +told.name = 'NotificationRequested' and told.source_event = cause.id)
"""
# Each time that a refund is issued is confirmed once, and nothing else is.
UNCONFIRMED = """
select issued.id from fact issued where issued.name = 'RefundIssued' and issued.settled and 1 <> (select count(*)
    from fact said where +said.name = 'RefundConfirmed' and said.source_event = issued.id and said.about = issued.about)
"""
UNCAPTURED = """
select paid.fact as id, paid.payment_id, paid.line_id from part paid
where paid.name in ('OrderPaid', 'OrderCaptured') and paid.settled
and not exists (select 1 from part taken where taken.name = 'PaymentCaptured' and taken.order_id = paid.order_id
    and taken.payment_id is paid.payment_id and taken.line_id = paid.line_id and taken.units = paid.units
    and taken.currency = paid.currency)
"""


def saga_check(facts: Facts) -> Check:
    """Every question that the services ask each other, and its answer."""
    check = Check.of("sagas", *FAULTS)
    for what, count in facts.ask("select name, count(*) from fact where name in ('RefundDue', 'ReturnDue') group by 1"):
        check.see(what, count)
    check.see("notes", facts.count("select count(*) from fact where name in ('RefundNoted', 'ReturnNoted')"))
    for names in ANSWERS:
        _report(check, "unanswered", facts, {"no answer to": UNANSWERED}, *names)
        _report(check, "unasked", facts, {"nobody asked for": UNASKED}, *names)
    for names in AGAIN:
        _report(check, "unanswered", facts, {"no answer to": UNANSWERED}, *names)
    _report(check, "unanswered", facts, {"no answer to": NOT_WITHDRAWN})
    _report(check, "unasked", facts, {"nobody asked for": UNASKED}, "RefundReRequested", *["RefundNotDue"] * 2)
    _report(check, "unasked", facts, {"nobody asked for": UNASKED}, "ReturnNotDue", *["ReturnLabelVoided"] * 2)
    _report(check, "unnoted", facts, {"not noted on": UNNOTED})
    _report(check, "unsaid", facts, {"a note of what no event says": UNSAID})
    _report(check, "untold", facts, {"not told to as many as": UNTOLD})
    _report(check, "untold", facts, {"not confirmed once": UNCONFIRMED})
    _report(check, "twice", facts, {f"twice: {what}": question for what, question in TWICE.items()})
    _report(check, "different", facts, DIFFERENT)
    _report(check, "uncaptured", facts, {"no capture of this amount of payment and line": UNCAPTURED})
    return check


def _report(check: Check, fault: str, facts: Facts, questions: Mapping[str, str], *values: object) -> None:
    for words, question in questions.items():
        for event_id, *about in facts.ask(question, *values):
            check.fault(fault, " ".join([f"{event_id}: {words}", *map(str, about)]))
