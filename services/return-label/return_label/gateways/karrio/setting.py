"""Setting of a carrier that Karrio speaks to: its address with the credentials, the account, and a return's parcel."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlsplit

SIZES = {"weight_lb": 2.0, "length_in": 12.0, "width_in": 10.0, "height_in": 4.0}
"""A return's parcel, in pounds and inches, where the setting says nothing else: nobody knows what it will be."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What stands behind the plus sign, in parts."""

    base: str
    client_id: str
    secret: str
    more: Mapping[str, str]
    sizes: Mapping[str, float]


def setting_of(address: str, name: str, needs: tuple[str, ...]) -> Setting:
    """The parts of an address; ValueError says what it lacks, without repeating it."""
    try:
        place = urlsplit(address)
        is_whole = place.username and place.password and place.hostname and place.port != 0
        more = dict(parse_qsl(place.query))
        sizes = {size: float(more.get(size, usual)) for size, usual in SIZES.items()}
    except ValueError:  # whose words would repeat the secret
        is_whole, place, more, sizes = False, urlsplit(""), {}, {}
    lacking = [each for each in needs if not more.get(each)]
    if not is_whole or place.scheme not in ("https", "http") or place.path not in ("", "/") or lacking:
        wanted = "&".join(f"{each}=…" for each in needs)
        raise ValueError(f"{name} is asked at https://<client id>:<secret>@<host>?{wanted}") from None
    if any(size <= 0 for size in sizes.values()):
        raise ValueError(f"{name}: a parcel's {', '.join(SIZES)} are more than nothing")
    host = place.netloc.rpartition("@")[2]
    return Setting(
        f"{place.scheme}://{host}", unquote(place.username or ""), unquote(place.password or ""), more, sizes
    )
