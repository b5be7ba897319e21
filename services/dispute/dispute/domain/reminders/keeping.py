"""Keeping of reminders: they follow the dispute's deadlines, and are sent at their instants (S54)."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime, timedelta

from dispute.domain.commands import DisputeCommand
from dispute.domain.deadlines import DeadlineKind, ExpireDeadline, reminder_of
from dispute.domain.disputes.state import Dispute
from dispute.domain.reminders.state import REMINDED, Reminders, kind_of
from shared.decider import Decided
from shared.events.base import StreamName, StreamOfKey
from shared.events.notification import NotificationRequested, Reminder, ReminderSent, RemindersSet
from shared.notifications.requests import BUYER, SELLER, Notification, party_of

NEAR = "deadline_near"
RULES = ("S54",)


class KeepReminders(DisputeCommand):
    """A deadline of the dispute began or ended: its reminders follow."""

    order_id: str

    @property
    def streams(self) -> Sequence[StreamName | StreamOfKey]:
        return (StreamName(f"reminder-{self.dispute_id}", self.order_id), *super().streams)


def keep_reminders(command: KeepReminders, reminders: Reminders, dispute: Dispute) -> Decided:
    """What the dispute waits for now, if that is not what stands already."""
    wanted = tuple(_wanted(dispute, reminders, command.at))
    if wanted == tuple(reminders.standing.values()):
        return []
    return ([RemindersSet(dispute_id=command.dispute_id, reminders=wanted, rules=RULES)], [])


def remind(command: ExpireDeadline, reminders: Reminders, dispute: Dispute, notification: Notification) -> Decided:
    """The side is told, unless the deadline has gone meanwhile: then what stands now is set anew."""
    reminder = reminders.standing[command.kind]
    if notification.asked or not _is_wanted(reminder, dispute):
        left = tuple(each for each in _wanted(dispute, reminders, command.at) if each != reminder)
        return ([RemindersSet(dispute_id=dispute.opened.dispute_id, reminders=left, rules=RULES)], [], [])
    near = _near(command, reminders, reminder, dispute)
    sent = ReminderSent(
        dispute_id=dispute.opened.dispute_id,
        deadline=reminder.deadline,
        role=reminder.role,
        due_at=reminder.due_at,
        notification_id=near.notification_id,
        rules=RULES,
    )
    return ([sent], [], [near])


def _wanted(dispute: Dispute, reminders: Reminders, now: datetime) -> Iterator[Reminder]:
    """One for each side that has to act, of those that stand already or whose instant is still to come."""
    for reminder in _of_deadlines(dispute):
        kind = kind_of(reminder.deadline, reminder.role)
        stands = reminders.standing.get(kind) == reminder
        if stands or (reminder.remind_at > now and (kind, reminder.due_at) not in reminders.sent):
            yield reminder


def _is_wanted(reminder: Reminder, dispute: Dispute) -> bool:
    """Its own instant may have been moved."""
    named = (reminder.deadline, reminder.role, reminder.due_at)
    return any((each.deadline, each.role, each.due_at) == named for each in _of_deadlines(dispute))


def _of_deadlines(dispute: Dispute) -> Iterator[Reminder]:
    for deadline, sides in REMINDED.items():
        roles = [role for role in sides if role not in _done(dispute, deadline)]
        if due_at := dispute.due(deadline):
            remind_at = due_at - timedelta(hours=dispute.terms.reminder_hours)
            yield from (Reminder(deadline=deadline, role=role, due_at=due_at, remind_at=remind_at) for role in roles)


def _done(dispute: Dispute, deadline: str) -> Collection[str]:
    """The sides that have said all that the deadline waits for."""
    match deadline:
        case DeadlineKind.EVIDENCE:
            return {BUYER, SELLER} - dispute.case.waits_for
        case DeadlineKind.APPEAL:
            return dispute.case.appealed_by
        case _:
            return ()


def _near(command: ExpireDeadline, reminders: Reminders, reminder: Reminder, dispute: Dispute) -> NotificationRequested:
    dispute_id = dispute.opened.dispute_id
    return NotificationRequested(
        notification_id=reminder_of(command),
        kind=NEAR,
        recipient=party_of(dispute.parties, reminder.role),
        role=reminder.role,
        source_event=f"{command.stream}/{reminders.set_in}",
        order_id=dispute.opened.order_id,
        dispute_id=dispute_id,
        about=dispute_id,
        deadline=reminder.deadline,
        due_at=reminder.due_at,
        amount=None,
        requested_at=command.at,
        rules=RULES,
    )
