"""Command line: `makewhole`, every command under its name."""

from __future__ import annotations

import logging
import os
import sys

import typer

from ops.commands import (
    audit,
    clock,
    deadlines,
    demo,
    doctor,
    events,
    interventions,
    ledger,
    log,
    parked,
    projections,
    relay,
    subscriptions,
    token,
)
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


app.command()(demo.demo)
app.command()(token.token)
app.command()(audit.audit)
app.command()(doctor.doctor)
app.command()(interventions.interventions)
app.add_typer(clock.app, name="clock")
app.add_typer(events.app, name="events")
app.add_typer(relay.app, name="relay")
app.add_typer(parked.app, name="parked")
app.add_typer(subscriptions.app, name="subscriptions")
app.add_typer(projections.app, name="projections")
app.add_typer(log.app, name="log")
app.add_typer(deadlines.app, name="deadlines")
app.add_typer(ledger.app, name="ledger")


def main() -> None:
    """The entry point."""
    # The client library complains about each attempt to reach a broker; the command says it once, in one line.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        app()
    except BrokenPipeError:  # a reader such as `head` has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        fail("the output was cut off")
