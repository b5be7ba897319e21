"""Money that is asked back: of whom it may be, how often, and where it is once it has come (K18, K19).

Part of the check of the money (`money.py`).
"""

from __future__ import annotations

from ops.audit.check import Check
from ops.audit.entry import in_words
from ops.audit.facts import Facts

# Of the buyer only what was paid can be asked back, and only what is asked back withdrawn.
CLAWED = """
with said as (
    select order_id, line_id, currency,
        sum(case name when 'ClawbackRequested' then units when 'ClawbackNotDue' then -units else 0 end) as back,
        sum(case when name = 'RefundIssued' then units else 0 end) as refunds
    from part where name = 'RefundIssued' or name in ('ClawbackRequested', 'ClawbackNotDue') and party = 'buyer'
    group by order_id, line_id, currency
)
select * from said where back > refunds or back < 0
"""
# One request has one life: it is made once, and ends once: withdrawn, settled or failed.
ASKED_TWICE = """
select about as clawback_id, order_id, units, currency, count(*) as times from fact
where name in ('ClawbackRequested', 'ClawbackNotDue', 'ClawbackSettled', 'ClawbackFailed')
group by about, name = 'ClawbackRequested' having count(*) > 1
"""
# What ends is what was asked back, to the last line.
ENDED_UNASKED = """
select ended.about as clawback_id, ended.order_id, ended.units, ended.currency from fact ended
where ended.name in ('ClawbackSettled', 'ClawbackFailed') and not exists (select 1 from fact asked
    where asked.name = 'ClawbackRequested' and asked.about = ended.about and asked.money = ended.money)
"""
# What has come of a seller who gives it is the buyer's, by a refund of the same append.
NOT_GIVEN = """
select ended.about as clawback_id, ended.order_id, ended.units, ended.currency from fact ended
where ended.name = 'ClawbackSettled' and ended.dispute_id is null and not exists (select 1 from fact due
    where due.stream = ended.stream and due.version = ended.version + 1 and due.name = 'RefundDue'
    and due.money = ended.money)
"""
# What a buyer's clawback leaves to a seller who was not paid yet is released with its end, no more and no less.
NOT_LEFT = """
with said as (
    select fact.about as clawback_id, part.order_id, part.line_id, part.currency,
        sum(case when part.name = 'PaymentReleased' then 0 else part.units end) as back,
        sum(case when part.name = 'PaymentReleased' then part.units else 0 end) as released,
        max(fact.settled) as is_settled
    from part join fact on fact.id = part.fact
    left join disputed on disputed.dispute_id = part.dispute_id and disputed.line_id = part.line_id
    where fact.about is not null and (part.name = 'PaymentReleased'
        or part.name in ('ClawbackSettled', 'ClawbackFailed') and part.party = 'buyer' and not coalesce(paid_out, 0))
    group by fact.about, part.order_id, part.line_id, part.currency
)
select * from said where back <> released and is_settled
"""
# All of a cancelled order's money goes back, and none of it is asked for again.
LEFT_ASKED = """
with said as (
    select order_id, line_id, currency, sum(case name when 'ClawbackRequested' then units else -units end) as back
    from part where name in ('ClawbackRequested', 'ClawbackNotDue') and party = 'buyer'
    group by order_id, line_id, currency
)
select said.* from said join ordered on ordered.order_id = said.order_id
where ordered.settled and ordered.cancelled and said.back > 0
"""

FAULTS = ("clawed_unpaid", "clawed_twice", "asked_back", "clawed_unasked", "not_left", "not_given")


def look(check: Check, facts: Facts) -> None:
    """Every clawback, of a dispute or of a seller who gives."""
    for row in facts.ask(CLAWED):
        back, paid = in_words(row["back"], row["currency"]), in_words(row["refunds"], row["currency"])
        check.fault("clawed_unpaid", f"{_line(row)}: {back} asked back of {paid}")
    for row in facts.ask(ASKED_TWICE):
        amount = in_words(row["units"], row["currency"])
        said = f"{row['clawback_id']} of order {row['order_id']}, {amount}"
        check.fault("clawed_twice", f"{said}: asked back, or ended, {row['times']} times")
    for row in facts.ask(ENDED_UNASKED):
        amount = in_words(row["units"], row["currency"])
        check.fault("clawed_unasked", f"{row['clawback_id']} of order {row['order_id']}, {amount}: never asked so")
    for row in facts.ask(NOT_GIVEN):
        amount = in_words(row["units"], row["currency"])
        check.fault(
            "not_given", f"{row['clawback_id']} of order {row['order_id']}, {amount}: it came, and goes to nobody"
        )
    for row in facts.ask(NOT_LEFT):
        back, released = (in_words(row[name], row["currency"]) for name in ("back", "released"))
        check.fault("not_left", f"{_line(row)}: {back} of {row['clawback_id']} ended, and {released} were released")
    for row in facts.ask(LEFT_ASKED):
        check.fault("asked_back", f"{_line(row)}, which is cancelled: {in_words(row['back'], row['currency'])}")


def _line(row: object) -> str:
    return f"line {row['line_id']} of order {row['order_id']}"  # type: ignore[index]
