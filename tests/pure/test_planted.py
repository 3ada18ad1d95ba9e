"""The mistakes of `python -m tests.planted` can still be planted: each has its one place in the sources, and a test."""

from pathlib import Path

import pytest

from tests.planted.mistakes import MISTAKES, Mistake


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.what)
def test_each_mistake_has_one_place_and_a_test(mistake: Mistake) -> None:
    places = ((mistake.right, mistake.wrong), *((mistake.also,) if mistake.also else ()))

    assert [Path(mistake.file).read_text("utf-8").count(right) for right, _ in places] == [1] * len(places)
    assert Path(mistake.test.split(" ")[0].split("::")[0]).exists()
