"""The payment provider: the port that escrow speaks through, and the sandbox that stands behind it.

`port` is what escrow knows; the rest is the sandbox, a party of its own with its own database. Nothing here knows the
escrow's lifecycle or its journal.
"""

from services.escrow.provider.port import (
    Absent,
    Balance,
    Chargeback,
    Conflict,
    Instruction,
    Notice,
    Outcome,
    Provider,
    Transfer,
    Unavailable,
)
from services.escrow.provider.sandbox.party import Sandbox
from services.escrow.provider.sandbox.store import MemoryStore, MongoStore
from services.escrow.provider.sandbox.webhook import BadNotice, BadSignature, http_post, parse, sign, verify

__all__ = [
    "Absent",
    "BadNotice",
    "BadSignature",
    "Balance",
    "Chargeback",
    "Conflict",
    "Instruction",
    "MemoryStore",
    "MongoStore",
    "Notice",
    "Outcome",
    "Provider",
    "Sandbox",
    "Transfer",
    "Unavailable",
    "http_post",
    "parse",
    "sign",
    "verify",
]
