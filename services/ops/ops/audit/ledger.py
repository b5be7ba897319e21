"""Ledger = events: every refund that was issued moved its money once, as it was asked, and nothing else moved.

What people paid by hand is in the bank's books alone: in the provider's it would stand for a second payment.
"""

from __future__ import annotations

from ops.audit.check import Check, Tell
from ops.audit.entry import in_words
from ops.audit.facts import Facts

# What went, by part: the provider knows each under its own id, which is the refund's where one payment gives it.
WENT = """
create temp view went as
select issued.*, coalesce(issued.destination, approved.destination) as to_destination from fact issued
left join fact approved on approved.about = issued.about and approved.name = 'RefundApproved'
where issued.name = 'RefundPartIssued' or issued.name = 'RefundIssued'
    and not exists (select 1 from asked where asked.refund_id = issued.about and asked.part_id <> issued.about)
"""
MISSING = """
select part_id as refund_id, min(units) as units, currency from went where settled and not manual
group by part_id, currency
having count(*) > (select count(*) from movement m where m.kind = 'refund' and m.refund_id = went.part_id)
"""
# What a bank sends back comes in, and is paid once more.
NOT_BACK = """
select part_id as refund_id, units, currency from fact back where name = 'RefundReturnedByBank' and settled
and not exists (select 1 from movement m where m.kind = 'return' and m.refund_id = back.part_id)
"""
BY_HAND_TOO = """
select distinct m.refund_id from movement m join went on went.part_id = m.refund_id and went.manual
where m.kind = 'refund' and not exists (
    select 1 from fact back where back.part_id = went.part_id and back.name = 'RefundReturnedByBank')
"""
TWICE = """
select refund_id, count(*) as times from movement where kind in ('refund', 'return')
group by refund_id having sum(case kind when 'refund' then 1 else -1 end) > 1
"""
ISSUED_TWICE = """
select part_id as refund_id, count(*) as times from went group by part_id having count(*) > 1 + (
    select count(*) from fact back where back.part_id = went.part_id and back.name = 'RefundReturnedByBank')
"""
# What people say of the bank's books; of a provider's answer two clocks may differ.
TOO_EARLY = """
select went.part_id as refund_id, went.at as issued_at, asked.at as requested_at from went
join fact asked on asked.about = went.about and asked.name = 'RefundRequested'
where went.manual and went.at < asked.at
"""
# What is approved and not issued yet may just have been paid: no fault while its outcome is under way. What was given
# up is not paid any more.
UNASKED = """
select m.*, exists (select 1 from asked join fact approved on approved.about = asked.refund_id
        and approved.name = 'RefundApproved' where asked.part_id = m.refund_id)
    and not exists (select 1 from fact gone where gone.part_id = m.refund_id
        and gone.name in ('RefundAbandoned', 'RefundPartAbandoned')) as approved
from movement m where m.kind = 'refund' and not exists (select 1 from went where went.part_id = m.refund_id)
"""
# A refund's order to pay names its payment; the books name the one that the money went back to.
BESIDE = """
create temp view beside as
select m.refund_id, m.units as went, m.currency as went_in, went.units, went.currency,
    m.payment_id, asked.payment_id as of_payment, m.destination, went.to_destination,
    m.order_id, went.order_id as of_order
from movement m join went on went.part_id = m.refund_id left join asked on asked.part_id = m.refund_id
where m.kind = 'refund'
"""
AMOUNT = "select * from beside where went <> units or went_in <> currency"
# A report need not say to which order or whither a movement went.
MISDIRECTED = """
select * from beside where payment_id is not of_payment or coalesce(order_id, of_order) is not of_order
    or coalesce(destination, to_destination) is not to_destination
"""
# The key of an attempt is `<refund id>/<number>`; a report need not name it.
OTHER_KEY = """
select refund_id, key from movement where kind = 'refund'
    and (rtrim(key, '0123456789') <> refund_id || '/' or key = refund_id || '/')
"""
# What other services were told, and the log that told it does not hold any more.
LOST = """
select note.id, note.about as refund_id, note.units, note.currency, note.source_event from fact note
where note.name = 'RefundNoted' and note.outcome = 'issued' and note.settled
and not exists (select 1 from fact issued where issued.about = note.about and issued.name = 'RefundIssued')
"""
# That money was taken is the shop's word: nothing here asks the provider before a refund. Orders that one payment is
# for have their shares of it.
CAPTURED = """
with said as (
    select payment_id, currency, units, 0 as taken, settled from fact where name = 'PaymentCaptured'
    union all
    select payment_id, currency, 0, units, 1 from movement where kind = 'capture'
        and payment_id in (select payment_id from fact where name = 'PaymentCaptured')
)
select payment_id, currency, sum(units) as said, sum(taken) as taken from said
group by payment_id, currency having sum(units) <> sum(taken) and min(settled)
"""
# What a bank took back of a refunded payment is known where somebody is to tell the bank of that.
OVER_CAP = """
select payment_id, currency, sum(case when kind in ('capture', 'crossed') then units else 0 end) as captured,
    sum(case when kind in ('capture', 'crossed') then 0 when kind in ('return', 'chargeback_reversed') then -units
        else units end) as went
from (
    select kind, payment_id, units, currency from movement
    union all
    select 'crossed', payment_id, units, currency from fact where name = 'RepresentmentDue'
    union all
    select 'by hand', asked.payment_id, went.units, went.currency from went
    join asked on asked.part_id = went.part_id where went.manual
) group by payment_id, currency having went > captured
"""
# What banks took back, and gave back, of each order: a report need not name the order.
CHARGED_BACK = """
with said as (
    select order_id, currency, credit - debit as booked, 0 as moved, settled from journal where account = 'charged_back'
    union all
    select order_id, currency, 0, case kind when 'chargeback' then units else -units end, 1 from movement
        where kind in ('chargeback', 'chargeback_reversed') and order_id is not null
)
select order_id, currency, sum(booked) as booked, sum(moved) as moved from said
group by order_id, currency having sum(booked) <> sum(moved) and min(settled)
"""


