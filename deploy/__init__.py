"""How the system is run: the embedded stack, the command `golem`, topics, images. Nothing imports from here."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

COLLECTIONS: Mapping[str, str] = MappingProxyType(
    {"listing": "listings", "matching": "offers", "escrow": "escrows", "notify": "notifications"}
)
"""Each service's collection of aggregates, in the database that has the service's name."""

SERVICES: tuple[str, ...] = tuple(COLLECTIONS)

ARCHIVED = ("matching", "escrow")
"""The services that move what ended long ago to an archive."""

ROOT = Path(__file__).resolve().parent.parent
"""The folder that holds services, shared and deploy."""
