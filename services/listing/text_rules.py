"""What may not stand in a listing's text: a way to reach somebody, and the employer's name. Pure.

These rules guess: what they find goes to a moderator, who may publish it all the same.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from services.listing.stems import stems_of, words
from shared.characters import normal_form
from shared.contact_details import contact_data
from shared.domains import shown
from shared.lookalikes import skeleton
from shared.places import Phrases

Found = tuple[str, str, str]
"""(rule's id, pointer, words for a person)."""


def public_texts(listing: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """(pointer, text) of every free text that others will see."""
    yield "/title", listing["title"]
    for name in ("duties", "skills"):
        for number, text in enumerate(listing.get(name) or ()):
            yield f"/{name}/{number}", text
    if listing.get("region"):
        yield "/region", listing["region"]


def check(listing: Mapping[str, Any], legal_forms: Sequence[str]) -> Iterator[Found]:
    """Everything in the listing's texts that should not be there."""
    name, domain = name_of_employer(listing["employer"]["name"], legal_forms), listing["employer"].get("domain")
    for pointer, text in public_texts(listing):
        for rule, says in contact_data(text):
            yield rule, pointer, says
        readings = {text, skeleton(normal_form(text))}
        if any(names(read, name) or (domain and names_domain(read, domain)) for read in readings):
            yield "no-employer-name", pointer, "The employer is named here; it stays veiled until the help has begun."


def forbidden(listing: Mapping[str, Any], phrases: Sequence[Phrases]) -> Iterator[Found]:
    """The phrases that the listing's place does not allow in a posting, in whichever form their words stand there."""
    for pointer, text in public_texts(listing):
        readings = [words(read) for read in (text, skeleton(normal_form(text)))]
        for rule in phrases:
            for phrase in rule.phrases:
                if any(_says(read, words(phrase)) for read in readings):
                    yield rule.id, pointer, f"A posting may not say “{phrase}” there: {rule.says} ({rule.source})."


def _says(read: Sequence[str], phrase: Sequence[str]) -> bool:
    """Whether the phrase's words stand there in a row, each in any of its forms, or written as one."""
    size, forms = len(phrase), [{word, *stems_of(word)} for word in read]
    wanted = [{word, *stems_of(word)} for word in phrase]
    rows = (forms[at : at + size] for at in range(len(forms) - size + 1))
    return "".join(phrase) in read or any(all(map(set.__and__, row, wanted)) for row in rows)


def name_of_employer(name: str, legal_forms: Sequence[str]) -> list[str]:
    """The words that make the name, without what only says its legal form: `Acme B.V.` is `acme`."""
    found = words(name.replace(".", ""))
    core = found[1:] if found[:1] == ["the"] else found[:]
    while core and core[-1] in legal_forms:
        core.pop()
    return core or found


def names_domain(text: str, domain: str) -> bool:
    """Whether the employer's domain stands in the text, as it is written in mail or as it is shown to people."""
    forms, read = {domain, shown(domain)}, normal_form(text)
    return any(re.search(rf"(?<![\w-]){re.escape(form)}(?![\w-])", read, re.IGNORECASE) for form in forms)


def names(text: str, name: Sequence[str]) -> bool:
    """Whether the words of the name stand in the text in a row, or written as one (without blanks: anywhere)."""
    if not name:
        return False
    found, joined = words(text), "".join(name)
    if len(joined) >= 4 and joined in found:
        return True
    if not joined.isascii() and joined in "".join(found):
        return True
    size = len(name)
    return any(found[i : i + size] == list(name) for i in range(len(found) - size + 1))
