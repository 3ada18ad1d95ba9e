"""The aggregate: one document, changed by one atomic write.

Here live the change of a document, the lifecycle table that decides it, the store that writes it by compare-and-set,
the batch form of the same, and the numbered migrations. No domain, no Kafka, no HTTP: services bring the tables,
`shared.messaging` moves the events, `shared.poller` watches the clock.
"""

from shared.aggregate.archive import Archiving
from shared.aggregate.batch import Batch, Copy, OnLifecycle, Route, Routes, last_number
from shared.aggregate.change import Change, Document, Kind, Trigger
from shared.aggregate.clock_check import ClockCheck, time_of
from shared.aggregate.explain import explain
from shared.aggregate.lifecycle import Lifecycle
from shared.aggregate.migrations import Migration, behind, by_try, migrate
from shared.aggregate.store import ClockOff, Contended, Store, Unwritable, archive_of, once, open_store
from shared.aggregate.table import Breach, Condition, Emit, Guard, Park, Refusal, Row, cells
from shared.aggregate.tasks import ANSWERED, LONGEST_PAUSE, close_task, is_answered, open_task, try_task
from shared.aggregate.verdict import Verdict
from shared.aggregate.waiting import Waiting, waiting

__all__ = [
    "ANSWERED",
    "Archiving",
    "Batch",
    "Breach",
    "Change",
    "ClockCheck",
    "ClockOff",
    "Condition",
    "Contended",
    "Copy",
    "Document",
    "Emit",
    "Guard",
    "Kind",
    "LONGEST_PAUSE",
    "Lifecycle",
    "Migration",
    "OnLifecycle",
    "Park",
    "Refusal",
    "Route",
    "Routes",
    "Row",
    "Store",
    "Trigger",
    "Unwritable",
    "Verdict",
    "Waiting",
    "archive_of",
    "behind",
    "by_try",
    "cells",
    "close_task",
    "explain",
    "is_answered",
    "last_number",
    "migrate",
    "once",
    "open_store",
    "open_task",
    "time_of",
    "try_task",
    "waiting",
]
