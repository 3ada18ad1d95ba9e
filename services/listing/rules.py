"""The rules a listing keeps, and the guards that hold its commands to them. Pure.

What may be charged where, caps, consent and phrases are `shared.places`'; how an employer is named stands in
`rules.json`. A breach names the rule, the field and what would be allowed.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from services.listing import consents, text_rules
from shared.aggregate import Breach, Change, Condition, Guard, Trigger
from shared.money import both_ways
from shared.places import Decision, Licence, Licences, PlaceRules, name_of, place_of, shipped

Listing = Mapping[str, Any]
"""A listing's fields as they came in: `country`, `pay`, `help`, `employer`, `title`, `duties`, `consent`, …"""

MOST_EDITS = 100
"""How often an insider may change, submit, pause or resume one listing."""

FREE = "price-0"
"""In the record of a decision: nothing is charged, so no rule had to allow it."""

_LEGAL_FORMS: Sequence[str] = json.loads(Path(__file__).with_name("rules.json").read_text("utf-8"))["legal_forms"]


class Rules:
    """What a place allows, under the licences that the operator holds."""

    def __init__(self, places: PlaceRules | None = None, licences: Licences | None = None) -> None:
        self.places = places or shipped()
        self.licences = licences or Licences()
        self.legal_forms = _LEGAL_FORMS

    def prices(self, listing: Listing, on: date) -> list[Breach]:
        """What the place and the cap forbid on that day; price 0 is always allowed."""
        return [*self._policy_breaches(listing, on), *self._cap_breaches(listing)]

    def place(self, listing: Listing) -> list[Breach]:
        """The subdivision is the country's, and named where the rules differ inside it."""
        country, subdivision = listing["country"], listing.get("subdivision")
        if subdivision and not subdivision.startswith(f"{country}-"):
            return [Breach("subdivision", "/subdivision", f"Expected a subdivision of {country}, not {subdivision}.")]
        if subdivision or not self.places.needs_subdivision(country):
            return []
        says = f"In {name_of(country)} the rules differ by subdivision: name it, {country}-… of ISO 3166-2."
        return [Breach("subdivision", "/subdivision", says)]

    def consent(self, listing: Listing) -> list[Breach]:
        """The employer's consent, which paid help needs: the insider's word of it, or where more is asked its own."""
        return list(consents.breaches(self.places, listing))

    def acknowledged(self, listing: Listing) -> list[Breach]:
        """What the insider acknowledges before help has a price there."""
        for kind, _ in charged(listing):
            asks = self.places.acknowledgement(place_of(listing), kind)
            if asks and asks.acknowledges not in (listing.get("acknowledges") or ()):
                says = f"For money, {_some(kind)} needs your acknowledgement, {asks.acknowledges}: {asks.says}."
                return [Breach(asks.id, "/acknowledges", says)]
        return []

    def wording(self, listing: Listing) -> list[Breach]:
        """What in its texts looks like contact data, names the employer, or may not be said in that place."""
        return [*(Breach(*each) for each in text_rules.check(listing, self.legal_forms)), *self.forbidden(listing)]

    def forbidden(self, listing: Listing) -> list[Breach]:
        """What in its texts may not be said in its place."""
        phrases = self.places.phrases_of(place_of(listing))
        return [Breach(*each) for each in text_rules.forbidden(listing, phrases)]

    def all(self, listing: Listing, on: date) -> list[Breach]:
        return [
            *self.place(listing), *self.prices(listing, on), *self.acknowledged(listing), *self.consent(listing),
            *self.wording(listing),
        ]  # fmt: skip

    def applied(self, listing: Listing) -> list[str]:
        """Ids of the rules that let these prices through, for the record of the decision."""
        place, kinds = place_of(listing), [kind for kind, _ in charged(listing)]
        ids = [self.places.decision(place, kind).id for kind in kinds]
        ids += [self.places.cap.id] if kinds else []
        ids += [rule.id for kind in kinds if (rule := self.places.consent(place, kind))]
        ids += [asks.id for kind in kinds if (asks := self.places.acknowledgement(place, kind))]
        return list(dict.fromkeys(ids)) or [FREE]

    def licence(self, listing: Listing, on: date) -> Licence | None:
        """The operator's, under which some of this help is charged for."""
        return self.licences.of(place_of(listing), on) if self._needs_licence(listing) else None

    def is_licensed(self, listing: Listing, on: date) -> bool:
        """A licence holds, or none is needed."""
        return not self._needs_licence(listing) or self.licence(listing, on) is not None

    def fixed(self, listing: Listing, on: date) -> list[str]:
        """The kinds of its help that may not cost more than they are listed at: a higher price would need what is not
        there, the employer's consent to it, a licence, the insider's acknowledgement, or another law.
        """
        return [each["kind"] for each in listing["help"] if self._is_fixed(listing, each, on)]

    # -- inside

    def _needs_licence(self, listing: Listing) -> bool:
        place = place_of(listing)
        return any(self.places.decision(place, kind).decision == "licensed" for kind, _ in charged(listing))

    def _is_fixed(self, listing: Listing, help_kind: Mapping[str, Any], on: date) -> bool:
        pay, price = listing["pay"], help_kind["price"]
        most = max(price["amount"], self.places.cap.of(pay["min"], pay["per"], pay["currency"]))
        dearest = {**listing, "help": [{"kind": help_kind["kind"], "price": {**price, "amount": most}}]}
        return any((*self._policy_breaches(dearest, on), *self.acknowledged(dearest), *self.consent(dearest)))

    def _policy_breaches(self, listing: Listing, on: date) -> Iterator[Breach]:
        place = place_of(listing)
        for kind, pointer in charged(listing):
            rule = self.places.decision(place, kind)
            if rule.decision == "free_only":
                yield Breach(rule.id, pointer, in_words(place, kind, rule))
            elif rule.decision == "licensed" and self.licences.of(place, on) is None:
                why = self.licences.why_not(place, on)
                yield Breach(rule.id, pointer, f"{in_words(place, kind, rule)} But {why}. At price 0 it needs none.")

    def _cap_breaches(self, listing: Listing) -> Iterator[Breach]:
        pay, prices, cap = listing["pay"], [h["price"]["amount"] for h in listing["help"]], self.places.cap
        currency = pay["currency"]
        most = cap.of(pay["min"], pay["per"], currency)
        over = [number for number, price in enumerate(prices) if price > most]
        if currency not in cap.absolute:
            allowed = f"prices in {currency} are 0; above 0 they may be in {' or '.join(sorted(cap.absolute))}"
        else:
            allowed = (
                f"{both_ways(most, currency)} at most, for all help together, "
                f"as pay.min is {both_ways(pay['min'], currency)} a {pay['per']}"
            )
        for number in over:
            yield Breach(cap.id, f"/help/{number}/price/amount", f"Too high: {allowed}.")
        if not over and sum(prices) > most:
            yield Breach(cap.id, "/help", f"Too high in sum: {allowed}.")


