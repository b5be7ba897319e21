"""What is stored in events can be added to and never taken away: golden documents in history, and the words of
enumerations.
"""

from __future__ import annotations

import re
import subprocess
from enum import StrEnum
from pathlib import Path

import pytest

from shared.events import dispute, inspection, label_quota, mediation, order, refund, return_label, warranty
from shared.events.mediation import conversation, proposals
from shared.events.money import DECIMALS
from shared.events.outside import chargeback

ROOT = Path(__file__).parents[2]
LIST = ROOT / "docs" / "adr" / "0001-what-can-never-be-changed.md"
WORDS = {
    "Addressee": "all buyer seller case_team",
    "AnswerKind": "text image video",
    "AppealOutcome": "upheld amended reversed",
    "Anchor": "finished paid",
    "ChargebackResult": "buyer_paid buyer_not_paid",
    "CloseReason": "refunded no_refund cancelled_by_buyer return_lapsed replaced external_chargeback erroneous",
    "Decision": "accept counter reject",
    "Denial": "refused_by_seller not_answered",
    "Destination": "original bonus",
    "EscalationReason": """buyer_timeout negotiation_timeout return_condition return_impossible return_lost requested
    replacement_overdue support_override""",
    "Hint": "tracking_may_lag",
    "Hold": "dispute return chargeback denied_return",
    "HoldEnd": "cancelled agreed closed decided returned disputed",
    "LimitScope": "labels no_reason_returns",
    "InspectionFault": "not_received damaged different missing used",
    "InspectionResult": "pass fail",
    "DoubtFound": "paid not_paid",
    "ManualReason": "retries_used_up answer_differs outcome_unknown charged_back",
    "Outcome": "buyer_favour seller_favour split",
    "Payer": "buyer seller platform",
    "OverrideAction": "decide escalate close",
    "ProposalKind": "decision appeal_decision override retry manual_payment abandonment re_request end_of_doubt",
    "RefundWay": "card wallet account bonus",
    "ReachedType": "negotiated seller_timeout arbitrated appeal support_override",
    "Reason": """not_received late wrong_address not_as_described counterfeit damaged shortage defective wrong_item
    wrong_size unauthorised_charge change_of_mind not_stated""",
    "RefundOutcome": """issued failed refused sent_to_manual abandoned settled overdue returned_by_bank
    tried_again failed_again with_people given_up issued_again found_paid found_unpaid""",
    "RefundSource": "agreement cancellation mediation return goodwill",
    "Remedy": "cancellation refund_only return_and_refund return replacement repair",
    "ReturnKind": "dispute free extra domestic statutory",
    "ReportKind": "direct_payment off_platform_contact other",
    "RepresentmentEnd": "sent buyer_paid buyer_not_paid",
    "RightKind": "conformity withdrawal",
    "ReturnOutcome": """authorized denied voided shipped received passed failed lapsed lost lost_by_own_carrier
    not_inspected denial_final""",
    "SolutionType": "refund_only return_and_refund replacement exchange",
    "WarrantyResult": "repair replace refused",
    "WarrantyStep": "opened repair replace refused fulfilled",
}
"""Every word that an event may hold already. Add to this list; a word that was stored once must be readable for ever.
"""


CURRENCIES = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    2: """
    AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD CDF CHE CHF
    CHW CNY COP COU CRC CUC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HRK
    HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR
    MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP
    SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XAD XCD XCG
    YER ZAR ZMW ZWG ZWL""",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}
"""The decimals of every currency that orders may have been paid in. Add to this list; none leaves it."""


def enumerations() -> dict[str, type[StrEnum]]:
    found = (
        value
        for module in (
            order,
            chargeback,
            dispute,
            conversation,
            mediation,
            proposals,
            refund,
            return_label,
            warranty,
            label_quota,
            inspection,
        )
        for value in vars(module).values()
        if isinstance(value, type)
    )
    return {value.__name__: value for value in found if issubclass(value, StrEnum) and value is not StrEnum}


@pytest.mark.parametrize("name", WORDS)
def test_a_word_that_was_stored_once_stays_readable(name: str) -> None:
    assert set(WORDS[name].split()) <= set(enumerations()[name])


def test_every_enumeration_and_every_word_is_listed() -> None:
    assert {name: set(words) for name, words in enumerations().items()} == {
        name: set(words.split()) for name, words in WORDS.items()
    }


def test_the_table_of_currencies_only_grows() -> None:
    assert {code: n for n, codes in CURRENCIES.items() for code in codes.split()}.items() <= DECIMALS.items()


def test_no_golden_document_was_changed_or_removed_since_a_release() -> None:
    """From v1.0.0 on. Between releases a new event may still find its shape; what a release has stored stays."""
    release = _git("describe", "--tags", "--abbrev=0", "--match", "v[1-9]*")
    changed = _git("diff", "--name-only", "--diff-filter=DMR", release, "--", "tests/golden") if release else ""
    assert changed == ""


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def test_every_prefix_of_an_id_that_we_make_stands_in_the_list_of_what_never_changes() -> None:
    (row,) = [line for line in LIST.read_text().splitlines() if line.startswith("| ids that we make |")]
    listed = set(re.findall(r"`([a-z]{3})_`", row.partition("reserved")[0]))
    made = {
        prefix
        for path in (*ROOT.glob("services/**/*.py"), *ROOT.glob("shared/**/*.py"))
        for prefix in re.findall(r'derived_id(?:_beside)?\((?:[^()"]*, )?"([a-z]{3})"', path.read_text())
    }
    assert made == listed
