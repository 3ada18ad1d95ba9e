"""The employer's consent to paid help: whose word a place asks for, and what an answer covers.

The employer answers by a mailed link. What it was asked is kept with each link, so that an answer is to that, whatever
the insider changed since: consent covers each kind of help at the price that was asked, or a lower one. Pure.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from shared.aggregate import Breach
from shared.events.schemas_listing import HELP_KINDS
from shared.places import Consent, PlaceRules, place_of

Listing = Mapping[str, Any]

ASKED, GIVEN, REFUSED, WITHDRAWN = "asked", "given", "refused", "withdrawn"
"""What became of a link; the employer's word, its last answer, is one of the last three."""
AGAINST = (REFUSED, WITHDRAWN)
GRADES = {"insider": 0, "employer": 3}
"""As evidence is graded: 0 a word, 3 the employer's own."""
MOST_LINKS = 50
_WORDS = {REFUSED: "refused", WITHDRAWN: "took back its consent"}


# -- what is computed


def asked_for(places: PlaceRules, listing: Listing) -> dict[str, tuple[int, Consent]]:
    """The help that costs something and takes consent in that place: its price, and the rule that asks."""
    found = ((each["kind"], each["price"]["amount"]) for each in listing["help"] if each["price"]["amount"])
    place = place_of(listing)
    return {kind: (price, rule) for kind, price in found if (rule := places.consent(place, kind))}


def word(listing: Listing) -> Mapping[str, Any] | None:
    """The employer's last answer, where it is still the listing's employer."""
    said: Mapping[str, Any] | None = listing.get("employer_word")
    return said if said and said["domain_mark"] == listing.get("domain_mark") else None


def covered(listing: Listing, kind: str, price: int) -> bool:
    """Whether the employer's own consent covers this kind of help at this price."""
    said = word(listing)
    return said is not None and said["status"] == GIVEN and covers(said, listing, kind, price)


def covers(asked: Mapping[str, Any], listing: Listing, kind: str, price: int) -> bool:
    """Whether what the employer was asked has this kind of help, at this price or a higher one."""
    return bool(asked["currency"] == listing["pay"]["currency"] and price <= asked["help"].get(kind, -1))


def breaches(places: PlaceRules, listing: Listing) -> Iterator[Breach]:
    """The consent that is missing. Once the employer has said no, no word of the insider's makes up for it."""
    said = word(listing)
    against = _WORDS.get(said["status"]) if said else None
    for kind, (price, rule) in asked_for(places, listing).items():
        if covered(listing, kind, price):
            continue
        help_kind = f"A paid {kind.replace('_', ' ')}"
        if against:
            says = f"{help_kind} needs the employer's consent, and the employer {against}."
        elif rule.by == "employer":
            says = f"{help_kind} there needs the employer's own consent ({rule.source}: {rule.says}); {_how(listing)}."
        elif listing.get("consent"):
            continue
        else:
            says = f"{help_kind} needs the employer's consent on record: who gave it, how, and when."
        yield Breach(rule.id, "/consent", f"{says} At price 0 it does not.")


def _how(listing: Listing) -> str:
    if (said := word(listing)) and said["status"] == GIVEN:
        return "what it consented to covers less than this"
    return "ask it by ask-consent" if listing.get("domain_mark") else "name its domain, and ask it by ask-consent"


def cannot_wait(places: PlaceRules, listing: Listing) -> list[Breach]:
    """What keeps a listing from being handed in: one that may yet get the employer's own consent waits for it."""
    said, missing = word(listing), list(breaches(places, listing))
    if said and said["status"] in AGAINST:
        return [] if any(_is_open(each, listing) for each in listing.get("consent_links", ())) else missing
    own = {rule.id for _, rule in asked_for(places, listing).values() if rule.by == "employer"}
    return [each for each in missing if each.rule not in own]


def _is_open(link: Mapping[str, Any], listing: Listing) -> bool:
    return bool(link["status"] == ASKED and link["domain_mark"] == listing.get("domain_mark"))


def on_record(places: PlaceRules, listing: Listing) -> str | None:
    """Whose consent stands behind its paid help, the weakest of it: `employer` or `insider`; None where none does."""
    asked = asked_for(places, listing)
    if not asked or any(breaches(places, listing)):
        return None
    whole = all(covered(listing, kind, price) for kind, (price, _) in asked.items())
    return "employer" if whole else "insider"


def in_events(places: PlaceRules, listing: Listing) -> dict[str, Any]:
    """What events say: the grade of the consent, and how often the employer has said no to which kinds of help."""
    by, ends = on_record(places, listing), listing.get("consent_ends", 0)
    kinds = [kind for kind in HELP_KINDS if places.consent(place_of(listing), kind)]
    said: dict[str, Any] = {"consent_grade": GRADES[by]} if by else {}
    return said | ({"consent_ended": {"times": ends, "help": kinds}} if ends and kinds else {})


def link_of(listing: Listing, link_id: Any) -> Mapping[str, Any] | None:
    found = (each for each in listing.get("consent_links", ()) if each["id"] == link_id)
    return next(found, None)


def too_dear(places: PlaceRules, listing: Listing, link: Mapping[str, Any]) -> bool:
    """Whether the listing asks for more by now than the employer was asked, or is another employer's."""
    if link["domain_mark"] != listing.get("domain_mark"):
        return True
    return any(not covers(link, listing, kind, each[0]) for kind, each in asked_for(places, listing).items())