def charged(listing: Listing) -> Iterator[tuple[str, str]]:
    """(kind, pointer to its amount) of the help that costs something."""
    for number, each in enumerate(listing["help"]):
        if each["price"]["amount"]:
            yield each["kind"], f"/help/{number}/price/amount"


def in_words(place: str, kind: str, rule: Decision) -> str:
    """A place's decision in a sentence, with the law behind it."""
    where = f"In {name_of(place)} ({place}) {_some(kind)} may be"
    how = {"paid": "charged for", "free_only": "offered at price 0 only"}.get(rule.decision)
    return f"{where} {how or f'charged for under {rule.licence} only'}: {rule.says} ({rule.source})."


def _some(kind: str) -> str:
    """As in a sentence: coaching is not counted."""
    return kind if kind == "coaching" else f"a {kind.replace('_', ' ')}"


# -- guards and conditions

Breaches = Callable[[Change, Trigger], list[Breach]]


def keeps(rule: str, breaches: Breaches) -> Guard:
    """The guard over a set of rules: the refusal names the first that is broken, and where."""
    return Guard(
        rule,
        lambda change, trigger: not breaches(change, trigger),
        lambda change, trigger: breaches(change, trigger)[0],
    )


def lawful(rules: Rules) -> Guard:
    """Prices keep what the place decides and the cap."""
    return keeps("price-policy", lambda change, trigger: rules.prices(after(change, trigger), change.now.date()))


def placed(rules: Rules) -> Guard:
    """It says where; one that an older version wrote need not, until its place or its help changes."""

    def breaches(change: Change, trigger: Trigger) -> list[Breach]:
        if trigger.name == "revise" and not trigger.data.keys() & {"country", "subdivision", "help"}:
            return []
        return rules.place(after(change, trigger))

    return keeps("subdivision", breaches)


