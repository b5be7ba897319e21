"""Prometheus metrics of HTTP, writer, relay, subscriptions, deadlines, halts, refunds, gateways and the clock."""

from dataclasses import dataclass

from prometheus_client import REGISTRY, Counter, Gauge, Histogram, generate_latest

RELAY_LAG = Gauge("makewhole_relay_lag_events", "Events in the log that the relay has not published", ["topic"])
RELAY_AGE = Gauge("makewhole_relay_lag_seconds", "Age of the oldest event that the relay has not published", ["topic"])
PUBLISHED = Counter("makewhole_relay_published", "Events acknowledged by Kafka, repeats included", ["topic"])
CHECKPOINT_LAG = Gauge(
    "makewhole_checkpoint_lag_records",
    "Records between a checkpoint and its partition's end",
    ["subscription", "topic", "partition"],
)
HANDLED = Counter("makewhole_subscription_handled", "Records handled", ["subscription"])
SKIPPED = Counter("makewhole_subscription_skipped", "Records skipped because they were known", ["subscription"])
GAPS = Gauge(
    "makewhole_subscription_gaps", "Partitions held because records are missing before the next one", ["subscription"]
)
PARKED = Gauge(
    "makewhole_parked_streams", "Streams parked because an event of theirs could not be handled", ["subscription"]
)
QUARANTINED = Gauge(
    "makewhole_quarantined_records", "Records kept for a person: not of the log that is followed", ["subscription"]
)
QUARANTINED_TOTAL = Counter(
    "makewhole_quarantined", "Records that were quarantined, by the kind of reason", ["subscription", "reason"]
)
HALTED = Gauge(
    "makewhole_halted",
    "1 while a component stands still until a person applies the remedy that its log line names",
    ["component"],
)
DUE_AGE = Gauge(
    "makewhole_due_oldest_seconds", "Age of the oldest due deadline on the domain's clock; 0 where nothing is due"
)
DUE_UNKNOWN = Gauge("makewhole_due_unknown", "Due deadlines of a kind that only a newer version knows: left alone")
FIRED = Counter("makewhole_due_fired", "Due deadlines that were decided on or called for", ["lane"])
DUE_FAILED = Counter("makewhole_due_failed", "Due deadlines that failed and are tried again", ["lane"])
REFUND_DOUBTS = Counter(
    "makewhole_refund_doubts",
    "Refunds handed to people because the provider's answer was not what was asked, or its outcome stayed unknown",
    ["reason"],
)
WEBHOOKS = Counter(
    "makewhole_webhooks_total",
    "Messages of the payment provider, or the carrier, by what they came to; refused are unsigned ones, and old ones",
    ["result"],
)
GATEWAY_LEFT_ALONE = Gauge(
    "makewhole_gateway_left_alone",
    "1 while a payment provider that does not answer is asked by one call at a time, with pauses between",
)

BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.03, 0.06, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
REQUESTS = Histogram(
    "makewhole_http_request_seconds", "Requests by route template", ["method", "route", "status"], buckets=BUCKETS
)
REPLAYS = Counter("makewhole_http_replayed", "Commands answered from the log because they were known", ["route"])
REFUSALS = Counter("makewhole_http_refused", "Refusals by code", ["code"])
CLOCK_REVISION = Gauge("makewhole_clock_revision", "How often the domain's clock has been moved")
METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def metrics_page() -> bytes:
    """All metrics of this process in Prometheus' text format."""
    return generate_latest(REGISTRY)


@dataclass(slots=True)
class WriterFigures:
    """What the writer has done, for metrics: numbers that only grow."""

    batches: int = 0
    items: int = 0
    resent: int = 0
    conflicts: int = 0
    busy: int = 0
    unknown: int = 0
