"""How many new reports a person or an address may make: so many at once, so many a day, of any number of addresses."""

import pytest

from shared.http.problems import Problem
from shared.http.request.limits import MOST_ADDRESSES
from shared.reports.desk import Limit

DAY = 86_400
ADDRESS = "192.0.2.1"


class World:
    def __init__(self) -> None:
        self.now = 0.0
        self.limit = Limit(4, lambda: self.now)

    def taken(self, person: str | None = None, address: str = ADDRESS) -> tuple[int, str]:
        """How many until one is refused, and after how many seconds it may be tried again."""
        for count in range(100):
            try:
                self.limit.check(person, address)
            except Problem as refused:
                assert refused.slug == "too-many-requests"
                return count, refused.headers["Retry-After"]
        raise AssertionError("none was refused")


@pytest.mark.parametrize("person", ["p_one", None])
def test_so_many_at_once_and_so_many_a_day(person: str | None) -> None:
    world = World()

    assert world.taken(person) == (4, str(DAY // 4))
    world.now += DAY / 2
    assert world.taken(person)[0] == 2
    world.now += 10 * DAY
    assert world.taken(person)[0] == 4


def test_everybody_has_their_own() -> None:
    """A person is not the address that they come from."""
    world = World()

    for person, address in ((None, ADDRESS), ("p_one", ADDRESS), ("p_two", ADDRESS), (None, "192.0.2.2")):
        assert world.taken(person, address)[0] == 4


def test_no_number_of_addresses_fills_the_memory_or_frees_a_person() -> None:
    world = World()
    world.taken("p_one")
    for number in range(2 * MOST_ADDRESSES):
        world.limit.check(None, f"2001:db8:{number >> 16:x}:{number & 0xFFFF:x}::/64")

    assert len(world.limit.addresses) == MOST_ADDRESSES
    assert world.taken("p_one")[0] == 0
