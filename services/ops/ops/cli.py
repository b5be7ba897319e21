"""The `makewhole` command."""

from __future__ import annotations

import logging
import os
import sys

import typer

from ops.commands import audit as judge
from ops.commands import clock, doctor, events, flow, token
from ops.commands import demo as play
from ops.commands.options import fail

app = typer.Typer(
    help="makewhole: buyer protection. Every command knows --help; exit code 0 is done, 1 refused or failed, 2 "
    "wrong usage.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.command()
def up() -> None:
    """Start everything on this machine and serve until Ctrl-C, as `make run` does."""
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, "-m", "local_stack", "run"])  # noqa: S606 - our own module, no shell


app.command()(play.demo)
app.command()(token.token)
app.command("audit")(judge.audit_all)
app.command()(doctor.doctor)
app.add_typer(clock.app, name="clock")
app.add_typer(events.app, name="events")
app.add_typer(flow.relay, name="relay")
app.add_typer(flow.parked, name="parked")
app.add_typer(flow.deadlines, name="deadlines")
app.add_typer(judge.ledger, name="ledger")


def main() -> None:
    """The entry point."""
    # The client library complains about each attempt to reach a broker; the command says it once, in one line.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        app()
    except BrokenPipeError:  # whoever read along has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        fail("the output was cut off")
