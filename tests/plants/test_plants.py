"""Plants: each has its place in the tree as it is, one that Python can still read."""

from __future__ import annotations

import ast

import pytest

from tests.plants.__main__ import ROOT
from tests.plants.plants import PLANTS, Plant


@pytest.mark.parametrize("plant", PLANTS, ids=lambda plant: plant.name)
def test_a_plant_has_its_one_place_and_tests_that_exist(plant: Plant) -> None:
    text = (ROOT / plant.file).read_text("utf-8")
    assert text.count(plant.old) == 1
    if plant.file.endswith(".py"):
        ast.parse(text.replace(plant.old, plant.new))
    assert all((ROOT / aimed.partition("::")[0]).exists() for aimed in plant.tests)


def test_there_are_forty_of_them_each_with_a_name_of_its_own() -> None:
    assert len({plant.name for plant in PLANTS}) == len(PLANTS) >= 40
