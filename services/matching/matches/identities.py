"""Who counts in an insider's record: whoever's address is verified, and one mailbox is one person. Pure.

An identity is a hash of the mailbox's mark. It outlives the mark where its person is forgotten: a record is somebody
else's, and nobody makes two people of one mailbox by having one of its accounts forgotten.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence

from shared.aggregate import Document


def identity(person: Document) -> str | None:
    """The identity of a person's document; None of whom no address was ever verified."""
    mailbox = person.get("box_mark") or person.get("mark")
    if mailbox:
        return hashlib.sha256(f"identity\0{mailbox}".encode()).hexdigest()[:32]
    before: str | None = person.get("identity")
    # Who was forgotten before identities were kept has verified an address once, where an event of it is numbered.
    return before or (person["_id"] if person.get("number") else None)


def identities(people: Mapping[str, Document]) -> dict[str, str]:
    """{person: identity} of those who have one."""
    return {person: found for person, doc in people.items() if (found := identity(doc))}


def counted(hires: Iterable[Document], identities: Mapping[str, str]) -> Sequence[Document]:
    """Those of an insider's hires, the newest first, that count: of verified seekers, not of the insider's own mailbox,
    and of one account of each mailbox, the first one that was hired.
    """
    known = [hire for hire in hires if _is_somebody_else(hire, identities)]
    accounts = {identities[hire["seeker"]]: hire["seeker"] for hire in known}
    return [hire for hire in known if accounts[identities[hire["seeker"]]] == hire["seeker"]]


def _is_somebody_else(hire: Document, identities: Mapping[str, str]) -> bool:
    seeker = identities.get(hire["seeker"])
    return seeker is not None and seeker != identities.get(hire["hired_by"])
