"""Checks and reports: good while every fault is zero."""

from ops.audit.check import Check, Report


def test_a_report_is_good_while_every_fault_is_zero_and_keeps_a_few_examples() -> None:
    check = Check.of("money", "lost")
    check.see("coins", 7)
    assert Report([check]).ok
    for coin in range(9):
        check.fault("lost", coin)
    report = Report([check])
    assert not report.ok
    assert report.lines == [f"{'money':<28} coins=7 lost=9"]
    assert check.examples == [f"lost: {coin}" for coin in range(5)]
    assert report.json["checks"][0]["faults"] == {"lost": 9}
