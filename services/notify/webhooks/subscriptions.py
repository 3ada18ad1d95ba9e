"""Which events a webhook asked for. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from shared.events.catalogue import PUBLIC_NAMES

ALL = "*"
GROUPS = tuple(dict.fromkeys(name.partition(".")[0] for name in PUBLIC_NAMES))
TYPES = (ALL, *(f"{group}.*" for group in GROUPS), *PUBLIC_NAMES)
"""What may be asked for."""


def asks_for(webhook: Mapping[str, Any], event_type: str, data: Mapping[str, Any]) -> bool:
    """Whether an event is of the webhook's types, listing and offer."""
    about = all(data.get(name) == webhook[name] for name in ("listing_id", "offer_id") if webhook.get(name))
    return about and is_among(webhook["types"], event_type)


def is_among(types: Sequence[str], event_type: str) -> bool:
    return bool({ALL, event_type, f"{event_type.partition('.')[0]}.*"}.intersection(types))