def consented(rules: Rules) -> Guard:
    """The employer's consent stands behind a paid word or reference."""
    return keeps("employer-consent", lambda change, trigger: rules.consent(after(change, trigger)))


def may_wait(rules: Rules) -> Guard:
    """Only the employer's own consent is missing: it is handed in, and waits."""
    return keeps("employer-consent", lambda change, trigger: consents.cannot_wait(rules.places, change.doc))


def acknowledged(rules: Rules) -> Guard:
    """The insider knows what may not be sold."""
    return keeps("acknowledgement", lambda change, trigger: rules.acknowledged(after(change, trigger)))


def worded(rules: Rules) -> Guard:
    """No contact data and no employer's name in what the command changes; what was published stays as it was judged.
    In another place all of it is judged anew by what that place forbids.
    """

    def breaches(change: Change, trigger: Trigger) -> list[Breach]:
        changed = {name for name, value in trigger.data.items() if change.get(name) != value}
        listing = after(change, trigger)
        found = [b for b in rules.wording(listing) if b.pointer.split("/")[1] in changed]
        return found or (rules.forbidden(listing) if changed & {"country", "subdivision"} else [])

    return keeps("wording", breaches)


def licensed(rules: Rules) -> Condition:
    return Condition(
        "a licence of the operator's holds, or none is needed any more",
        lambda change, trigger: rules.is_licensed(change.doc, change.now.date()),
    )


def clean(rules: Rules) -> Condition:
    return Condition("no rule is broken", lambda change, trigger: not rules.all(change.doc, change.now.date()))


def after(change: Change, trigger: Trigger) -> Listing:
    """The listing as the command would leave it."""
    return {**change.doc, **trigger.data}


def foreign_prices(listing: Listing) -> list[tuple[str, str]]:
    """(pointer, message) of each price in another currency than the pay."""
    own = listing["pay"]["currency"]
    return [
        (f"/help/{number}/price/currency", f"expected {own}, the currency of the pay: a listing has one currency")
        for number, each in enumerate(listing["help"])
        if each["price"]["currency"] != own
    ]


ONE_CURRENCY = keeps(
    "one-currency",
    lambda change, trigger: [Breach("one-currency", *found) for found in foreign_prices(after(change, trigger))],
)
SAME_EMPLOYER = Guard(
    "employer-stays",
    lambda change, trigger: (
        not change.get("published_at") or trigger.data.get("employer", change["employer"]) == change["employer"]
    ),
    "Once published a listing stays with its employer; withdraw it and write another.",
    "/employer",
)
SEATS = Guard(
    "seats-taken",
    lambda change, trigger: trigger.data.get("seats", change["seats"]) > change["hired"],
    lambda change, trigger: f"{change['hired']} were hired through it already: {change['hired'] + 1} or more.",
    "/seats",
)
MAY_EDIT = Guard(
    "edits-bound",
    lambda change, trigger: change["edits"] < MOST_EDITS,
    f"A listing is changed, submitted, paused and resumed {MOST_EDITS} times at most; withdraw it and write another.",
)

AT_EMPLOYER = Condition(
    "its employer's domain is that one, and its insider is not verified yet",
    lambda change, trigger: (
        trigger.data["domain_mark"] == change.get("domain_mark") and not change.get("insider_verified")
    ),
)
VERIFIED = Condition(
    "its employer's domain is that one, and its insider is verified",
    lambda change, trigger: (
        trigger.data["domain_mark"] == change.get("domain_mark") and bool(change.get("insider_verified"))
    ),
)
RESTED = Condition("it rests, as several people reported it", lambda change, trigger: bool(change.get("rested")))
NOT_RESTED = Condition(
    "it does not rest as several people reported it", lambda change, trigger: not change.get("rested")
)
FROM_PAUSED = Condition(
    "it rests, and was paused before",
    lambda change, trigger: (change.get("rested") or {}).get("was") == "paused",
)
LAST_SEAT = Condition("the last seat", lambda change, trigger: change["hired"] + 1 >= change["seats"])
WAS_PUBLISHED = Condition("it was published before", lambda change, trigger: bool(change.get("published_at")))
HEARD_OF = Condition("others have heard of it", lambda change, trigger: change.seq > 0)
LAST_SEAT_OF_BEFORE = Condition(
    "it was published before, and it is the last seat",
    lambda change, trigger: WAS_PUBLISHED.holds(change, trigger) and LAST_SEAT.holds(change, trigger),
)
