"""How bad a day is: how often each thing goes wrong, of every chance that it has."""

import random
from dataclasses import dataclass, fields


@dataclass(frozen=True)
class Weather:
    """Probabilities. The first four are at every call to the outside, the others of each message or answer."""

    interleave: float = 0.02  # somebody else acts first
    crash: float = 0.006  # the process dies there
    database: float = 0.01  # the connection is lost, before or after the server did it
    provider: float = 0.15  # no answer, before or after the provider did it
    refused: float = 0.03  # the broker does not take a message
    lost_ack: float = 0.03  # it takes it, and nobody hears
    twice: float = 0.03  # it takes it twice
    webhook: float = 0.2  # a webhook does not arrive, or its answer does not

    @classmethod
    def of(cls, chance: random.Random) -> "Weather":
        """A day of this seed: calm, usual or wild, and more or less crowded."""
        scale = chance.choice((0.0, 0.3, 1.0, 1.0, 3.0))
        scaled = {f.name: getattr(cls, f.name) * scale for f in fields(cls)}
        return cls(**{**scaled, "interleave": chance.choice((0.02, 0.06, 0.15))})


CALM = Weather(**{f.name: 0.0 for f in fields(Weather)})
