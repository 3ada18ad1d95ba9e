"""The provider port: all that escrow, its web process, reconciliation and `golem verify` know of a payment provider.

`provider` is what escrow's worker speaks to, `instructions` what it asks for, `notices` what its web process lets in,
`records` what reconciliation and a verifier read. Amounts are integers in the currency's minor units; times are aware
and UTC. How to write an adapter: docs/provider.md.
"""

from services.escrow.provider.port.instructions import (
    Absent,
    Conflict,
    Instruction,
    Outcome,
    Status,
    Unavailable,
)
from services.escrow.provider.port.notices import (
    BadNotice,
    BadSignature,
    Chargeback,
    Notice,
    NoticeKind,
    Notices,
)
from services.escrow.provider.port.provider import ACCOUNT_ID, SOURCE_ID, Loop, Provider
from services.escrow.provider.port.records import PAGE, Account, Balance, Page, Records, Transfer, every

__all__ = [
    "ACCOUNT_ID",
    "PAGE",
    "SOURCE_ID",
    "Absent",
    "Account",
    "BadNotice",
    "BadSignature",
    "Balance",
    "Chargeback",
    "Conflict",
    "Instruction",
    "Loop",
    "Notice",
    "NoticeKind",
    "Notices",
    "Outcome",
    "Page",
    "Provider",
    "Records",
    "Status",
    "Transfer",
    "Unavailable",
    "every",
]
