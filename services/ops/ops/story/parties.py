"""Parties of the story, with the role that each has."""

from __future__ import annotations

from collections.abc import Mapping

ANN, BOB, CARLA = "ann", "bob", "carla"
SOUNDHOUSE, LUMEN, NORTHWEAR = "soundhouse", "lumen", "northwear"
SHOP, WAREHOUSE = "shop", "warehouse-1"

ROLES: Mapping[str, str] = {
    **dict.fromkeys((ANN, BOB, CARLA), "buyer"),
    **dict.fromkeys((SOUNDHOUSE, LUMEN, NORTHWEAR), "seller"),
    SHOP: "service",
    WAREHOUSE: "warehouse",
}
