"""`makewhole ledger`: the books of the events' money, compared with the payment provider's, and given to finance."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import IO, Annotated

import typer

from ops.audit.check import Check, Report, Tell
from ops.audit.run import ledger_audit
from ops.books import export as exports
from ops.books import reconciliation
from ops.books.export import Format
from ops.books.journal import EVER, Span, journal
from ops.books.reconciliation import Reconciled
from ops.books.trial_balance import TrialBalance
from ops.check_running import check_running
from ops.client import open_api
from ops.commands.audit import ProviderReport, sources
from ops.commands.options import Failed, Json, day_of, finish, group, run
from ops.output import show
from ops.stack import SERVICES, Stack

Day = Annotated[
    date | None,
    typer.Option(
        parser=day_of, metavar="DAY", help="A day of UTC: 2026-11-26, yesterday, 2-days-ago; every day where left out."
    ),
]
Currency = Annotated[str | None, typer.Option(help="Entries of one currency, such as USD; of all where left out.")]

app = group("The books: what became of all the money, in double entry, and the payment provider's ledger.")


@app.command()
def check(provider_report: ProviderReport = None, json: Json = False) -> None:
    """Compare books, events and the payment provider's ledger: a line for every difference, then the counts; exit code
    1 where something differs.
    """
    differences: list[str] = []
    checks = run(_check(provider_report, differences.append if json else print))
    report = Report(checks)
    if json:
        show({**report.json, "differences": differences}, json)
    else:
        print(*report.lines, sep="\n")
    if not report.ok:
        raise typer.Exit(1)


@app.command()
def balance(json: Json = False) -> None:
    """The trial balance: debits and credits of each account, by currency; exit code 1 where they are not equal."""
    found = run(_balance())
    finish(list(found.rows), json, "trial balance", ok=not found.open)


@app.command("export")
def export_journal(
    day: Day = None,
    currency: Currency = None,
    form: Annotated[Format, typer.Option("--format", help="How the rows are written.")] = Format.CSV,
    to: Annotated[Path | None, typer.Option(dir_okay=False, help="A file; stdout where left out.")] = None,
) -> None:
    """Write the journal, of a day or of all time: a row a posting, each entry's debits equal to its credits."""
    with exports.opened(to) as file:
        run(_export(_span(day), currency, form, file))


@app.command()
def reconcile(
    reports: Annotated[
        list[Path], typer.Argument(exists=True, dir_okay=False, help="The provider's reports: CSV or JSON Lines.")
    ],
    day: Day = None,
    json: Json = False,
) -> None:
    """Hold a payment provider's reports of a day, and of those beside it, against the books: a line for every
    difference, and for what is awaited from a neighbouring day's, then the sums of each currency; exit code 1 where
    something differs.
    """
    found = run(_reconcile(reports, _span(day) if day else None))
    if json:
        show(found.json, json)
    else:
        print(*found.differences, *found.awaited, *found.lines, sep="\n")
    if found.differences:
        raise typer.Exit(1)


def _span(day: date | None) -> Span:
    return Span.of_days(day, day) if day else EVER


async def _check(provider_report: Path | None, tell: Tell) -> Sequence[Check]:
    stack = await _running()
    try:
        return await ledger_audit(sources(stack), provider_report, tell)
    except ValueError as error:
        raise Failed(str(error)) from None


async def _balance() -> TrialBalance:
    found = TrialBalance()
    async for booked in journal(_dsns(await _running())):
        for posting in booked.postings:
            found.add(posting)
    return found


async def _export(span: Span, currency: str | None, form: Format, file: IO[str]) -> int:
    return await exports.export(journal(_dsns(await _running()), span), file, form, currency)


async def _reconcile(reports: Sequence[Path], span: Span | None) -> Reconciled:
    stack = await _running()
    try:
        return await reconciliation.reconciled(reports, _dsns(stack), span)
    except ValueError as error:
        raise Failed(str(error)) from None


async def _running() -> Stack:
    stack = Stack.load()
    async with open_api(stack) as api:
        await check_running(stack, api)
    return stack


def _dsns(stack: Stack) -> dict[str, str]:
    return {service: stack.dsn(service) for service in SERVICES}
