"""Registry of logs: the service that writes each, its topic, its streams and their events.

A service with a log is its folder and one entry here: topics, codec, catalogue and command line read it, and a test
holds migrations, import walls and the distribution's packages against it.
"""

from __future__ import annotations

import typing
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from shared.events.base import Event
from shared.events.dispute import DisputeEvent
from shared.events.evidence import EvidenceEvent
from shared.events.label_quota import LabelQuotaEvent
from shared.events.mediation import MediationEvent
from shared.events.mediation.clawbacks import ClawbackEvent
from shared.events.mediation.conversation import ConversationEvent
from shared.events.mediation.proposals import OverrideEvent, ProposalEvent
from shared.events.mediation.repayments import RepaymentEvent
from shared.events.notification import NotificationEvent, ReminderEvent
from shared.events.order import OrderEvent
from shared.events.refund import RefundEvent
from shared.events.return_label import ReturnEvent
from shared.events.warranty import WarrantyEvent

PARTITIONS = 12
"""Of each topic where no other number is set when the databases are made; each log keeps its own."""


@dataclass(frozen=True, slots=True)
class Log:
    """One service's log; `streams` maps a category (a stream's name before its first dash) to the union of events,
    `about` says to people what the service does, `follows` which services' logs its worker reads besides its own.
    """

    service: str
    streams: Mapping[str, Any]
    about: str
    follows: Sequence[str] = ()

    @property
    def topic(self) -> str:
        """Where the relay publishes it."""
        return f"{self.service}.events"

    @property
    def source(self) -> str:
        """CloudEvents' `source` of its records."""
        return f"/makewhole/{self.service.replace('_', '-')}"

    @property
    def event_classes(self) -> tuple[type[Event], ...]:
        """Every event that its streams may hold, each once."""
        return tuple(dict.fromkeys(event for union in self.streams.values() for event in typing.get_args(union)))


DISPUTE = Log(
    "dispute",
    {
        "order": OrderEvent,
        "dispute": DisputeEvent | MediationEvent | ClawbackEvent | ProposalEvent | OverrideEvent | RepaymentEvent,
        "conversation": ConversationEvent,
        "evidence": EvidenceEvent,
        "warranty": WarrantyEvent,
        "reminder": ReminderEvent,
        "notification": NotificationEvent,
    },
    "Opens, negotiates and decides disputes; holds and releases the seller's money.",
    follows=("refund", "return_label"),
)
REFUND = Log(
    "refund",
    {"payment": RefundEvent, "notification": NotificationEvent},
    "Pays back once and once only, through the payment provider, to the last cent.",
    follows=("dispute",),
)
RETURN_LABEL = Log(
    "return_label",
    {"return": ReturnEvent, "label_quota": LabelQuotaEvent, "notification": NotificationEvent},
    "Takes goods back: labels, scans and inspection.",
    follows=("dispute",),
)

LOGS: Mapping[str, Log] = {log.service: log for log in (DISPUTE, REFUND, RETURN_LABEL)}
"""By service, which is also the name of its package."""
