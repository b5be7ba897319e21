"""Formats of tracking numbers: what each carrier's look like, and which check digit they have, if any.

Written from what the carriers and standards publish; docs/tracking-numbers.md shows the same as a table.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from shared.tracking.check_digits import (
    luhn,
    mod7,
    mod10_1_2,
    mod10_3_1,
    mod11_3_1_7,
    mod11_of_s10,
    mod37_36,
)

POSTAL = "S10"
"""The standard of the posts of all countries, whoever carries the parcel."""


@dataclass(frozen=True, slots=True)
class Format:
    """How numbers of one kind look, without their gaps; what stands in a group is what the check digit is of, where it
    is not of the whole. `own` says that nobody else's look like that.
    """

    carrier: str
    name: str
    shape: str
    check: Callable[[str], bool] | None = None
    own: bool = False
    lead: str = ""
    """What the check counts in front and nobody prints."""

    def fits(self, number: str) -> bool:
        """Whether it looks like one."""
        return bool(re.fullmatch(self.shape, number))

    def is_right(self, number: str) -> bool:
        """Whether it looks like one and has the right check digit."""
        match = re.fullmatch(self.shape, number)
        if not match or not self.check:
            return bool(match)
        return self.check(self.lead + "".join(match.groups() or (number,)))


_ZIP = r"(?:420\d{5}(?:\d{4})?)?"
"""In front of numbers of the United States' post: where to."""
FORMATS = (
    # The last two letters are a country's: those that ISO 3166 gives to nobody are none, but for Kosovo's.
    Format(POSTAL, POSTAL, r"[A-Z]{2}(\d{9})(?!AA|Q[M-Z]|X[A-JL-Z]|ZZ)[A-Z]{2}", mod11_of_s10, own=True),
    Format("UPS", "UPS 1Z", r"1Z([0-9A-Z]{15}\d)", mod10_1_2, own=True),
    Format("UPS", "UPS waybill", r"[AHJKTV](\d{10})", mod10_1_2),
    Format("USPS", "USPS 20", r"\d{20}", mod10_3_1),
    Format("USPS", "USPS 20 of 22", r"[0-8]\d{19}", mod10_3_1, lead="91"),
    Format("USPS", "USPS 22 to 26", rf"{_ZIP}(9[1-5]\d{{20}}(?:\d{{4}})?)", mod10_3_1),
    Format("Canada Post", "Canada Post", r"\d{16}", mod10_3_1),
    Format("DHL", "DHL Express", r"\d{10,11}", mod7),
    Format("DHL", "DHL piece", r"J(?:JD|VGL)\d{10,18}"),
    Format("DHL", "DHL eCommerce GM", r"GM[0-9A-Z]{16,20}"),
    Format("DHL", "DHL eCommerce 14", r"\d{14}"),
    Format("DHL", "DHL Paket", r"00\d{18}", mod10_3_1),
    Format("DPD", "DPD 14", r"\d{14}[0-9A-Z]", mod37_36),
    Format("DPD", "DPD 27", r"\d{27}[0-9A-Z]", mod37_36),
    Format("FedEx", "FedEx 12", r"\d{12}", mod11_3_1_7),
    Format("FedEx", "FedEx 15", r"\d{15}", mod10_3_1),
    Format("FedEx", "FedEx 18", r"\d{18}", mod10_3_1),
    Format("FedEx", "FedEx 22", r"96\d{5}(\d{15})", mod10_3_1),
    Format("FedEx", "FedEx 32", r"\d{16}(\d{12})\d{4}", mod11_3_1_7),
    Format("FedEx", "FedEx 34", r"\d{22}(\d{12})", mod11_3_1_7),
    Format("Purolator", "Purolator 12", r"\d{12}", luhn),
    Format("Purolator", "Purolator letters", r"[A-Z]{3}\d{9}"),
    Format("OnTrac", "OnTrac", r"[CD]\d{14}", mod10_1_2),
    Format("Old Dominion", "Old Dominion", r"(?:07|77|78|80)\d{9}", luhn),
    Format("Amazon", "Amazon TBA", r"TB[ACM]\d{12}"),
    Format("Amazon", "Amazon C", r"C\d{10}"),
    Format("Canpar", "Canpar", r"[DLS]\d{21}"),
    Format("GOFO", "GOFO", r"GFUS\d{14}"),
    Format("Landmark Global", "Landmark Global", r"LTN\d{8}N\d"),
    Format("LaserShip", "LaserShip L", r"L[AEHINX][1-3]\d{7}"),
    Format("LaserShip", "LaserShip 1LS7", r"1LS7\d{11}(?:\d1)?"),
    Format("LaserShip", "LaserShip 1LSCX", r"1LSCX[0-9A-Z]{10}"),
    Format("Spee-Dee", "Spee-Dee", r"SP\d{18}"),
    Format("Yodel", "Yodel", r"J?JD\d{16}"),
    Format("YunExpress", "YunExpress", r"YT\d{16}"),
)
"""Every format that is known; numbers of other carriers are taken as they are typed."""

ALSO_CALLED: Mapping[str, str] = {
    "United States Postal Service": "USPS",
    "United Parcel Service": "UPS",
    "karrio-usps": "USPS",
    "karrio-ups": "UPS",
    "DHL Express": "DHL",
    "DHL eCommerce": "DHL",
    "Federal Express": "FedEx",
    "Old Dominion Freight Line": "Old Dominion",
    "GOFO Express": "GOFO",
    "Spee-Dee Delivery": "Spee-Dee",
    "Postes Canada": "Canada Post",
}
"""Other names of carriers."""


def carrier_named(name: str) -> str | None:
    """The carrier of the table that somebody means by a name; None for one that the table does not have."""
    return _BY_NAME.get(_plain(name))


def formats_of(carrier: str) -> tuple[Format, ...]:
    """A carrier's own formats, and that of the posts, whose numbers others deliver too."""
    return tuple(one for one in FORMATS if one.carrier in (carrier, POSTAL))


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name)).casefold()


_BY_NAME = {_plain(one.carrier): one.carrier for one in FORMATS if one.carrier != POSTAL} | {
    _plain(other): carrier for other, carrier in ALSO_CALLED.items()
}
