"""Staff's lists: a document with `staff_list` is in that list, which is sorted by `staff_sort_key`, newest first.

The two fields were called `listed` and `place` before, and `listed` was an offer's listed price as well. Documents that
an older version wrote are still listed, and lose the old names when they next change or when the migration passes.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from pymongo import ASCENDING, DESCENDING
from pymongo.collection import Collection

from shared.aggregate import Change, Document, Store
from shared.clock import format_time

EMPLOYERS, ATS_EVENTS = "employer", "ats_event"
"""The lists; each is called as the kind of its documents, whose ids begin with it."""

SORT_KEY = "staff_sort_key"
_UNLISTED = {"events": 0, "steps": 0, "applied": 0, "commands": 0, "parked": 0}
_FORMER_INDEX = "listed_1_place_-1"


def enlist(change: Change, name: str, at: datetime) -> None:
    """Put the document into a list, as of `at`."""
    change.set(staff_list=name, staff_sort_key=f"{format_time(at)} {change.id}", listed=None, place=None)


def delist(change: Change) -> None:
    """Take the document off its list."""
    change.set(staff_list=None, staff_sort_key=None, listed=None, place=None)


def for_staff(store: Store, name: str, after: str | None, limit: int) -> list[Document]:
    """Documents of a list, the newest first, those after the sort key `after`."""
    query = {"staff_list": name, **_behind(SORT_KEY, after)}
    found = list(store.collection.find(query, _UNLISTED).sort(SORT_KEY, DESCENDING).limit(limit))
    query = {**_former(name), **_behind("place", after)}
    former = list(store.collection.find(query, _UNLISTED).sort("place", DESCENDING).limit(limit))
    found += [{**doc, SORT_KEY: doc["place"]} for doc in former]
    return sorted(found, key=lambda doc: str(doc[SORT_KEY]), reverse=True)[:limit]


def registered_domains(store: Store) -> Iterator[str]:
    """The domains of all registered employers."""
    query = {"staff_list": EMPLOYERS, "state": "registered"}
    return (str(doc["domain"]) for doc in store.collection.find(query, {"domain": 1}))


def index_for_staff(offers: Collection[Document]) -> None:
    """Only documents of staff's lists are in it: no other has one of its fields."""
    offers.create_index([("staff_list", ASCENDING), (SORT_KEY, DESCENDING)], sparse=True)


def rename_staff_lists(offers: Collection[Document]) -> None:
    """Give `listed` and `place` of staff's lists their new names, and drop the index, which held every offer.

    A document is left alone where it has moved on meanwhile: whoever changes it renames them.
    """
    index_for_staff(offers)
    for name in (EMPLOYERS, ATS_EVENTS):
        for doc in offers.find(_former(name), {"place": 1, "version": 1}):
            renamed = {"$set": {"staff_list": name, SORT_KEY: doc["place"]}, "$unset": {"listed": "", "place": ""}}
            offers.update_one({"_id": doc["_id"], "version": doc["version"]}, renamed)
    if _FORMER_INDEX in offers.index_information():
        offers.drop_index(_FORMER_INDEX)


def _former(name: str) -> dict[str, Any]:
    """Documents with the old names: found by their ids, as no index holds them any more."""
    return {"_id": {"$gte": f"{name}:", "$lt": f"{name};"}, "listed": name, "staff_list": {"$exists": False}}


def _behind(field: str, after: str | None) -> Mapping[str, Any]:
    return {field: {"$lt": after}} if after else {}
