"""The caller's own document of a kind: there is one at most, and to set it is to make it."""

from collections.abc import Callable
from typing import Any

from shared.aggregate import Change, Document, Kind, Refusal, Store
from shared.http.answer.commands import problem_of_refusal
from shared.http.declare.operations import Call


def change_own(
    call: Call[Any],
    store: Store,
    document_id: str,
    kind: Kind,
    decide: Callable[[Change], Any],
    is_there: Callable[[Document | None], bool] = lambda _: True,
) -> Document:
    """Change it by compare-and-set, or make it; returns it. Raises Problem: 412 by If-Match, and of `decide`'s Refusal.

    A request without If-Match sets what is there as well as what is not; with one it wants a document, and with `*` one
    that `is_there`: what was deleted leaves a document without it.
    """

    def checked(changes: dict[str, Change]) -> Document:
        change = changes[document_id]
        call.if_match.check_there(is_there(None if change.is_new else change.document()))
        if not change.is_new or call.if_match.versions is not None:
            call.if_match.check(change.version)
        decide(change)
        return change.document()

    try:
        return store.run({document_id: kind}, checked)
    except Refusal as refusal:
        raise problem_of_refusal(refusal) from refusal
