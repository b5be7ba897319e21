"""The audit reads logs and topics with what the settings say, and with nothing else."""

from __future__ import annotations

from pathlib import Path

from ops.commands.audit import sources
from ops.stack import Stack
from shared.events.logs import LOGS
from tests.support.production import ENVIRONMENT, production


def test_it_is_let_in_by_brokers_and_databases_as_services_are(tmp_path: Path) -> None:
    found = sources(Stack(production(kafka_mechanism="SCRAM-SHA-256"), tmp_path))
    assert found.kafka["bootstrap_servers"] == ENVIRONMENT["MAKEWHOLE_KAFKA"]
    assert found.kafka["security_protocol"] == "SASL_SSL"
    assert found.kafka["ssl_context"].check_hostname
    given = [found.kafka[f"sasl_{what}"] for what in ("mechanism", "plain_username", "plain_password")]
    assert given == ["SCRAM-SHA-256", ENVIRONMENT["MAKEWHOLE_KAFKA_USER"], ENVIRONMENT["MAKEWHOLE_KAFKA_PASSWORD"]]
    assert all("sslmode=verify-full" in dsn for dsn in found.databases.values())


def test_it_knows_the_keys_of_every_log_and_asks_no_sandbox_of_production(tmp_path: Path) -> None:
    found = sources(Stack(production(), tmp_path))
    assert {log: [*keys] for log, keys in found.log_keys.items()} == {log: ["k1"] for log in LOGS}
    assert (found.sandbox, found.workers) == (None, {})
