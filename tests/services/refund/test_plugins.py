"""Which gateway pays is one setting, and anybody's package may bring one."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from refund.gateways.plugins import gateway_of
from refund.gateways.port import Issued, RefundCall
from shared.events.money import Money
from shared.events.refund import Destination
from tests.support.servers.gateways import Provider, sandbox_provider, stripe_provider

Migrated = Callable[[str], Awaitable[str]]
CALL = RefundCall("rfd_1", "o1", "o1", Money(2500, "USD", 2), Destination.ORIGINAL, 0)


async def test_switching_gateways_is_one_setting(migrated: Migrated) -> None:
    async with sandbox_provider(migrated, 8.0) as sandbox, stripe_provider() as stripe:
        for setting, provider in (
            (f"sandbox+{sandbox.running.address}", sandbox),
            (f"stripe+{stripe.address}", stripe),
        ):
            await pays(setting, provider)


async def pays(setting: str, provider: Provider) -> None:
    await provider.capture("o1", "100.00")
    async with gateway_of(setting) as gateway:
        assert isinstance(await gateway.refund(CALL), Issued)
    assert await provider.paid("o1") == ["25.00"]


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("", "must be one of sandbox, stripe"),
        ("stripe", "secret key"),
        ("paypal+https://hush@paypal.example", "must be one of sandbox, stripe"),
        ("https://hush@api.stripe.com", "must be one of sandbox, stripe"),
        ("stripe+https://api.stripe.com", "secret key"),
        ("stripe+ftp://hush@api.stripe.com", "secret key"),
        ("stripe+https://hush@[api.stripe.com", "secret key"),
        ("stripe+https://hush@api.stripe.com\u2100", "secret key"),
    ],
)
def test_a_setting_that_names_no_gateway_ends_the_process_with_one_line(setting: str, said: str) -> None:
    with pytest.raises(SystemExit) as ended:
        gateway_of(setting)
    line = str(ended.value)
    assert line.startswith("MAKEWHOLE_GATEWAY: ") and said in line and "\n" not in line
    assert "hush" not in line


ASK = """
import asyncio, sys
from refund.gateways.plugins import gateway_of

async def main(setting):
    async with gateway_of(setting) as gateway:
        print(await gateway.find(None))

asyncio.run(main(sys.argv[1]))
"""
MODULE = """
import contextlib

class Mine:
    def __init__(self, address):
        self.address = address

    async def find(self, call):
        return f"asked at {self.address}"

@contextlib.asynccontextmanager
async def gateway(address):
    yield Mine(address)
"""


def asked(setting: str, *options: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """What a process says that finds packages in the folder too."""
    begin = f"import sys; sys.path.insert(0, {str(folder)!r})\n"
    return subprocess.run(
        [sys.executable, *options, "-c", begin + ASK, setting], capture_output=True, text=True, check=False
    )


def test_a_package_of_anybodys_brings_a_gateway_without_a_change_here(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(MODULE)
    about = tmp_path / "mine-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[makewhole.gateways]\nmine = mine:gateway\n")
    done = asked("mine+https://bank.example", folder=tmp_path)
    assert done.stdout == "asked at https://bank.example\n", done.stderr


def test_a_gateway_whose_library_is_not_installed_says_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "stripe.py").write_text("raise ModuleNotFoundError('No module named stripe', name='stripe')")
    done = asked("stripe+https://sk@api.stripe.com", folder=tmp_path)
    assert done.returncode == 1
    assert done.stderr.strip().endswith("pip install makewhole[stripe]")
