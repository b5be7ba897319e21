"""A Kafka broker that lets in over TLS whoever names a user and the password, as a cluster in production does."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._scram import ScramCredentialInfo, ScramMechanism, UserScramCredentialUpsertion

from local_stack.kafka import PROPERTIES_FILE, Kafka
from local_stack.server import serving
from shared.kafka.connections import Brokers
from tests.support.servers.backing import free_ports, temporary_state
from tests.support.tls import Authority, Certificate

USER, PASSWORD = "dispute", "a password of tests"

SECURED = """\
listener.name.secured.sasl.enabled.mechanisms=SCRAM-SHA-512
listener.name.secured.scram-sha-512.sasl.jaas.config=\
org.apache.kafka.common.security.scram.ScramLoginModule required;
listener.name.secured.ssl.keystore.type=PEM
listener.name.secured.ssl.keystore.location=keystore.pem
"""


class SecuredKafka(Kafka):
    """One broker, with one more port for those who have a password."""

    def __init__(self, state: Path, certificate: Certificate) -> None:
        port, controller, self.secured = free_ports(3)
        super().__init__(state, port, controller)
        self._certificate = certificate

    def _prepare(self) -> tuple[str, str]:
        prepared = super()._prepare()
        path = self.folder / PROPERTIES_FILE
        plain = f"CLIENT://127.0.0.1:{self.port}"
        settings = path.read_text("ascii").replace(plain, f"{plain},SECURED://127.0.0.1:{self.secured}")
        settings = settings.replace("=CLIENT:PLAINTEXT,", "=CLIENT:PLAINTEXT,SECURED:SASL_SSL,")
        path.write_text(settings + SECURED, "ascii")
        key, certificate = self._certificate.key.read_text("ascii"), self._certificate.certificate.read_text("ascii")
        (self.folder / "keystore.pem").write_text(key + certificate, "ascii")
        return prepared


@contextlib.asynccontextmanager
async def running_secured_kafka() -> AsyncIterator[Brokers]:
    """Such a broker; yields how a service is let in."""
    with temporary_state(in_memory=True) as state:
        authority = Authority(state)
        server = SecuredKafka(state, authority.sign("127.0.0.1"))
        async with serving(server, state / "log" / "kafka.log"):
            await asyncio.to_thread(_let_in, server.bootstrap)
            secured = f"127.0.0.1:{server.secured}"
            yield Brokers(secured, "SASL_SSL", "SCRAM-SHA-512", USER, PASSWORD, authority.path)


def _let_in(bootstrap: str) -> None:
    secret = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
    change = UserScramCredentialUpsertion(USER, secret, PASSWORD.encode())
    client = AdminClient({"bootstrap.servers": bootstrap})
    for future in client.alter_user_scram_credentials([change]).values():
        future.result(30)
