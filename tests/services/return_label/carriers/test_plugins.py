"""Which carrier sells labels is one setting, and anybody's package may bring one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from return_label.gateways.nobody import Nobody
from return_label.gateways.plugins import carrier_of, name_of


@pytest.mark.parametrize(
    ("setting", "said"),
    [
        ("sandbox", "is no address"),
        ("post+https://hush@post.example", "must be one of"),
        ("https://hush@post.example", "must be one of"),
        ("sandbox+ftp://hush@post.example", "is no address"),
    ],
)
def test_a_setting_that_names_no_carrier_ends_the_process_with_one_line(setting: str, said: str) -> None:
    with pytest.raises(SystemExit) as ended:
        carrier_of(setting)
    line = str(ended.value)
    assert line.startswith("MAKEWHOLE_CARRIER: ") and said in line and "\n" not in line
    assert "hush" not in line


async def test_where_none_is_set_nobody_answers() -> None:
    async with carrier_of("") as carrier:
        assert isinstance(carrier, Nobody)
    assert (name_of(""), name_of("sandbox+http://127.0.0.1:1")) == (None, "sandbox")


ASK = """
import asyncio, sys
from return_label.gateways.plugins import carrier_of

async def main(setting):
    async with carrier_of(setting) as carrier:
        print(await carrier.track("1"))

asyncio.run(main(sys.argv[1]))
"""
MODULE = """
import contextlib

class Mine:
    def __init__(self, address):
        self.address = address

    async def track(self, number):
        return [f"{number} at {self.address}"]

@contextlib.asynccontextmanager
async def carrier(address, marks):
    yield Mine(address)
"""


def test_a_package_of_anybodys_brings_a_carrier_without_a_change_here(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(MODULE)
    about = tmp_path / "mine-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    (about / "entry_points.txt").write_text("[makewhole.carriers]\nmine = mine:carrier\n")
    begin = f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n"
    done = subprocess.run(
        [sys.executable, "-c", begin + ASK, "mine+https://post.example"], capture_output=True, text=True, check=False
    )
    assert done.stdout == "['1 at https://post.example']\n", done.stderr
