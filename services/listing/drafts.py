"""How many listings a person may write that they never hand in, so that nobody fills the database.

A listing has `unsubmitted` (`<person> <when it was written>`) until it is handed in, which costs the week's budget; one
that is withdrawn before, or ends by itself, keeps it. Those of the time that a draft is kept are counted, by the sparse
index on that field: one command, beside the one that writes the listing. So a process remembers how many more may come
before it has to count again, half of what is left each time: whoever writes many at once pays for it now and then.
Several processes that count apart, and requests under way, go past the limit by what they remember, once.
"""

from collections import OrderedDict
from threading import Lock

from services.listing.acts import unsubmitted
from shared.aggregate import Refusal, Store
from shared.http.answer.commands import problem_of_refusal
from shared.settings import Terms
from shared.settings.in_words import in_words

_MOST_PEOPLE = 10_000


class Drafts:
    """Of all insiders."""

    def __init__(self, store: Store, terms: Terms) -> None:
        self._store, self._terms, self._lock = store, terms, Lock()
        self._left: OrderedDict[str, int] = OrderedDict()

    def check(self, person: str, repeat_of: str | None) -> None:
        """Raises Problem 422 where one more is one too many, and `repeat_of` is no listing that was written before."""
        with self._lock:
            if left := self._left.pop(person, 0):
                self._left[person] = left - 1
                return
        most, kept = self._terms.drafts_per_person, self._terms.draft_expiry
        since = {"$gt": unsubmitted(person, self._store.clock.now() - kept), "$lt": f"{person}!"}
        count = self._store.collection.count_documents({"unsubmitted": since}, limit=max(most, 1))
        if count < most:
            with self._lock:
                self._left[person] = (most - count - 1) // 2
                if len(self._left) > _MOST_PEOPLE:
                    self._left.popitem(last=False)
        elif repeat_of is None or self._store.get(repeat_of) is None:
            says = f"Within {in_words(kept)} you may write {most} listings that you do not hand in: hand one in first."
            raise problem_of_refusal(Refusal("rule", "drafts-bound", says))
