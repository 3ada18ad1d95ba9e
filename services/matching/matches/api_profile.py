"""A seeker's profile over HTTP: what they look for. Nobody else sees it."""

from collections.abc import Callable

from services.matching.matches import profiles
from services.matching.matches.parts import Parts
from services.matching.matches.profiles import KIND, profile_id
from services.matching.matches.schemas import NewProfile, Profile
from services.matching.matches.views import profile_view
from shared.aggregate import Change, Document
from shared.http.answer.documents import document_response
from shared.http.answer.own import change_own
from shared.http.declare.operations import ANYONE, Answer, Call, Operations
from shared.http.problems import Problem

operations: Operations[Parts] = Operations("matching", "Your profile")


@operations.get("/v1/me/profile", "getProfile", "Show your profile", who=ANYONE, answers={200: Profile},
                refuses=("not-found",))  # fmt: skip
def show(call: Call[Parts]) -> Answer:
    doc = call.parts.store.get(profile_id(call.person))
    if doc is None or not profiles.is_there(doc):
        raise Problem("not-found", "You have no profile here.")
    return document_response(profile_view(doc))


@operations.put(
    "/v1/me/profile", "putProfile", "Set your profile: what you look for", who=ANYONE, body=NewProfile, match=True,
    answers={200: Profile},
)  # fmt: skip
def put(call: Call[Parts]) -> Answer:
    doc = _change(call, lambda change: profiles.put(change, call.body))
    call.parts.alerts.profile_changed(call.person, doc)
    return document_response(profile_view(doc))


@operations.delete("/v1/me/profile", "deleteProfile", "Delete your profile", who=ANYONE, match=True,
                   answers={204: None})  # fmt: skip
def delete(call: Call[Parts]) -> Answer:
    _change(call, lambda change: profiles.remove(change) if not change.is_new else None)
    call.parts.alerts.profile_changed(call.person, None)
    return Answer(status=204)


def _change(call: Call[Parts], decide: Callable[[Change], None]) -> Document:
    return change_own(call, call.parts.store, profile_id(call.person), KIND, decide, profiles.is_there)
