"""The plants: each a small change that somebody might make, and the tests that must notice it.

`old` stands once in its file; what moves there moves here, and a test says so.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Plant:
    """One bug: in `file`, `old` becomes `new`; `tests` are what is aimed at it."""

    name: str
    file: str
    old: str
    new: str
    tests: tuple[str, ...]


REFUND, DISPUTE = "services/refund/refund", "services/dispute/dispute"
SECOND_READING = "tests/services/ops/audit/test_second_reading.py"
DISPUTES, ORDERS = "tests/services/dispute/disputes", "tests/services/dispute/orders"
CHARGEBACKS = "tests/services/dispute/chargebacks"
PAYMENTS = "tests/services/refund/payments"

MONEY = (
    Plant(
        "what went back by law may be claimed once more",
        f"{DISPUTE}/domain/orders/line.py",
        "paid=self.sold.paid - claim.refunded",
        "paid=self.sold.paid",
        (f"{DISPUTES}/test_asked_of_seller.py",),
    ),
    Plant(
        "two disputes of one order ask their seller under one name",
        f"{DISPUTE}/domain/disputes/settlement.py",
        "(party, opened.dispute_id)",
        "(party,)",
        (f"{DISPUTES}/test_asked_of_seller.py",),
    ),
    Plant(
        "a new idempotency key for each retry",
        f"{REFUND}/gateways/port.py",
        'return f"{self.refund_id}/{self.attempt}"',
        'return f"{self.refund_id}/{self.attempt}/{id(self)}"',
        ("tests/laws/test_refund_cap.py", "tests/services/refund/test_effects.py"),
    ),
    Plant(
        "the cap forgets what is reserved",
        f"{REFUND}/domain/payments/allocation.py",
        "max(0, cap - by_line[line_id])",
        "cap",
        (PAYMENTS,),
    ),
    Plant(
        "lines need not add up to the amount",
        f"{REFUND}/domain/payments/request.py",
        "and sum(part.minor for part in parts) == command.amount.minor > 0",
        "and sum(part.minor for part in parts) >= command.amount.minor > 0",
        (PAYMENTS,),
    ),
    Plant(
        "a refund of a payment that is not the order's",
        f"{REFUND}/domain/payments/request.py",
        "if command.payment_id not in payment.captures:",
        "if not payment.captures:",
        (PAYMENTS,),
    ),
    Plant(
        "what is with people is no longer reserved",
        f"{REFUND}/domain/payments/refund.py",
        "return self.state is not RefundState.ABANDONED or self.doubts > 0",
        "return self.state not in (RefundState.ABANDONED, RefundState.MANUAL) or self.doubts > 0",
        (PAYMENTS, "tests/laws/test_refund_cap.py"),
    ),
    Plant(
        "money that went twice is recorded twice",
        f"{REFUND}/domain/payments/outcomes.py",
        "if part.issued_at:",
        "if part.issued_at and part.manual:",
        (PAYMENTS,),
    ),
    Plant(
        "a late refusal counts for another attempt",
        f"{REFUND}/domain/payments/outcomes.py",
        """    if not part or part.pay_at is None or command.attempt != part.failures:
        return []
    failures""",
        """    if not part or part.pay_at is None:
        return []
    failures""",
        (PAYMENTS,),
    ),
    Plant(
        "what a machine may still pay is paid by hand",
        f"{REFUND}/domain/payments/manual_payment.py",
        "return guard_support(payment, refund_id, actor, RefundState.MANUAL)",
        "return guard_support(payment, refund_id, actor, RefundState.MANUAL, RefundState.FAILED)",
        (PAYMENTS,),
    ),
    Plant(
        "a refund for nothing that has come back",
        f"{REFUND}/domain/payments/request.py",
        "return bool(command.return_id)",
        "return True",
        (PAYMENTS,),
    ),
    Plant(
        "what was given up in doubt frees its money",
        f"{REFUND}/domain/payments/refund.py",
        "return self.state is not RefundState.ABANDONED or self.doubts > 0",
        "return self.state is not RefundState.ABANDONED",
        ("tests/laws/test_refund_cap.py",),
    ),
    Plant(
        "what was given up in doubt is released to the seller",
        f"{DISPUTE}/domain/orders/line.py",
        "self.promised + self.in_doubt",
        "self.promised",
        ("tests/laws/test_dispute_life.py",),
    ),
    Plant(
        "what was given up before a word counts for it too",
        f"{DISPUTE}/domain/disputes/progress.py",
        "if self.counted_out:",
        "if False:",
        (f"{DISPUTES}/test_given_up.py",),
    ),
    Plant(
        "a refusal is asked for again and again",
        f"{REFUND}/domain/payments/refund.py",
        "if self.again or self.reason_refused == NOT_DUE:",
        "if self.reason_refused == NOT_DUE:",
        (PAYMENTS,),
    ),
    Plant(
        "what a later word has replaced is asked for again",
        f"{DISPUTE}/domain/disputes/progress.py",
        "return self.outcome == events.RefundOutcome.REFUSED and not self.counted_out and not self.again",
        "return self.outcome == events.RefundOutcome.REFUSED and not self.again",
        ("tests/services/dispute/mediation/test_re_request.py",),
    ),
    Plant(
        "the audit takes what was given up for paid back",
        "services/ops/ops/audit/money.py",
        "and not exists (select 1 from fact paid where paid.part_id = gone.part_id and",
        "and not exists (select 1 from fact paid where paid.part_id is null and",
        ("tests/services/ops/audit/test_ledger.py",),
    ),
    Plant(
        "one person alone pays by hand",
        f"{REFUND}/domain/payments/second_person.py",
        "if made.by == actor.id:",
        "if made.by == actor.id and kind == ProposalKind.RETRY:",
        (PAYMENTS,),
    ),
    Plant(
        "one try fewer before people take over",
        f"{REFUND}/domain/payments/outcomes.py",
        "is_last = failures > RETRY_LIMIT",
        "is_last = failures >= RETRY_LIMIT",
        (PAYMENTS,),
    ),
    Plant(
        "a late word about a payment that came back counts for the one after it",
        f"{REFUND}/domain/payments/settlement/bank.py",
        "if part and command.attempt < part.failures:",
        "if part and command.attempt < part.failures and part.state is RefundState.MANUAL:",
        (PAYMENTS,),
    ),
    Plant(
        "what came back is paid under the same key",
        f"{REFUND}/domain/payments/settlement/bank.py",
        "failures=part.failures + 1, returned_at=at",
        "failures=part.failures, returned_at=at",
        (PAYMENTS,),
    ),
    Plant(
        "a paid refund is asked for again",
        f"{REFUND}/domain/payments/timers.py",
        "return [started] if event.parts else [Clear(_pay(event)), started]",
        "return [started]",
        (PAYMENTS, "tests/services/refund/test_effects.py"),
    ),
    Plant(
        "a part gives what another payment has left",
        f"{REFUND}/domain/payments/allocation.py",
        "part.reserves and part.payment_id == capture.payment_id]",
        "part.reserves]",
        (PAYMENTS,),
    ),
    Plant(
        "a refund is issued with its first part",
        f"{REFUND}/domain/payments/issuing.py",
        "if refund.issued or not went or not all(part.has_ended for part in refund.parts.values()):",
        "if refund.issued or not went:",
        (PAYMENTS,),
    ),
    Plant(
        "a refund that has a part with people is as its last part says",
        f"{REFUND}/domain/payments/refund.py",
        "states = {state, *(other.state for other in self.parts.values() if other.id != part.id)}",
        "states = {state}",
        (PAYMENTS,),
    ),
    Plant(
        "amounts are parsed as floats",
        "shared/events/money.py",
        "return cls(int(whole + decimals), currency, len(decimals))",
        "return cls(int(float(amount) * 10 ** len(decimals)), currency, len(decimals))",
        ("tests/shared/events/test_money.py", "tests/laws/test_money.py", "tests/architecture/test_forbidden_calls.py"),
    ),
    Plant(
        "a split loses cents",
        "shared/events/money.py",
        "return [floor + (i in favoured) for i, (floor, _) in enumerate(shares)]",
        "return [floor for floor, _ in shares]",
        ("tests/shared/events/test_money.py", "tests/laws/test_money.py"),
    ),
    Plant(
        "money of two currencies is added",
        "shared/events/money.py",
        "if not self.same_currency(other):\n            raise ValueError",
        "if self.exponent != other.exponent:\n            raise ValueError",
        ("tests/shared/events/test_money.py", "tests/laws/test_money.py"),
    ),
    Plant(
        "the seller is paid what was refunded",
        f"{DISPUTE}/domain/orders/line.py",
        "gone = self.refunded + self.released",
        "gone = self.released",
        (ORDERS, f"{DISPUTES}/test_fulfilment.py"),
    ),
    Plant(
        "a refund that failed closes its dispute",
        f"{DISPUTE}/domain/disputes/ending.py",
        "not dispute.replacement.is_awaited and all_paid(dispute) and is_settled(dispute, said)",
        "not dispute.replacement.is_awaited and is_settled(dispute, said)",
        (f"{DISPUTES}/test_fulfilment.py",),
    ),
    Plant(
        "what was paid is noted twice",
        f"{DISPUTE}/domain/disputes/fulfilment.py",
        "if asked.is_paid and ",
        "if False and ",
        (f"{DISPUTES}/test_fulfilment.py",),
    ),
    Plant(
        "goods that passed bring no money",
        f"{DISPUTE}/domain/disputes/fulfilment.py",
        "case ReturnOutcome.PASSED | ReturnOutcome.NOT_INSPECTED | ReturnOutcome.LOST:\n",
        "case ReturnOutcome.PASSED if dispute.closed:\n",
        (f"{DISPUTES}/test_fulfilment.py",),
    ),
    Plant(
        "the refund asks for the request and not for what was agreed",
        f"{DISPUTE}/domain/disputes/settlement.py",
        "lines = tuple(part for part in parts or reached.lines if part.amount)",
        "lines = tuple(LineAmount(line_id=x.line_id, amount=opened.request.amount) for x in reached.lines)",
        (f"{DISPUTES}/test_settlement.py", f"{DISPUTES}/test_negotiation.py"),
    ),
)

TIME = (
    Plant(
        "a timer is taken at its word before its instant",
        "shared/decider.py",
        "return due_at == self.due_at and self.at >= self.due_at",
        "return due_at == self.due_at",
        (f"{DISPUTES}/test_timeouts.py", "tests/services/dispute/test_decider.py"),
    ),
    Plant(
        "a moved deadline fires at its old instant",
        "shared/decider.py",
        "return due_at == self.due_at and self.at >= self.due_at",
        "return due_at is not None and self.at >= self.due_at",
        (f"{DISPUTES}/test_timeouts.py", "tests/services/dispute/test_decider.py"),
    ),
    Plant(
        "the last day does not count",
        "shared/events/calendar.py",
        "return from_day(x, n + 1, tz)",
        "return from_day(x, n, tz)",
        ("tests/shared/events/test_calendar.py",),
    ),
    Plant(
        "Saturday is a business day",
        "shared/events/calendar.py",
        "_SATURDAY = 5",
        "_SATURDAY = 6",
        ("tests/shared/events/test_calendar.py",),
    ),
    Plant(
        "a seller's answer starts no time for the buyer",
        f"{DISPUTE}/domain/disputes/timers.py",
        "    if event.answer_by:\n        yield Start(DeadlineKind.BUYER_RESPONSE, event.answer_by)\n",
        "",
        (SECOND_READING,),
    ),
    Plant(
        "the protection's end starts no release",
        f"{DISPUTE}/domain/orders/timers.py",
        "return (Clear(DeadlineKind.PROTECTION_END), Start(DeadlineKind.RELEASE, event.release_at))",
        "return (Clear(DeadlineKind.PROTECTION_END),)",
        (SECOND_READING, ORDERS),
    ),
    Plant(
        "a timer that decides nothing is dropped although it is wanted",
        "shared/deadlines/due_loop.py",
        "if self._decider.due(stream, state, kind) == due_at:",
        "if False:",
        ("tests/shared/deadlines/test_due_loop.py",),
    ),
    Plant(
        "the domain asks the machine's clock",
        f"{DISPUTE}/domain/orders/release.py",
        "from collections.abc import Sequence\n",
        "import time\nfrom collections.abc import Sequence\n",
        ("tests/architecture/test_imports.py::test_every_wall_stands",),
    ),
)

CORE = (
    Plant(
        "an append asks for no version",
        "migrations/event_store/append_events.sql",
        "where w.expected <> coalesce(",
        "where false and w.expected <> coalesce(",
        ("tests/contract/test_event_store.py",),
    ),
    Plant(
        "an append that is sent again is a conflict",
        "migrations/event_store/append_events.sql",
        "select case when count(*) = cardinality(streams) then max(e.position) end",
        "select case when count(*) < 0 then max(e.position) end",
        ("tests/contract/test_event_store.py",),
    ),
    Plant(
        "appends run side by side without the log's lock",
        "migrations/event_store/append_events.sql",
        "    perform pg_advisory_xact_lock(7001);\n",
        "",
        ("tests/contract/test_event_store.py", "tests/torture"),
    ),
    Plant(
        "a repeat is carried out again",
        "shared/eventstore/idempotency.py",
        "if recorded.metadata.command_id == command_id]",
        "if recorded.metadata.command_id is command_id]",
        ("tests/shared/eventstore/test_command_handling.py",),
    ),
    Plant(
        "another request under a known key is answered as the first",
        "shared/eventstore/idempotency.py",
        "if any(recorded.metadata.request_hash != request_hash for recorded in mine):",
        "if False:",
        ("tests/shared/eventstore/test_command_handling.py",),
    ),
    Plant(
        "If-Match is not looked at",
        "shared/eventstore/command_handling.py",
        "if not conditions.hold_at(len(histories[0])):",
        "if False and not conditions.hold_at(len(histories[0])):",
        ("tests/shared/eventstore/test_command_handling.py",),
    ),
    Plant(
        "a decision after a conflict is not made anew",
        "shared/eventstore/command_handling.py",
        "            except WrongExpectedVersion:\n                continue",
        "            except WrongExpectedVersion:\n                pass",
        ("tests/shared/eventstore/test_command_handling.py",),
    ),
    Plant(
        "a cancelled append is told as a failure",
        "shared/eventstore/writer.py",
        'item, OutcomeUnknown("the writer was ended") if isinstance(error, asyncio.CancelledError) else error',
        'item, Busy("the writer was ended") if isinstance(error, asyncio.CancelledError) else error',
        ("tests/shared/eventstore/test_writer.py", "tests/contract/test_event_store.py"),
    ),
    Plant(
        "what may be committed counts as refused",
        "shared/eventstore/writer.py",
        "        if sent and lost(error):",
        "        if False and lost(error):",
        ("tests/shared/eventstore/test_writer.py", "tests/contract/test_event_store.py"),
    ),
    Plant(
        "the relay's checkpoint goes ahead of Kafka",
        "shared/relay/relay.py",
        "            await progress.save(self._pool, rows[: len(acks)], acks)",
        "            await progress.save(self._pool, rows, acks)",
        ("tests/shared/relay/test_relay.py",),
    ),
    Plant(
        "the checkpoint is saved without looking whose it is",
        "shared/subscriptions/checkpoints.py",
        '    if status != f"UPDATE {len(reached)}":',
        "    if not status:",
        ("tests/shared/subscriptions",),
    ),
    Plant(
        "a policy's progress is saved before it acts",
        "shared/subscriptions/policy.py",
        "        await run_all(self._in_order(context, line, limit) for line in lines.values())\n",
        "        await checkpoints.save(context.pool, context.subscription, context.topic, reached)\n"
        "        await run_all(self._in_order(context, line, limit) for line in lines.values())\n",
        ("tests/shared/subscriptions/test_policy.py", "tests/services/refund/test_crash_points.py"),
    ),
    Plant(
        "a policy's command has an id by chance",
        "shared/decider.py",
        "command_id = derived_uuid(recorded.id, policy, n)",
        'command_id = derived_uuid(recorded.id, policy, n, __import__("time").monotonic_ns())',
        ("tests/services/refund/test_policies.py", "tests/services/return_label/test_policies.py"),
    ),
    Plant(
        "a follower passes over a gap",
        "shared/subscriptions/follower.py",
        "        if at.previous > checkpoint.position:\n",
        "        if False:\n",
        ("tests/laws/test_delivery.py", "tests/shared/subscriptions"),
    ),
    Plant(
        "a key belongs to another slot",
        "shared/events/slot.py",
        "hashed = (hashed ^ hashed >> 13) * _FACTOR & _WORD",
        "hashed = (hashed ^ hashed >> 11) * _FACTOR & _WORD",
        ("tests/laws/test_slot.py", "tests/shared/events/test_slot_position.py"),
    ),
)

EDGE = (
    Plant(
        "a token for another audience is accepted",
        "shared/http/auth.py",
        'if not self._for_us(claims.get("aud")):',
        "if False:",
        ("tests/shared/http/test_auth.py",),
    ),
    Plant(
        "a token without end",
        "shared/http/auth.py",
        "if not begins - self._leeway <= now < expires:",
        "if not begins - self._leeway <= now:",
        ("tests/shared/http/test_auth.py",),
    ),
    Plant(
        "lists show everybody's",
        "shared/parties.py",
        'return (buyer, seller) if buyer or seller else ("", None)',
        "return (None, None)",
        ("tests/shared/test_parties.py",),
    ),
    Plant(
        "a stranger is told that it exists",
        "shared/parties.py",
        '            raise NotFound(f"There is no such {what}.")',
        '            raise Forbidden(f"There is no such {what}.")',
        ("tests/shared/test_parties.py", f"{DISPUTES}/test_negotiation_guards.py"),
    ),
    Plant(
        "one of the platform's people decides on an order of their own",
        "shared/parties.py",
        "return actor.id == self.buyer_id or actor.id in self.seller_ids",
        "return actor.id == self.buyer_id",
        ("tests/shared/test_parties.py", "tests/services/return_label/returns"),
    ),
    Plant(
        "a dispute may ask for more than its lines",
        f"{DISPUTE}/domain/disputes/opening/opening.py",
        "    guard_amount(command.amount, disputed)\n",
        "",
        (f"{DISPUTES}/opening/test_opening.py", f"{DISPUTES}/test_form.py"),
    ),
    Plant(
        "a seller answers after the deadline",
        f"{DISPUTE}/domain/disputes/transitions.py",
        "        row.too_late.unless_before(dispute.due(kind), at)\n",
        "        pass\n",
        (f"{DISPUTES}/test_negotiation_guards.py", f"{DISPUTES}/test_negotiation.py"),
    ),
)

READ_MODELS = (
    Plant(
        "a dispute does not hear that its refund is settled",
        f"{DISPUTE}/policies.py",
        "case refunds.RefundSettled(is_last=True):",
        "case refunds.RefundSettled(is_last=None):",
        (f"{DISPUTES}/test_settled.py",),
    ),
    Plant(
        "what a bank has credited is overdue once somebody says so late",
        f"{DISPUTE}/domain/orders/payments/bank.py",
        "is_news = last not in (RefundOutcome.SETTLED, heard)",
        "is_news = last != heard",
        (f"{DISPUTES}/test_settled.py",),
    ),
    Plant(
        "a refund is not added to its order's line",
        f"{DISPUTE}/read_models/order_status.py",
        '"refunded": line["refunded"] + amount',
        '"refunded": line["refunded"]',
        ("tests/services/ops/audit/test_whole.py",),
    ),
    Plant(
        "held money shows as released where the law gave back as much of its line",
        f"{DISPUTE}/views/orders/order.py",
        ' + line["reclaimed"]\n',
        "\n",
        (f"{DISPUTES}/test_asked_of_seller.py",),
    ),
    Plant(
        "a refund that is paid still shows its next try",
        f"{REFUND}/read_models/refunds.py",
        'paid = {"amount": event.amount.minor, "issued_at": event.issued_at, "retry_at": None, **window}',
        'paid = {"amount": event.amount.minor, "issued_at": event.issued_at, **window}',
        ("tests/services/ops/audit/test_whole.py",),
    ),
    Plant(
        "the audit passes over an unknown event",
        "services/ops/ops/audit/entry.py",
        "if not (name in NAMES or name in self.plain) or shape != FIRST_SHAPE:",
        "if shape != FIRST_SHAPE:",
        ("tests/services/ops/audit/test_whole.py",),
    ),
)

BOOKS = "services/ops/ops/books"
BOOKKEEPING = (
    Plant(
        "what goes back is taken from the seller",
        f"{BOOKS}/accounts.py",
        '"RefundIssued": (HELD, "refunded"),',
        '"RefundIssued": ("released", "refunded"),',
        ("tests/laws/test_books.py", "tests/services/ops/books"),
    ),
    Plant(
        "what is asked back comes to nobody",
        f"{BOOKS}/accounts.py",
        '"ClawbackRequested": ("asked_back", HELD),',
        '"ClawbackRequested": ("asked_back", "released"),',
        ("tests/laws/test_books.py",),
    ),
    Plant(
        "both sides of an entry are its amount",
        f"{BOOKS}/accounts.py",
        "    if account == HELD:",
        "    if account == HELD and not data.get('amount'):",
        ("tests/services/ops/audit/test_differences.py", "tests/laws/test_books.py"),
    ),
    Plant(
        "a page of the journal leaves out its last position",
        f"{BOOKS}/journal.py",
        "where position > $1 and position <= $2 and",
        "where position > $1 and position < $2 and",
        ("tests/services/ops/books",),
    ),
    Plant(
        "what came of a seller who gives it may go to nobody",
        "services/ops/ops/audit/asked_back.py",
        "where ended.name = 'ClawbackSettled' and ended.dispute_id is null and not exists",
        "where ended.name = 'ClawbackSettled' and ended.dispute_id = '' and not exists",
        ("tests/services/ops/audit/test_goodwill.py", "tests/services/ops/audit/test_differences.py"),
    ),
    Plant(
        "a report that says a payment twice is reconciled",
        f"{BOOKS}/reconciliation.py",
        "and other.currency = one.currency and other.number = one.number) order by n",
        "and other.currency = one.currency) order by n",
        ("tests/services/ops/books",),
    ),
)

AUDITED_CASES = "tests/services/ops/audit/test_mediation.py"
TIMERS = f"{DISPUTE}/domain/disputes/timers.py"
SETTLEMENT = f"{DISPUTE}/domain/disputes/settlement.py"

# What is aimed at these is the audit alone: it reads the events by itself.
MEDIATION = (
    Plant(
        "an appeal that gives less asks nothing back",
        SETTLEMENT,
        'less, ("K18", "K19", *rules))] if less else []',
        'less, ("K18", "K19", *rules))] if less and not less else []',
        (AUDITED_CASES,),
    ),
    Plant(
        "a seller who was paid is not asked for what the law gives back",
        SETTLEMENT,
        'owed, ("K19", "S17"))] if owed else []',
        'owed, ("K19", "S17"))] if owed and not owed else []',
        ("tests/services/ops/audit/test_by_law.py",),
    ),
    Plant(
        "an appeal that gives more pays nothing",
        SETTLEMENT,
        "if reached and more else []",
        "if reached and more and not more else []",
        (AUDITED_CASES,),
    ),
    Plant(
        "what support decides leaves the review of the appeal running",
        TIMERS,
        "return map(Clear, (*UNTIL_SETTLED, *AFTER_DECISION))",
        "return map(Clear, UNTIL_SETTLED)",
        (AUDITED_CASES,),
    ),
    Plant(
        "what a seller gives has come, and nobody asks for the buyer's refund",
        f"{DISPUTE}/domain/disputes/afterwards/collection.py",
        "[due_of(order, granted)] if isinstance(ended, ClawbackSettled) else []",
        "[]",
        ("tests/services/ops/audit/test_goodwill.py",),
    ),
    Plant(
        "a decision pays nothing",
        f"{DISPUTE}/domain/disputes/mediation/decision.py",
        "    return [reached, *asked_by(command, dispute, reached)]\n",
        "    return [reached]\n",
        (AUDITED_CASES,),
    ),
    Plant(
        "the window for evidence never ends",
        TIMERS,
        "return (*map(Clear, KINDS), Start(DeadlineKind.EVIDENCE, event.evidence_until))",
        "return (*map(Clear, KINDS),)",
        (AUDITED_CASES,),
    ),
    Plant(
        "nobody is told that a review is overdue",
        TIMERS,
        "return (Start(DeadlineKind.REVIEW, event.review_until),)",
        "return ()",
        (AUDITED_CASES,),
    ),
    Plant(
        "a decision may be appealed for ever",
        TIMERS,
        "                Start(DeadlineKind.APPEAL, event.appeal_until),\n",
        "",
        (AUDITED_CASES,),
    ),
    Plant(
        "nobody is told that an appeal's review is overdue",
        TIMERS,
        "            return (Start(DeadlineKind.APPEAL_REVIEW, until),)\n",
        "            return ()\n",
        (AUDITED_CASES,),
    ),
    Plant(
        "the seller is paid what a bank has paid the buyer",
        f"{DISPUTE}/domain/orders/line.py",
        " + self.in_doubt + self.charged_back",
        " + self.in_doubt",
        (CHARGEBACKS,),
    ),
    Plant(
        "a dispute closes while a bank decides",
        f"{DISPUTE}/domain/disputes/ending.py",
        " or since.chargebacks.open or order.chargebacks.open",
        "",
        (CHARGEBACKS,),
    ),
    Plant(
        "a deadline runs on while a bank decides",
        f"{DISPUTE}/domain/disputes/state.py",
        " or (self.chargebacks.open and kind in PAUSED)",
        "",
        (CHARGEBACKS,),
    ),
)

PLANTS = (*MONEY, *TIME, *CORE, *EDGE, *READ_MODELS, *BOOKKEEPING, *MEDIATION)
