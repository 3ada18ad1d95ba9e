"""What an employer's applicant tracking system reports of hires, and how the offers it is about are found.

The document is `documents.AtsEventDocument`. Nothing else of the candidate is stored.

States: waiting (no offer names the application yet), matched, conflict (two seekers who paid name it: nobody is paid),
refused (a rule forbids it: outcome.rule), withdrawn (the hire was taken back in time), taken_back (too late), expired.

Matching is the worker's: a timer looks for offers that name the application, on a listing of that employer, and lets
the system confirm each. It comes again when an offer names one, each day, and each hour while such an offer is not
active yet.
"""

import hashlib
import hmac
from datetime import timedelta
from typing import Any, Literal

from services.matching.employer.greenhouse import HireReport
from services.matching.employer.register import Employers
from services.matching.offer.lifecycle import HIRING
from services.matching.offer.lifecycle import OPEN as OPEN_OFFERS
from services.matching.staff_lists import ATS_EVENTS, delist, enlist
from services.matching.store import naming
from shared.aggregate import Change, Document, Lifecycle, Refusal, Store, Trigger

KIND = "ats_event"
OPEN = ("waiting", "conflict", "refused", "matched")
"""States in which it is matched once more."""
FOR_STAFF = ("waiting", "conflict", "refused", "taken_back")
_TAKEN_BACK = ("withdrawn", "taken_back")
_HIRED = ("hired", "ended", "completed", "closed")
_COUNTS = (*HIRING, *_HIRED)
"""Offers that count: what was only proposed or never paid for, or has come to nothing, stands in nobody's way."""
_PENDING = (*OPEN_OFFERS, "accepted")
MATCH, EXPIRE = "match", "expire"
RETAIN_FOR = timedelta(days=90)
MOST_BODIES = 50
"""How many different bodies are taken about one application."""
Taken = Literal["taken", "known", "overtaken", "outdated", "full"]
"""What became of a report; `overtaken`: known, and the opposite was reported since."""
_DAILY, _HOURLY = timedelta(days=1), timedelta(hours=1)


def event_id(key: bytes, employer: str, application: str) -> str:
    """Says nothing of the application, and so may stay when that is forgotten."""
    mark = hmac.digest(key, f"application\0{application}".encode(), "sha256").hex()[:32]
    return f"{KIND}:{employer}:{mark}"


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


# -- what is reported


def take_report(change: Change, employer: str, report: HireReport, of_body: str) -> Taken:
    """Take a report, once for each body, and none that is older than the last one taken.

    The same bytes after the opposite was reported are an old report, delivered again: nothing that is signed in them
    says otherwise, and a hire that was taken back must not come back by a repeat. A hire anew has other bytes.
    """
    if of_body in change.get("seen", ()):
        return "overtaken" if change.state in (_TAKEN_BACK if report.hired else OPEN) else "known"
    if report.at and report.at < (change.get("said_at") or report.at):
        return "outdated"
    if len(change.get("seen", ())) >= MOST_BODIES:
        return "full"
    if change.is_new:
        change.set(created_at=change.now, employer=employer)
    change.push("seen", of_body)
    change.set(application=report.application, received_at=change.now)
    if report.at:
        change.set(said_at=report.at)
    if report.hired:
        change.set(start_on=report.start_on or change.get("start_on") or change.now.date().isoformat())
        _move(change, "matched" if change.state in ("matched", "taken_back") else "waiting")
        change.schedule(MATCH, change.now)
    else:
        _move(change, "taken_back" if change.state in ("matched", "taken_back") else "withdrawn")
        change.schedule(MATCH, None)
    change.schedule(EXPIRE, change.now + RETAIN_FOR)
    return "taken"


def _move(change: Change, state: str, **outcome: Any) -> None:
    change.set(state=state, outcome=outcome or None)
    if state in FOR_STAFF:
        enlist(change, ATS_EVENTS, change["received_at"])
    else:
        delist(change)


