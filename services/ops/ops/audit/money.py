"""Money by line: what was released and refunded, and what is still to be refunded, is never more than was captured.

Counted from the events of both logs, and for each payment by itself. That none is paid twice is `ledger.py`'s.
"""

from __future__ import annotations

from ops.audit import asked_back
from ops.audit.check import Check, Tell
from ops.audit.entry import in_words
from ops.audit.facts import Facts

# What was requested and is given up is owed no more, unless it was paid all the same; what was given up in doubt may
# have been, until it is found unpaid.
GIVEN_UP = """
create temp view given_up as
select part_id from fact gone where name in ('RefundAbandoned', 'RefundPartAbandoned')
and (not in_doubt or exists (select 1 from fact known where known.part_id = gone.part_id
    and known.name = 'RefundDoubtEnded' and known.to_note = 'found_unpaid'))
and not exists (select 1 from fact paid where paid.part_id = gone.part_id and paid.name in ('RefundIssued',
    'RefundPartIssued'))
"""
# A refund that failed for good or lies with people is owed still: it counts until it is refused or given up.
# What is refunded after the seller was paid is asked of him, or back of the buyer: that much may go twice. So may what
# was refunded and is the seller's by a later word, once the buyer's clawback has ended; and what a seller gives of what
# it was paid, once it has come.
LINES = """
with said as (
    select part.order_id, part.line_id, currency,
        sum(case when name in ('OrderPaid', 'OrderCaptured') then units else 0 end) as captured,
        sum(case when name = 'PaymentReleased' and part.settled then units else 0 end) as released,
        sum(case when name = 'RefundRequested' and part.settled and refund_id not in given_up then units else 0 end)
            as refunds,
        sum(case when part.dispute_id is null then
                case when name = 'ClawbackSettled' then units else 0 end
            when name in ('ClawbackSettled', 'ClawbackFailed') then
                case when party = 'buyer' and not coalesce(paid_out, 0) then units else 0 end
            when not coalesce(paid_out, 0) then 0 when name = 'ClawbackRequested' then units
            when name = 'ClawbackNotDue' then -units else 0 end) as back
    from part left join disputed on disputed.dispute_id = part.dispute_id and disputed.line_id = part.line_id
    where name in ('OrderPaid', 'OrderCaptured', 'PaymentReleased', 'RefundRequested', 'ClawbackRequested',
        'ClawbackNotDue', 'ClawbackSettled', 'ClawbackFailed')
    group by part.order_id, part.line_id, currency
)
select * from said where released + refunds > captured + back
"""
PAYMENTS = """
with said as (
    select order_id, payment_id, line_id, currency,
        sum(case when name = 'PaymentCaptured' then units else 0 end) as captured,
        sum(case when name = 'RefundRequested' and refund_id not in given_up then units else 0 end) as refunds
    from part where name in ('PaymentCaptured', 'RefundRequested') group by order_id, payment_id, line_id, currency
)
select * from said where refunds > captured
"""
TOTALS = """
with said as (
    select order_id, payment_id, null as line_id, currency, sum(captured) as captured, sum(refunds) as refunds from (
        select order_id, payment_id, currency, units as captured, 0 as refunds from fact
            where name = 'PaymentCaptured'
        union all
        select order_id, payment_id, currency, 0, units from asked where part_id not in given_up
    ) group by order_id, payment_id, currency
)
select * from said where refunds > captured
"""
# Once an order is complete nothing of it is left: what was captured went to the seller or back to the buyer, if need be
# by a bank; what is taken of it later goes on at once.
LOST = """
with said as (
    select order_id, line_id, currency,
        sum(case when name = 'OrderPaid' or name = 'OrderCaptured' and settled then units else 0 end) as captured,
        sum(case when name = 'PaymentReleased' then units else 0 end) as released,
        sum(case when name in ('RefundIssued', 'RefundDoubtEnded', 'RefundsUnfrozen') then units else 0 end) as refunds
    from part where name in ('OrderPaid', 'OrderCaptured', 'PaymentReleased', 'RefundIssued',
        'RefundsUnfrozen')
        or name = 'RefundDoubtEnded' and fact in (select id from fact where to_note = 'found_paid')
    group by order_id, line_id, currency
)
select said.* from said where released + refunds < captured
and exists (select 1 from fact where name = 'OrderCompleted' and settled and fact.stream = 'order-' || said.order_id)
"""
# Once, and once more for what a seller gave and was given up, or what was taken later.
RELEASED_TWICE = """
select part.order_id, part.line_id, part.currency, count(*) as times from part join fact on fact.id = part.fact
where part.name = 'PaymentReleased'
group by part.order_id, part.line_id, part.currency, coalesce(fact.about, fact.dispute_id, '') having count(*) > 1 + (
    select count(*) from part freed where freed.order_id = part.order_id and freed.line_id = part.line_id
    and (freed.name = 'RefundDoubtEnded' or freed.dispute_id is null
        and freed.name in ('RefundAbandoned', 'RefundPartAbandoned', 'RefundReRequested', 'OrderCaptured')))
"""
SUMS = """
select fact.id, fact.units, fact.currency, coalesce(sum(part.units), 0) as parts
from fact left join part on part.fact = fact.id
where fact.name in ('RefundDue', 'RefundRequested', 'RefundPartIssued', 'RefundIssued', 'RefundPartAbandoned',
    'RefundAbandoned', 'RefundReRequested', 'RefundDoubtEnded', 'RefundReturnedByBank', 'PaymentReleased',
    'OrderCaptured', 'PaymentCaptured', 'ClawbackRequested', 'ClawbackNotDue', 'ClawbackSettled', 'ClawbackFailed')
group by fact.id having fact.units <> coalesce(sum(part.units), 0) or max(part.currency <> fact.currency)
"""
# The money of a line waits for a dispute, or a return without one, exactly as long as that goes on.
HELD_FOR_NOBODY = """
select hold.* from hold
left join disputed on disputed.dispute_id = hold.dispute_id and disputed.line_id = hold.line_id
where hold.settled and (disputed.dispute_id is null or (disputed.state = 'closed' and disputed.settled))
and not exists (select 1 from fact due where due.name = 'ReturnDue' and due.about = hold.dispute_id
    and due.dispute_id is null and not exists (select 1 from fact note where note.name = 'ReturnNoted'
        and note.about = due.about and note.settled
        and note.outcome in ('voided', 'denied', 'lapsed', 'failed', 'lost_by_own_carrier')))
"""
# What waits for an open dispute is still there.
RELEASED_HELD = "select * from hold where short > 0 and settled"
# While a bank decides no seller is paid, and no dispute ends.
BEFORE_THE_BANK = """
select one.* from fact one join fact opened on opened.stream = one.stream and opened.name = 'ExternalChargebackOpened'
    and opened.version < one.version
where one.name in ('PaymentReleased', 'DisputeClosed') and one.about is null and one.settled and not exists (
    select 1 from fact ended where ended.stream = opened.stream and ended.about = opened.about
    and ended.name = 'ExternalChargebackResolved' and ended.version < one.version)
"""
NOT_HELD = """
select disputed.* from disputed join ordered on ordered.order_id = disputed.order_id
where disputed.settled and ordered.settled and disputed.state <> 'closed' and not exists (
    select 1 from hold where hold.dispute_id = disputed.dispute_id and hold.line_id = disputed.line_id)
"""


