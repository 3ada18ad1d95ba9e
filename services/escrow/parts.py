"""What the views of escrow work with."""

from dataclasses import dataclass

from services.escrow.provider.port import Notices
from shared.http.answer.commands import Resource
from shared.settings import Settings


@dataclass(frozen=True)
class Parts:
    """Made once a process, in `main.build`."""

    settings: Settings
    escrows: Resource
    notices: Notices
