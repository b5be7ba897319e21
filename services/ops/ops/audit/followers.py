"""Followers: each has come to the end of its topic, and nothing of its log is parked or in quarantine."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence

from ops.audit.check import Check
from ops.audit.database import Row
from ops.audit.kafka import Bounds
from ops.audit.sources import followed

Checkpoints = Mapping[tuple[str, str], Mapping[int, int]]
"""By subscription and topic: the next offset of each partition."""


def behind(service: str, checkpoints: Checkpoints, topics: Mapping[str, Bounds]) -> list[str]:
    """What the service's subscriptions have not handled of the topics as they were."""
    found = []
    for subscription, topic in followed(service).items():
        at = checkpoints.get((subscription, topic), {})
        for partition, (first, end) in topics.get(topic, {}).items():
            if first < end and (missing := end - max(first, at.get(partition, 0))) > 0:
                found.append(f"{subscription}: {missing} records of {topic} in partition {partition}")
    return found


def follower_check(service: str, late: Sequence[str]) -> Check:
    """Who is behind after everybody had time."""
    check = Check.of(f"followers {service}", "behind")
    check.see("subscriptions", len(followed(service)))
    for example in late:
        check.fault("behind", example)
    return check


def parked_check(service: str, streams: Sequence[Row]) -> Check:
    """The streams that a follower has parked: nobody sees what happens in them until somebody looks."""
    check = Check.of(f"parked {service}", "streams")
    for row in streams:
        check.fault("streams", f"{row['subscription']}: {row['stream']} from {row['from_position']}: {row['error']}")
    return check


def quarantine_check(records: Sequence[Row], own: Collection[tuple[str, int, int]]) -> Check:
    """Records that followers did not take for their log's: strangers' are counted, one of the log's `own` is a loss."""
    check = Check.of("quarantine", "own")
    check.see("strangers", 0)
    for row in records:
        place = row["topic"], row["partition"], row["record_offset"]
        if place in own:
            check.fault("own", f"{row['subscription']}: {place}: {row['reason']}")
        else:
            check.see("strangers")
    return check
