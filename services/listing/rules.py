"""The rules a listing keeps, and the guards that hold its commands to them. Pure.

Prices by the law of the place, the cap, consent and wording are read from `rules.json`, each with an id, a source and a
date. A breach names the rule, the field and what would be allowed.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.listing import text_rules
from shared.aggregate import Breach, Change, Condition, Guard, Trigger
from shared.money import both_ways, share

Listing = Mapping[str, Any]
"""A listing's fields as they came in: `country`, `pay`, `help`, `employer`, `title`, `duties`, `consent`, …"""

MOST_EDITS = 100
"""How often an insider may change, submit, pause or resume one listing."""

SHIPPED = Path(__file__).with_name("rules.json")


@dataclass(frozen=True)
class Policy:
    """Whether a kind of help may be charged to a job seeker in a country, by which decision."""

    id: str
    paid: bool
    source: str
    date: str
    why: str


@dataclass(frozen=True)
class Cap:
    """The most that help may cost: `pay_bps` of the year's least pay, and an amount a currency (minor units)."""

    id: str
    pay_bps: int
    periods: Mapping[str, int]
    absolute: Mapping[str, int]

    def of(self, pay: Mapping[str, Any]) -> int:
        """In minor units of the pay's currency; 0 where no absolute amount is set for it."""
        year = pay["min"] * self.periods[pay["per"]]
        return min(share(year, self.pay_bps), self.absolute.get(pay["currency"], 0))


class Rules:
    """All of them; `data` has the form of `rules.json`."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        cap, policy = data["price_cap"], data["price_policy"]
        self.cap = Cap(cap["id"], cap["pay_bps"], cap["periods_in_a_year"], cap["absolute"])
        self.default = _policy(policy["default"])
        self.policies = {(entry["country"], entry["help"]): _policy(entry) for entry in policy["entries"]}
        self.consent_id: str = data["employer_consent"]["id"]
        self.needs_consent: tuple[str, ...] = tuple(data["employer_consent"]["help"])
        self.legal_forms: tuple[str, ...] = tuple(data["wording"]["legal_forms"])

    def policy(self, country: str, help_kind: str) -> Policy:
        return self.policies.get((country, help_kind), self.default)

    def prices(self, listing: Listing) -> list[Breach]:
        """What the policy and the cap forbid; price 0 is always allowed."""
        return [*self._policy_breaches(listing), *self._cap_breaches(listing)]

    def consent(self, listing: Listing) -> list[Breach]:
        """The employer's consent, which a word or a reference needs once it costs something."""
        paid = [h["kind"] for h in listing["help"] if h["price"]["amount"] and h["kind"] in self.needs_consent]
        if not paid or listing.get("consent"):
            return []
        says = f"A paid {paid[0].replace('_', ' ')} needs the employer's consent on record: who gave it, how, and when."
        return [Breach(self.consent_id, "/consent", f"{says} At price 0 it does not.")]

    def wording(self, listing: Listing) -> list[Breach]:
        """What in its texts looks like contact data, or names the employer."""
        return [Breach(*found) for found in text_rules.check(listing, self.legal_forms)]

    def all(self, listing: Listing) -> list[Breach]:
        return [*self.prices(listing), *self.consent(listing), *self.wording(listing)]

    def applied(self, listing: Listing) -> list[str]:
        """Ids of the rules that let these prices through, for the record of the decision."""
        paid = [h for h in listing["help"] if h["price"]["amount"]]
        ids = [self.policy(listing["country"], h["kind"]).id for h in paid]
        ids += [self.cap.id] if paid else []
        ids += [self.consent_id] if any(h["kind"] in self.needs_consent for h in paid) else []
        return ids or ["price-0"]

    def _policy_breaches(self, listing: Listing) -> Iterator[Breach]:
        country = listing["country"]
        for number, each in enumerate(listing["help"]):
            policy = self.policy(country, each["kind"])
            if each["price"]["amount"] and not policy.paid:
                words = each["kind"].replace("_", " ")
                says = f"In {country} a {words} may be offered at price 0 only: {policy.why} ({policy.source})."
                yield Breach(policy.id, f"/help/{number}/price/amount", says)

    def _cap_breaches(self, listing: Listing) -> Iterator[Breach]:
        pay, prices = listing["pay"], [h["price"]["amount"] for h in listing["help"]]
        most, currency = self.cap.of(pay), pay["currency"]
        over = [number for number, price in enumerate(prices) if price > most]
        if currency not in self.cap.absolute:
            allowed = f"prices in {currency} are 0; above 0 they may be in {' or '.join(sorted(self.cap.absolute))}"
        else:
            allowed = (
                f"{both_ways(most, currency)} at most, for all help together, "
                f"as pay.min is {both_ways(pay['min'], currency)} a {pay['per']}"
            )
        for number in over:
            yield Breach(self.cap.id, f"/help/{number}/price/amount", f"Too high: {allowed}.")
        if not over and sum(prices) > most:
            yield Breach(self.cap.id, "/help", f"Too high in sum: {allowed}.")


def _policy(entry: Mapping[str, Any]) -> Policy:
    return Policy(entry["id"], entry["paid"], entry["source"], entry["date"], entry["why"])


def load(path: Path = SHIPPED) -> Rules:
    """The rules in a file of the form of `rules.json`; KeyError or ValueError where it is not of that form."""
    return Rules(json.loads(path.read_text("utf-8")))


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
    """Prices keep the policy of the place and the cap."""
    return keeps("price-policy", lambda change, trigger: rules.prices(after(change, trigger)))


def consented(rules: Rules) -> Guard:
    """The employer's consent stands behind a paid word or reference."""
    return keeps("employer-consent", lambda change, trigger: rules.consent(after(change, trigger)))


def worded(rules: Rules) -> Guard:
    """No contact data and no employer's name in what the command changes; what was published stays as it was judged."""

    def breaches(change: Change, trigger: Trigger) -> list[Breach]:
        changed = {name for name, value in trigger.data.items() if change.get(name) != value}
        return [b for b in rules.wording(after(change, trigger)) if b.pointer.split("/")[1] in changed]

    return keeps("wording", breaches)


def clean(rules: Rules) -> Condition:
    return Condition("no rule is broken", lambda change, trigger: not rules.all(change.doc))


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
    lambda change, trigger: trigger.data.get("employer", change["employer"]) == change["employer"],
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
LAST_SEAT = Condition("the last seat", lambda change, trigger: change["hired"] + 1 >= change["seats"])