FAULTS = (
    *("missing", "twice", "lost", "too_early", "unasked", "different", "misdirected", "other_key", "over_cap"),
    "charged_back",
)


def ledger_check(facts: Facts, asked: bool, at_rest: bool, tell: Tell | None = None) -> Check:
    """The payment provider's books beside the refunds; without books only what was issued is counted."""
    check = Check.of("ledger", *FAULTS, tell=tell)
    list(facts.ask(WENT))
    check.see("refunds", facts.count("select count(*) from fact where name = 'RefundIssued'"))
    check.see("payments", facts.count("select count(*) from went"))
    check.see("by_hand", facts.count("select count(*) from went where manual"))
    check.see("effects", facts.count("select count(*) from movement where kind = 'refund'"))
    for row in facts.ask(ISSUED_TWICE):
        check.fault("twice", f"{row['refund_id']} is issued {row['times']} times in the log")
    for row in facts.ask(LOST):
        said = f"{row['refund_id']} of {in_words(row['units'], row['currency'])} is noted as paid by {row['id']}"
        check.fault("lost", f"{said}, and {row['source_event']} is not in the log")
    for row in facts.ask(TOO_EARLY):
        said = f"was paid by hand at {row['issued_at']} and requested at {row['requested_at']}"
        check.fault("too_early", f"{row['refund_id']} {said}")
    if not asked:
        check.see("not_asked")
        return check
    for row in facts.ask(MISSING):
        amount = in_words(row["units"], row["currency"])
        check.fault("missing", f"{row['refund_id']} of {amount} is issued, and the provider has not paid it")
    for row in facts.ask(NOT_BACK):
        amount = in_words(row["units"], row["currency"])
        check.fault("missing", f"{row['refund_id']} of {amount} came back, and the provider has not booked it")
    _unasked(check, facts, at_rest)
    _otherwise(check, facts)
    return check


def _unasked(check: Check, facts: Facts, at_rest: bool) -> None:
    for row in facts.ask(UNASKED):
        if row["approved"] and not at_rest:
            check.see("under_way")
        else:
            amount = in_words(row["units"], row["currency"])
            check.fault("unasked", f"{row['refund_id']} of {amount} went, and no event says so")


def _otherwise(check: Check, facts: Facts) -> None:
    list(facts.ask(BESIDE))
    for row in facts.ask(TWICE):
        check.fault("twice", f"{row['refund_id']} went {row['times']} times")
    for row in facts.ask(BY_HAND_TOO):
        check.fault("twice", f"{row['refund_id']} was paid by hand, and by the provider")
    for row in facts.ask(AMOUNT):
        went, said = in_words(row["went"], row["went_in"]), in_words(row["units"], row["currency"])
        check.fault("different", f"{row['refund_id']}: {said} was issued, {went} went")
    for row in facts.ask(MISDIRECTED):
        went = f"payment {row['payment_id']}, {row['destination']}, order {row['order_id']}"
        said = f"payment {row['of_payment']}, {row['to_destination']}, order {row['of_order']}"
        check.fault("misdirected", f"{row['refund_id']}: it went to {went}, and not to {said}")
    for row in facts.ask(OTHER_KEY):
        check.fault("other_key", f"{row['refund_id']} went under the key {row['key']!r}, which is not its own")
    for row in facts.ask(OVER_CAP):
        taken, went = in_words(row["captured"], row["currency"]), in_words(row["went"], row["currency"])
        check.fault("over_cap", f"{row['payment_id']}: {taken} were taken and {went} went back")

    for row in facts.ask(CHARGED_BACK):
        booked, moved = (in_words(row[name], row["currency"]) for name in ("booked", "moved"))
        said = f"order {row['order_id']}: events say that banks took {booked} back, the provider {moved}"
        check.fault("charged_back", said)


def captures_check(facts: Facts, tell: Tell | None = None) -> Check:
    """What shops say was taken, beside what the payment provider took: no promise of ours, so no part of the audit."""
    check = Check.of("captures", "captured", tell=tell)
    check.see("captures", facts.count("select count(*) from fact where name = 'PaymentCaptured'"))
    for row in facts.ask(CAPTURED):
        said, taken = (in_words(row[name], row["currency"]) for name in ("said", "taken"))
        check.fault("captured", f"payment {row['payment_id']}: events say {said}, the provider took {taken}")
    return check
