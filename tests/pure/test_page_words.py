"""Each word that a service may say has words on the page, in each language, and no words stand there for nothing."""

import re
from collections.abc import Collection

from marshmallow import fields as marshmallow_fields

from deploy.embedded.people import PEOPLE
from deploy.gateway import SITE
from services.escrow import schemas as escrow
from services.escrow.books import SUMS
from services.escrow.lifecycle import ESCROW
from services.listing import orders, text_rules
from services.listing import reports as listing_reports
from services.listing import schemas as listing
from services.matching.employer import schemas as employer
from services.matching.offer import rules as offer_rules
from services.matching.offer import schemas as offer
from services.matching.offer.lifecycle import OFFER
from services.matching.people import reports as insider_reports
from services.notify import schemas as notify
from services.notify.templates import LANGUAGES
from shared.aggregate.history import ACTORS
from shared.events.schemas_listing import HELP_KINDS
from shared.events.schemas_matches import CADENCES, OFF
from shared.places.names import subdivisions
from shared.reports import records
from shared.reports import schemas as reports
from tests.pure.test_page import APP, SCRIPTS, words

TEXTS = {str(path.relative_to(APP)): path.read_text("utf-8") for path in SCRIPTS}


def choices(schema: type, name: str) -> Collection[str]:
    field = schema._declared_fields[name]
    while isinstance(field, marshmallow_fields.List):
        field = field.inner
    return tuple(field.choices)


def listed(script: str, name: str, form: str = r"'([\w/]+)'") -> set[str]:
    """Of a list that the page itself has."""
    text = TEXTS[script].split(f"const {name} = ")[1].split(";\n")[0]
    return set(re.findall(form, text))


def who() -> set[str]:
    """Whoever acts in a history, or may give a command."""
    roles = {each.in_words(role) for each in (OFFER, ESCROW) for row in each.rows for role in row.by}
    return {*ACTORS, *roles}


def outcomes() -> set[str]:
    """Of the decisions about a listing, as its acts write them."""
    acts = (SITE.parents[2] / "services" / "listing" / "acts.py").read_text("utf-8")
    return set(re.findall(r'\bdecide\(change, "(\w+)"', acts))


def parts() -> set[str]:
    """Of a listing, where its rules find something."""
    folder = SITE.parents[2] / "services" / "listing"
    found = {
        part
        for name in ("rules", "consents")
        for part in re.findall(r'Breach\([^"\n]*(?:"[\w-]+"[^"\n]*)?f?"/(\w+)', (folder / f"{name}.py").read_text())
    }
    one = {"title": "", "duties": [""], "skills": [""], "region": "-"}
    return found | {pointer.split("/")[1] for pointer, _ in text_rules.public_texts(one)}


QUEUES = listed("queues.js", "QUEUES", r"(?m)^  (\w+): \{path")
FAMILIES: dict[str, Collection[str]] = {
    "bar.": {each for each in SUMS if each != "funded"},
    "consent.": choices(listing.ConsentAsk, "status"),
    "count.": escrow.Counts._declared_fields,
    "decision.": {*escrow.DECISIONS, *escrow.LOSS_DECISIONS, *listing_reports.DECISIONS, *insider_reports.DECISIONS},
    "do.": listed("steps.js", "ORDER"),
    "due.": choices(escrow.Due, "status"),
    "evidence.": {each for each in offer_rules.EVIDENCE if each != "word"},
    "help.": HELP_KINDS,
    "help.what.": HELP_KINDS,
    "language.": LANGUAGES,
    "link.": choices(notify.EmployerLink, "status"),
    "me.": {"contact", "work"},
    "me.mail.": notify.Mailed._declared_fields,
    "me.matches.": (OFF, *CADENCES),
    "money_state.": escrow.SHOWN_STATES,
    "outcome.": outcomes(),
    "part.": parts(),
    "pay.": listing.PERIODS,
    "per.": listing.PERIODS,
    "queue.": QUEUES | {"return", "remove"},
    "queue.*.what": QUEUES,
    "queue.about": {"/listings", "/insiders"},
    "report.": records.REASONS,
    "return.": listing.REASONS,
    "role.": listed("screens/role.js", "MAY"),
    "search.sort.": listed("screens/search.js", "ORDERS"),
    "sign_in.role.": {(*roles, kind)[0] for _, _, kind, roles in PEOPLE},
    "source.": listed("steps.js", "SOURCES"),
    "state.": offer.SHOWN_STATES,
    "status.ats.": choices(employer.AtsEvent, "status"),
    "status.employer.": choices(employer.Employer, "status"),
    "status.escrow.": escrow.SHOWN_STATES,
    "status.listing.": listing.STATUSES,
    "status.offer.": offer.SHOWN_STATES,
    "status.report.": reports.STATUSES,
    "system.": listed("screens/staff-system.js", "SERVICES"),
    "timer.": {row.trigger[6:] for each in (OFFER, ESCROW) for row in each.rows if row.trigger.startswith("timer:")},
    "who.": who(),
}
"""{beginning of keys: what it is said of}. `*` stands for that word where the key goes on after it."""
BY_CODE = {"place.": subdivisions()}
"""Where a code without words can be read as it is."""


def keys(beginning: str, said_of: Collection[str]) -> set[str]:
    start, _, end = beginning.partition("*")
    return {f"{start}{each}{end}" for each in said_of}


def plainly_used() -> set[str]:
    return {
        key
        for text in TEXTS.values()
        for call in re.findall(r"\bt\(([^`(),]*)[,)]", text)
        for key in re.findall(r"'([\w.]+)'", call)
    }


def beginnings() -> set[str]:
    """Of the keys that the page makes while it runs."""
    found = set[str]()
    for text in TEXTS.values():
        found |= {f"{each}." for each in re.findall(r"\bnamed\('([\w.]+)',", text)}
        found |= {f"status.{each}." for each in re.findall(r"\bbadge\('(\w+)',", text)}
        found |= {
            f"{start}*{end}" if end else start for start, end in re.findall(r"\bt\(`([^`$]+)\$\{[^}]*\}([^`]*)`", text)
        }
    return found


def test_it_is_known_here_of_what_each_key_is_said_that_is_made_while_the_page_runs() -> None:
    assert beginnings() == {*FAMILIES, *BY_CODE}


def test_whatever_a_service_may_say_has_words_in_each_language() -> None:
    """A new state without words is found here."""
    wanted = {key for beginning, said_of in FAMILIES.items() for key in keys(beginning, said_of)}

    for language in LANGUAGES:
        assert sorted(wanted - words(language)) == [], language


def test_no_words_stand_there_for_nothing() -> None:
    made = {key for beginning, said_of in (FAMILIES | BY_CODE).items() for key in keys(beginning, said_of)}

    unused = {re.sub(r"\.(one|other)$", "", key) for key in words("en") - made - plainly_used()} - plainly_used()
    assert sorted(unused) == []


def test_the_page_offers_reasons_that_the_services_take() -> None:
    assert listed("queues.js", "RETURNS") == set(listing.REASONS)
    assert listed("report.js", "REASONS") == set(records.REASONS)
    assert listed("screens/search.js", "ORDERS") <= set(orders.NAMES)
