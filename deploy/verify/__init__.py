"""What must always be true of the whole system, checked from outside: databases, topics, groups, the provider.

`invariants` lists I1 to I13 in one place; each group of checks is a file and pure: it looks at a `Snapshot` of plain
lists. `slices` makes one after the other of a running system, of any size, and `examination` goes through them; a test
makes one of what it damaged. Nothing here changes anything.
"""

from deploy.verify.examination import Progress, examine
from deploy.verify.invariants import INVARIANTS, verify
from deploy.verify.snapshot import SETTLING, Snapshot

__all__ = [
    "INVARIANTS",
    "SETTLING",
    "Progress",
    "Snapshot",
    "examine",
    "verify",
]
