"""Books = events: every entry balances, so the trial balance closes at every position, and nothing is paid that is not
held.
"""

from __future__ import annotations

from ops.audit.check import Check, Tell
from ops.audit.entry import in_words
from ops.audit.facts import Facts

UNBALANCED = """
select fact, currency, sum(debit) as debits, sum(credit) as credits from journal
group by fact, currency having sum(debit) <> sum(credit)
"""
# Between two logs there is no common moment: what went is counted once whatever it went out of must be known.
OVERDRAWN = """
select order_id, line_id, currency, sum(credit) as taken, sum(case when settled then debit else 0 end) as went
from journal where account = 'held'
group by order_id, line_id, currency having sum(case when settled then debit else 0 end) > sum(credit)
"""
FAULTS = ("unbalanced", "overdrawn")


def books_check(facts: Facts, tell: Tell | None = None) -> Check:
    """Every entry of the journal, and what is held of every line."""
    check = Check.of("books", *FAULTS, tell=tell)
    check.see("entries", facts.count("select count(distinct fact) from journal"))
    check.see("currencies", facts.count("select count(distinct currency) from journal"))
    for row in facts.ask(UNBALANCED):
        debits, credits = (in_words(row[side], row["currency"]) for side in ("debits", "credits"))
        check.fault("unbalanced", f"{row['fact']}: debits of {debits}, credits of {credits}")
    for row in facts.ask(OVERDRAWN):
        went, taken = (in_words(row[name], row["currency"]) for name in ("went", "taken"))
        check.fault("overdrawn", f"line {row['line_id']} of order {row['order_id']}: {went} went of {taken} held")
    return check
