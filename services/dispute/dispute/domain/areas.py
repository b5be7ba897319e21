"""Areas: where something is offered, or not, by country, region and postal code (S70, S72–S74, S87)."""

from __future__ import annotations

from collections.abc import Mapping

from shared.events.base import Value
from shared.events.order import ShipTo, Terms


class Area(Value):
    """Some countries, or only regions of them by code or name, or postal codes that begin so (`006-009`: up to)."""

    countries: tuple[str, ...]
    regions: tuple[str, ...] = ()
    postal: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()

    def holds(self, place: ShipTo) -> bool:
        """Whether the place lies in it."""
        if place.country not in self.countries:
            return False
        if not (self.regions or self.postal):
            return True
        return self._holds_region(place) or any(_begins(place.postal_code or "", one) for one in self.postal)

    def _holds_region(self, place: ShipTo) -> bool:
        region = (place.region or "").casefold().strip()
        names = {region, f"{place.country}-{region}".casefold(), region.removesuffix(" oblast")}
        return any(one.casefold() in names for one in self.regions)


class Places(Value):
    """Where a programme offers its services at the moment."""

    free_countries: tuple[str, ...]
    overseas_territories: tuple[Area, ...]
    suspended_areas: tuple[Area, ...]

    def is_overseas(self, place: ShipTo) -> bool:
        """S70."""
        return any(area.holds(place) for area in self.overseas_territories)

    def suspended(self, place: ShipTo) -> Area | None:
        """The area in which no return is possible for the time being (S72, S73)."""
        return next((area for area in self.suspended_areas if area.holds(place)), None)


class Suspensions(Value):
    """By programme: the areas from which no return is possible for the time being (S72, S73)."""

    by_programme: Mapping[str, tuple[Area, ...]] = {}
    otherwise: tuple[Area, ...] = ()

    def rules(self, programme: str, place: ShipTo | None) -> tuple[str, ...]:
        """The rules by which nothing goes back from this place; none where it may."""
        areas = self.by_programme.get(programme, self.otherwise) if place else ()
        return next((area.rules for area in areas if place and area.holds(place)), ())


NOWHERE = Places(free_countries=(), overseas_territories=(), suspended_areas=())
"""Of rights that go by no place where a programme offers its services."""


def _begins(postal_code: str, span: str) -> bool:
    """Whether the code begins with one of the span: leading zeros count."""
    first, _, last = span.partition("-")
    begins = postal_code.replace(" ", "")[: len(first)]
    return len(begins) == len(first) and first <= begins <= (last or first)


def return_points(terms: Terms, place: ShipTo) -> tuple[str, ...]:
    """The carriers at which a parcel is handed in for its way back: they are named for the US, elsewhere there is no
    list (S87, S98 to S101).
    """
    return terms.return_points if place.country == "US" else ()
