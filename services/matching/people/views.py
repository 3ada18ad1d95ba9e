"""What is shown to a person of their own document. Pure."""

from typing import Any

from services.matching.people.schemas import Person
from shared.aggregate import Document


def person_view(doc: Document) -> dict[str, Any]:
    return {name: doc.get(name) for name in Person().fields}
