"""What must always be true of the whole system, checked from outside: databases, topics, groups, the provider.

`invariants` lists I1 to I13 in one place; each group of checks is a file and pure: it looks at a `Snapshot` of plain
lists, which `read` makes of a running system (or a test, of what it damaged). Nothing here changes anything.
"""

from deploy.verify.invariants import INVARIANTS, Invariant, Result, verify
from deploy.verify.snapshot import SETTLING, Seen, Snapshot
from deploy.verify.tally import Violation

__all__ = ["INVARIANTS", "SETTLING", "Invariant", "Result", "Seen", "Snapshot", "Violation", "verify"]
