"""What the rows of consent do to a listing: the employer is asked by a link, and its answer is recorded. Pure.

The fields are those of `documents.ListingDocument`; what an answer covers stands in `consents`.
"""

from collections.abc import Mapping
from typing import Any

from services.listing.acts import REVIEW, draft_ends, keep, rest_timers
from services.listing.consents import AGAINST, ASKED, GIVEN, REFUSED, WITHDRAWN
from services.listing.search import index
from shared.aggregate import Change, Trigger

Extra = Mapping[str, Mapping[str, Any]]


def ask(change: Change, trigger: Trigger) -> Extra:
    """Keep what the employer is asked; notify mails the link."""
    asked, until = trigger.data, change.now + change.terms.consent_link_expiry
    link: dict[str, Any] = {"id": trigger.id, "at": change.now, "until": until, "status": ASKED}
    link |= {"domain_mark": change["domain_mark"], "currency": change["pay"]["currency"]}
    link["help"] = {each["kind"]: each["price"]["amount"] for each in change["help"]}
    change.set(consent_links=[*change.get("consent_links", ()), link])
    draft_ends(change)
    mail = {"link_id": trigger.id, "until": until, "sealed": asked["sealed"], "language": asked["language"]}
    return {"listing.consent_asked": mail}


def give(change: Change, trigger: Trigger) -> None:
    """What waits for it in review is looked at again, and published by itself where nothing else is in the way."""
    _answered(change, trigger, GIVEN)
    draft_ends(change)
    if change.state == "in_review" and not change.get("rested"):
        change.schedule(REVIEW, change.now)


def refuse(change: Change, trigger: Trigger) -> None:
    _said_no(change, trigger, REFUSED)


def take_back(change: Change, trigger: Trigger) -> None:
    _said_no(change, trigger, WITHDRAWN)


def keep_as_draft(change: Change, trigger: Trigger) -> None:
    """A moderator has nothing against it; its help would be paid for against the employer's will."""
    keep(change, trigger)
    _rest_as_draft(change)


def _said_no(change: Change, trigger: Trigger, status: str) -> None:
    """No consent given by another link goes on to count."""
    _answered(change, trigger, status)
    change.set(consent_ends=change.get("consent_ends", 0) + 1)
    if change.state == "draft":
        _rest_as_draft(change)


def _rest_as_draft(change: Change) -> None:
    """No deadline counts but a draft's, and the search does not find it."""
    rest_timers(change)
    draft_ends(change)
    index(change)


def _answered(change: Change, trigger: Trigger, status: str) -> None:
    said = {"status": status, "at": change.now}
    links = change["consent_links"]
    link = next(each for each in links if each["id"] == trigger.data["link_id"])
    falls = (link["id"], *(each["id"] for each in links if each["status"] == GIVEN and status in AGAINST))
    change.set(consent_links=[each | ({"status": status} if each["id"] in falls else {}) for each in links])
    change.set(employer_word={**{name: link[name] for name in ("domain_mark", "currency", "help")}, **said})