def expire(change: Change) -> None:
    """The report is forgotten; that these bodies were taken is not."""
    change.set(state="expired", application=None, start_on=None, outcome=None)
    delist(change)
    change.schedule(MATCH, None)
    change.schedule(EXPIRE, None)


def forget(store: Store, application: str) -> None:
    """Whose application it was is to be forgotten: the reports of it go as well."""
    for event in naming(store, application, KIND):
        store.run({event["_id"]: KIND}, lambda changes: expire(*changes.values()))


# -- what it is about


class Matching:
    """Finds the offers that an event is about, and confirms them."""

    def __init__(self, store: Store, offer: Lifecycle, employers: Employers) -> None:
        self._store, self._offer, self._employers = store, offer, employers

    def look_again(self, *applications: str | None) -> None:
        """An offer names these applications from now on, or no longer: reports of them may be about it."""
        for application in filter(None, applications):
            for event in naming(self._store, application, KIND):
                self._store.run({event["_id"]: KIND}, lambda changes: _due_now(*changes.values()))

    def on_timer(self, change: Change, timer: str) -> None:
        if timer == EXPIRE:
            expire(change)
        elif change.state in OPEN and "application" in change.doc:
            self._match(change)

    def _match(self, change: Change) -> None:
        employer = self._employers.registered(change["employer"])
        found = self._naming(change, _COUNTS) if employer else []
        offers = [offer for offer in found if employer and self._employers.has(employer, offer["listing_id"])]
        offers = _strongest(change, offers)
        ids = [offer["_id"] for offer in offers]
        if len({offer["seeker"] for offer in offers}) > 1:
            _move(change, "conflict", offers=ids)
        elif offers:
            self._confirm(change, offers)
        elif change.state != "matched":
            _move(change, "waiting")
        pending = bool(employer) and bool(self._naming(change, _PENDING))
        change.schedule(MATCH, change.now + (_HOURLY if pending else _DAILY))

    def _naming(self, change: Change, states: tuple[str, ...]) -> list[Document]:
        return naming(self._store, change["application"], self._offer.name, states)

    def _confirm(self, change: Change, offers: list[Document]) -> None:
        rules = {offer["_id"]: self._say(change, offer["_id"]) for offer in offers if offer["state"] in HIRING}
        refused = {offer_id: rule for offer_id, rule in rules.items() if rule}
        if refused:
            _move(change, "refused", offers=list(refused), rule=next(iter(refused.values())))
        elif rules or any(offer["state"] in _HIRED for offer in offers):
            _move(change, "matched")

    def _say(self, change: Change, offer_id: str) -> str | None:
        """Let the system confirm one offer's hire; the rule that forbids it."""

        def decide(changes: dict[str, Change]) -> None:
            offer = changes[offer_id]
            trigger = Trigger(
                name="confirm_hire",
                id=f"{change.id}:{offer_id}",
                kind="command",
                at=offer.now,
                data={"start_on": change["start_on"]},
                roles=frozenset({"ats"}),
            )
            self._offer.fold(offer, trigger)

        try:
            self._store.run({offer_id: self._offer}, decide)
        except Refusal as refusal:
            return refusal.rule
        return None


def _strongest(change: Change, offers: list[Document]) -> list[Document]:
    """The offers that this report is about: anybody may name any application, so who only says so gives way.

    Whose hire this report has confirmed already is not disturbed by who comes later; and what was paid for goes before
    what is free, for naming an application costs nothing there.
    """
    confirmed = [offer for offer in offers if f"{change.id}:{offer['_id']}" in offer.get("applied", ())]
    if confirmed:
        seekers = {offer["seeker"] for offer in confirmed}
        return [offer for offer in offers if offer["seeker"] in seekers]
    return [offer for offer in offers if offer["price"]] or offers


def _due_now(change: Change) -> None:
    if change.state in OPEN:
        change.schedule(MATCH, change.now)
