"""What the law of the listing's place asks of a price: the seeker's word, a licence that holds, and consent. Pure.

Listing decides by place and says in its events what it decided; here it is only held to.
"""

from collections.abc import Iterator, Mapping
from typing import Any, cast

from services.matching.offer.beginning import has_begun, has_ended_since, needs_consent
from services.matching.offer.prices import listed_price
from services.matching.offer.rules import undisturbed
from shared.aggregate import Breach, Change, Condition, Guard, Trigger

FOREIGN_NATIONAL = "foreign_national"
_DECLARES = "seeker-declares"
_SAYS = {FOREIGN_NATIONAL: "whether you are a foreign national there: neither a citizen nor a permanent resident"}
_STAYS_FREE = "Expected 0: a price on this offer is the seeker's to name."
_WHO = {FOREIGN_NATIONAL: "A foreign national may be charged nothing for this there"}


def asked(listing: Mapping[str, Any], kinds: list[str]) -> list[Mapping[str, Any]]:
    """What a seeker of this help is to declare before it costs them something: {rule, asks, help} each."""
    return [each for each in listing.get("seeker_asked") or () if set(each["help"]) & set(kinds)]


def _undeclared(change: Change, trigger: Trigger) -> Iterator[Breach]:
    """What is missing is told to the seeker alone: anybody else learns the same of one who is to be charged nothing and
    of one who was not asked.
    """
    is_seekers = change.is_new or "seeker" in trigger.roles
    if trigger.data.get("declares") and not is_seekers:
        yield Breach(_DECLARES, "/declares", "The seeker's alone to declare.")
    before, named = change.get("declares") or {}, trigger.data.get("declares") or {}
    for asks in named:
        if is_seekers and before.get(asks, named[asks]) != named[asks]:
            yield Breach(_DECLARES, f"/declares/{asks}", "With this offer you declared the other; make a new one.")
    if not _costs(change, trigger):
        return
    declared = before | named
    questions = change.get("seeker_asked") or asked(trigger.data.get("listing", {}), trigger.data.get("help", []))
    if not is_seekers:
        if any(declared.get(each["asks"]) is not False for each in questions):
            yield Breach(_DECLARES, "/price/amount", _STAYS_FREE)
        return
    for each in questions:
        answer = declared.get(each["asks"])
        if answer is None:
            says = f"Expected {_SAYS[each['asks']]} (rule {each['rule']}). At price 0 it is not asked."
            yield Breach(_DECLARES, f"/declares/{each['asks']}", says)
        elif answer:
            yield Breach(_DECLARES, "/price/amount", f"{_WHO[each['asks']]} (rule {each['rule']}): offer 0.")


def _costs(change: Change, trigger: Trigger) -> bool:
    """Whether the price that is named, or else the listing's, is above 0."""
    if named := trigger.data.get("price"):
        return bool(named["amount"])
    if change.get("price") is not None:
        return bool(change["price"])
    return listed_price(trigger.data["listing"], trigger.data["help"]) > 0


DECLARED = Guard(
    "seeker-declares",
    lambda change, trigger: not any(_undeclared(change, trigger)),
    lambda change, trigger: next(_undeclared(change, trigger)),
)


def _has_moved(change: Change, trigger: Trigger) -> bool:
    made, now = change.get("place"), trigger.data.get("place")
    return made is not None and now is not None and made != now


NOT_MOVED = Guard(
    "listing-moved",
    lambda change, trigger: not _has_moved(change, trigger),
    lambda change, trigger: (
        f"The listing was in {change['place']} when this was offered, and is in {trigger.data['place']} now, "
        "under other law: make a new offer."
    ),
    refuses="state",
)


def _licence(change: Change, trigger: Trigger) -> Mapping[str, Any] | None:
    """That of the listing as it stands now, else the one that the offer was made under."""
    found = trigger.data.get("listing", trigger.data).get("licence") or change.get("licence")
    return cast(Mapping[str, Any] | None, found)


def _ended(change: Change, trigger: Trigger) -> bool:
    licence = _licence(change, trigger)
    if licence is None or not _costs(change, trigger):
        return False
    return bool(licence["valid_until"] < change.now.date().isoformat())


def _has_ended(change: Change, trigger: Trigger) -> str:
    licence = _licence(change, trigger) or {}
    number, last_day = licence["number"], licence["valid_until"]
    return f"The licence {number} that this price stands under ended on {last_day}. At price 0 it needs none."


def licensed(pointer: str | None = None) -> Guard:
    """What has a price is agreed under a licence that holds, where the place asks for one."""
    return Guard("licence-ended", lambda change, trigger: not _ended(change, trigger), _has_ended, pointer)


# -- the employer's consent


CONSENT_STANDS = Guard(
    "consent-ended",
    lambda change, trigger: not has_ended_since(change.doc, trigger.data.get("no") or {}),
    "The employer's consent to this listing has ended since this was offered: this offer ends with it.",
    refuses="state",
)


def _is_of_consent(change: Change, trigger: Trigger) -> bool:
    return needs_consent(change.doc, trigger.data)


CONSENT_ENDED_BEFORE = Condition(
    "it has paid help that needs the employer's consent, and the help has not begun",
    lambda change, trigger: _is_of_consent(change, trigger) and not has_begun(change.doc) and undisturbed(change),
)
CONSENT_ENDED_WAITS = Condition(
    "it has paid help that needs the employer's consent and has not begun, and a dispute or a claim is in the way",
    lambda change, trigger: _is_of_consent(change, trigger) and not has_begun(change.doc),
)
CONSENT_ENDED = Condition("it has paid help that needs the employer's consent", _is_of_consent)
