"""How much each benchmark does: `TINY` for the tests, `SHORT` for three minutes, `FULL` for as long as it takes."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Size:
    name: str
    rounds: int
    hires: int
    """Hires a round that wait to be paid, and of the peer that takes one record after the other."""
    hires_slow: int
    clients: tuple[int, ...]
    market_s: float
    """Seconds that a round of the market lasts."""
    events: int
    """Events that wait for the relay."""
    request_s: float
    open_loop: int
    """Hires a round that are confirmed at half of capacity."""
    growth: tuple[int, ...]
    growth_asks: int
    webs: tuple[int, ...] = ()
    partitions: tuple[int, ...] = ()
    two_workers: bool = False
    hires_more: int = 4
    """Hires a round with more partitions or workers, and of the one beside it."""
    full: bool = False


TINY = Size("tiny", 1, 4, 2, (2,), 0.5, 20, 0.2, 3, (20, 40), 3, webs=(2,), partitions=(3,), two_workers=True)
SHORT = Size("short", 5, 150, 15, (8,), 2.0, 4000, 0.3, 25, (1000, 10_000), 25)
FULL = Size(
    "full", 5, 2000, 100, (1, 8, 32), 8.0, 20_000, 2.0, 200, (1000, 10_000, 100_000, 1_000_000), 60,
    webs=(2, 4), partitions=(3, 6, 12), two_workers=True, hires_more=400, full=True,
)  # fmt: skip
SIZES = {size.name: size for size in (TINY, SHORT, FULL)}
