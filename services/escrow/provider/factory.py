"""Opens the provider that the setting `PROVIDER` names: the one place that knows the adapters."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Protocol

from pymongo.database import Database

from services.escrow.provider import sandbox
from services.escrow.provider.port import Notices, Provider, Records
from shared.clock import Clock
from shared.settings import Provider as Settings


class Adapter(Protocol):
    """What the package of an adapter offers; each process opens only the part it needs."""

    def open_provider(self, settings: Settings, clock: Clock) -> Provider:
        """For escrow's worker: the whole. Raises what the way to the provider raises."""

    def open_notices(self, settings: Settings, tolerance: timedelta) -> Notices:
        """For escrow's web process: reads webhooks signed within `tolerance`; connects to nothing."""

    def open_records(self, database: Database[dict[str, Any]]) -> Records:
        """For `golem verify`: reads; `database` is the one set apart for the provider."""


ADAPTERS: Mapping[str, Adapter] = {"sandbox": sandbox}
"""By the value of `PROVIDER`."""


def open_provider(settings: Settings, clock: Clock) -> Provider:
    return ADAPTERS[settings.name].open_provider(settings, clock)


def open_notices(settings: Settings, tolerance: timedelta) -> Notices:
    return ADAPTERS[settings.name].open_notices(settings, tolerance)


def open_records(name: str, database: Database[dict[str, Any]]) -> Records:
    return ADAPTERS[name].open_records(database)
