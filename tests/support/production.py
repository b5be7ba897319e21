"""A complete environment of production mode, for tests that take one thing out of it or start a process with it."""

import base64
import hashlib
import json
from typing import Any

from shared.events.logs import LOGS
from shared.process.settings import Settings


def key_of(log: str) -> str:
    """A key of the log's own, the same at each run."""
    return base64.b64encode(hashlib.sha256(log.encode()).digest()).decode()


ENVIRONMENT = {
    "MAKEWHOLE_MODE": "production",
    "MAKEWHOLE_DATABASE_URL": "postgresql://app:hush@db.example:5432?sslmode=verify-full",
    "MAKEWHOLE_OBJECTS": "s3://makewhole-evidence?region=eu-north-1",
    "MAKEWHOLE_KAFKA": "kafka-1.example:9093,kafka-2.example:9093",
    "MAKEWHOLE_KAFKA_SECURITY": "SASL_SSL",
    "MAKEWHOLE_KAFKA_USER": "dispute",
    "MAKEWHOLE_KAFKA_PASSWORD": "hush",
    "MAKEWHOLE_OIDC_ISSUER": "https://id.example",
    "MAKEWHOLE_OIDC_JWKS": "https://id.example/keys",
    "MAKEWHOLE_LOG_KEYS": json.dumps({log: {"k1": key_of(log)} for log in LOGS}),
    "MAKEWHOLE_GATEWAY": "stripe+https://sk_live_hush@api.stripe.com",
    "MAKEWHOLE_HOSTS": "disputes.example",
}


def production(**changed: Any) -> Settings:
    """The settings of that environment, some of them changed."""
    given = {name.removeprefix("MAKEWHOLE_").lower(): value for name, value in ENVIRONMENT.items()}
    return Settings(**given | changed)
