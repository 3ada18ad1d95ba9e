"""What the people of the story send."""

from datetime import date
from typing import Any

Json = dict[str, Any]


def listing(title: str, seats: int, help_: list[tuple[str, int]], leaving: date, domain: str | None = None) -> Json:
    return {
        "title": title,
        "employer": {"name": "Acme Inc."} | ({"domain": domain} if domain else {}),
        "country": "CA",
        "subdivision": "CA-ON",
        "region": "Toronto",
        "industry": {"scheme": "NAICS-2022", "code": "5415"},
        "occupation": {"scheme": "ISCO-08", "code": "2512"},
        "duties": ["Run the payment services"],
        "seats": seats,
        "leaving_on": str(leaving),
        "pay": {"min": 9_500_000, "max": 12_000_000, "currency": "CAD", "per": "year"},
        "help": [{"kind": kind, "price": {"amount": amount, "currency": "CAD"}} for kind, amount in help_],
    }
