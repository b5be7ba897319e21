"""Parties of the story, with the role that each has."""

from __future__ import annotations

from collections.abc import Mapping

ANN, BOB, CARLA, DORA = "ann", "bob", "carla", "dora"
SOUNDHOUSE, LUMEN, NORTHWEAR, OPTIKA = "soundhouse", "lumen", "northwear", "optika"
SHOP, WAREHOUSE = "shop", "warehouse-1"
IRIS, OTTO = "iris", "otto"

ROLES: Mapping[str, str] = {
    **dict.fromkeys((ANN, BOB, CARLA, DORA), "buyer"),
    **dict.fromkeys((SOUNDHOUSE, LUMEN, NORTHWEAR, OPTIKA), "seller"),
    **dict.fromkeys((IRIS, OTTO), "case_team"),
    SHOP: "service",
    WAREHOUSE: "warehouse",
}