FAULTS = (
    "over_line",
    "over_payment",
    "released_twice",
    "lost",
    "unequal_sum",
    "held",
    "not_held",
    "released_held",
    "before_the_bank",
    *asked_back.FAULTS,
)


def money_check(facts: Facts, tell: Tell | None = None) -> Check:
    """What became of the money of every line and every payment."""
    check = Check.of("money", *FAULTS, tell=tell)
    list(facts.ask(GIVEN_UP))
    check.see("lines", facts.count("select count(distinct order_id || char(10) || line_id) from part"))
    for row in facts.ask(LINES):
        went = in_words(row["released"] + row["refunds"], row["currency"])
        taken = in_words(row["captured"], row["currency"])
        check.fault("over_line", f"{_line(row)}: {went} were released and refunded, and {taken} paid")
    for question in (PAYMENTS, TOTALS):
        for row in facts.ask(question):
            went, taken = (in_words(row[name], row["currency"]) for name in ("refunds", "captured"))
            name = f"payment {row['payment_id']}, {_line(row) if row['line_id'] else 'order ' + row['order_id']}"
            check.fault("over_payment", f"{name}: refunds of {went} were asked for, and {taken} captured")
    for row in facts.ask(LOST):
        missing = row["captured"] - row["released"] - row["refunds"]
        check.fault("lost", f"{_line(row)}: {in_words(missing, row['currency'])} went to nobody")
    _rest(check, facts)
    return check


def _rest(check: Check, facts: Facts) -> None:
    for row in facts.ask(RELEASED_TWICE):
        check.fault("released_twice", _line(row))
    for row in facts.ask(SUMS):
        said, parts = in_words(row["units"], row["currency"]), in_words(row["parts"], row["currency"])
        check.fault("unequal_sum", f"{row['id']}: {said}, and its lines {parts}")
    asked_back.look(check, facts)
    for row in facts.ask(BEFORE_THE_BANK):
        check.fault("before_the_bank", f"{row['id']}: {row['name']}, and a chargeback was open")
    for row in facts.ask(HELD_FOR_NOBODY):
        check.fault("held", f"{_line(row)} for {row['dispute_id']}, which is not open")
    for row in facts.ask(NOT_HELD):
        check.fault("not_held", f"{_line(row)} for {row['dispute_id']}, which is open")
    for row in facts.ask(RELEASED_HELD):
        short = in_words(row["short"], row["currency"])
        check.fault("released_held", f"{_line(row)} for {row['dispute_id']}, which is open: {short} of what waits went")


def _line(row: object) -> str:
    return f"line {row['line_id']} of order {row['order_id']}"  # type: ignore[index]
