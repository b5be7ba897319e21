"""Quotas as the audit reads them: a buyer's prepaid labels, and the months that have more of them than S76 gives."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

from ops.audit.deadlines import Due
from ops.audit.entry import Data, Entry

A_MONTH = 3
AN_ORDER = 3


@dataclass(slots=True)
class Labels:
    """The labels of one buyer: for which month and order, and the returns that still go with each."""

    taken: dict[str, tuple[str, str]] = field(default_factory=dict)
    returns: dict[str, set[str]] = field(default_factory=dict)
    most: Counter[str] = field(default_factory=Counter)
    """The most that a month, or an order, has had at once."""

    def add(self, name: str, data: Data) -> None:
        """The next event of the buyer's stream."""
        label_id = data.get("label_id", "")
        if name == "LabelQuotaTaken":
            self.taken[label_id] = data["month"], data["order_id"]
        if name in ("LabelQuotaTaken", "LabelQuotaShared"):
            self.returns.setdefault(label_id, set()).add(data["return_id"])
        elif name == "LabelQuotaReleased":
            self.returns[label_id].discard(data["return_id"])
        for counted in (0, 1):
            held = Counter(self.taken[one][counted] for one, left in self.returns.items() if left)
            self.most |= Counter({f"{('month', 'order')[counted]} {what}": n for what, n in held.items()})

    def beyond(self) -> Iterator[str]:
        """What has had more labels than there are to be had."""
        for what, count in sorted(self.most.items()):
            if count > (A_MONTH if what.startswith("month") else AN_ORDER):
                yield f"{count} prepaid labels for {what}"


class QuotaFold:
    """The stream of one buyer's labels: it starts no deadline, and never has more than there are to be had."""

    def __init__(self, *_: object) -> None:
        self._labels = Labels()

    def add(self, entry: Entry) -> None:
        """The stream's next event."""
        self._labels.add(entry.name, entry.data)

    def wanted(self) -> Due:
        """Nothing falls due."""
        return {}

    def end(self, last: Entry) -> Iterator[str]:
        """What was given beyond the quota."""
        return self._labels.beyond()
