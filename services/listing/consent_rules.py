"""The guards of asking for the employer's consent, and of its answer. Pure.

What was looked up stands in the trigger: whether staff have registered the employer, and named that mailbox.
"""

from services.listing import consents
from services.listing.consents import ASKED, GIVEN, MOST_LINKS
from services.listing.rules import Rules
from shared.aggregate import Change, Condition, Guard, Trigger


def _status(change: Change, trigger: Trigger) -> str | None:
    link = consents.link_of(change.doc, trigger.data["link_id"])
    return link["status"] if link else None


def paid_word(rules: Rules) -> Condition:
    return Condition(
        "help that needs the employer's consent costs something",
        lambda change, trigger: bool(consents.asked_for(rules.places, change.doc)),
    )


def draft_again(rules: Rules) -> Condition:
    """What rests for a moderator stays so, whatever the employer says meanwhile."""
    paid = paid_word(rules)
    return Condition(
        f"{paid.description}, and it does not rest as several people reported it",
        lambda change, trigger: paid.holds(change, trigger) and not change.get("rested"),
    )


def rested_without(rules: Rules) -> Condition:
    return Condition(
        "it rests, as several people reported it, and the employer's consent is missing by now",
        lambda change, trigger: bool(change.get("rested") and rules.consent(change.doc)),
    )


def asked(rules: Rules) -> tuple[Guard, ...]:
    """What an insider keeps who has the employer asked."""
    needed = Guard(
        "consent-not-needed",
        lambda change, trigger: bool(consents.asked_for(rules.places, change.doc)),
        "Nothing of this listing needs the employer's consent: a word or a reference has no price.",
        "/help",
    )
    missing = Guard(
        "consent-given",
        lambda change, trigger: consents.on_record(rules.places, change.doc) != "employer",
        "The employer has consented to this help at these prices.",
        refuses="state",
    )
    return (HAS_DOMAIN, NAMED, needed, missing, ASKED_OFTEN)


def same_terms(rules: Rules) -> Guard:
    """The answer is to what was asked."""
    return Guard(
        "consent-terms",
        lambda change, trigger: not _changed(rules, change, trigger),
        "The listing asks for more by now than the employer was asked about: a new link is needed.",
        refuses="state",
    )


def _changed(rules: Rules, change: Change, trigger: Trigger) -> bool:
    link = consents.link_of(change.doc, trigger.data["link_id"])
    return link is None or consents.too_dear(rules.places, change.doc, link)


HAS_DOMAIN = Guard(
    "no-domain",
    lambda change, trigger: bool(change.get("domain_mark")),
    "The listing does not say its employer's domain.",
    "/employer/domain",
)
REGISTERED = Guard(
    "employer-registered",
    lambda change, trigger: bool(trigger.data["registered"]),
    "Nobody has checked that this domain is the employer's: ask us to register it.",
    refuses="state",
)
NAMED = Guard(
    "employer-mailbox",
    lambda change, trigger: bool(trigger.data["registered"] and trigger.data["named"]),
    "Expected a mailbox that the employer has named to us, at a domain that we have registered.",
    "/mailbox",
)
ASKED_OFTEN = Guard(
    "consent-links",
    lambda change, trigger: len(change.get("consent_links", ())) < MOST_LINKS,
    f"For one listing the employer is asked {MOST_LINKS} times at most.",
)
UNANSWERED = Guard(
    "link-used",
    lambda change, trigger: _status(change, trigger) == ASKED,
    lambda change, trigger: f"This link was answered already: {_status(change, trigger)}.",
    refuses="state",
)
CONSENTED = Guard(
    "link-used",
    lambda change, trigger: _status(change, trigger) == GIVEN,
    "There is no consent of this link to take back.",
    refuses="state",
)
