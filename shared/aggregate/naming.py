"""Which pseudonym key and issuer a service's documents name people by.

Both are parts of each pseudonym, so with another of either everybody would be a stranger to their own listings, offers
and money. The first process of a service writes down which they are (the key as a keyed hash of itself), and no later
one starts with others.
"""

import hmac
import logging
from threading import Lock

import pymongo
from pymongo.collection import Collection
from pymongo.errors import DuplicateKeyError, PyMongoError

from shared.aggregate.change import Document
from shared.telemetry.outage import Outage

_ID = "naming"
_WITHIN_SECONDS = 3.0
log = logging.getLogger(__name__)


class NamedOtherwise(Exception):
    """The documents name people by another key or issuer: the message says by which, and what to set."""


class Naming:
    """The key and the issuer of one process; a worker has no issuer, for it names nobody."""

    def __init__(self, collection: Collection[Document], key: bytes, issuer: str | None = None) -> None:
        self._collection, self._issuer = collection, issuer
        self._mark = hmac.digest(key, b"naming", "sha256").hex()
        self._agreed = False
        self._lock = Lock()
        self._outage = Outage(log, "whether the documents name people by this key and issuer is not known")

    def agree(self) -> None:
        """Compare with the documents, or write it down where they name nobody yet. NamedOtherwise where it differs;
        pymongo's errors while the database is away.
        """
        with pymongo.timeout(_WITHIN_SECONDS):
            known = self._known()
        if known["key"] != self._mark:
            raise NamedOtherwise(
                "PSEUDONYM_KEY: this is not the key that the documents name people by; give back the one before"
            )
        before = known.get("issuer")
        if self._issuer is not None and before != self._issuer:
            raise NamedOtherwise(
                f"TOKEN_ISSUER: the documents name people by the issuer {before!r}, not {self._issuer!r}; where "
                f"everybody has the `sub` there that they had before, set PSEUDONYM_ISSUER={before}"
            )
        self._agreed = True

    def agreed(self) -> bool:
        """Whether it has been found the same, now or before: until then no request may be answered."""
        if self._agreed:
            return True
        if not self._lock.acquire(blocking=False):
            return False
        try:
            self.agree()
            self._outage.ended()
        except (NamedOtherwise, PyMongoError) as error:
            self._outage.failed(f"{type(error).__name__}: {error}"[:500])
        finally:
            self._lock.release()
        return self._agreed

    def _known(self) -> Document:
        """What is written down, with what this process adds to it; of two at once the first one's word holds."""
        known = self._collection.find_one({"_id": _ID})
        if known is None:
            known = {"_id": _ID, "kind": _ID, "key": self._mark}
            try:
                self._collection.insert_one(known)
            except DuplicateKeyError:
                known = self._collection.find_one({"_id": _ID}) or known
        if self._issuer is None or "issuer" in known or known["key"] != self._mark:
            return known
        self._collection.update_one({"_id": _ID, "issuer": {"$exists": False}}, {"$set": {"issuer": self._issuer}})
        return self._collection.find_one({"_id": _ID}) or known
