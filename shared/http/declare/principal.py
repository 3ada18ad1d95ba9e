"""Who calls, as views and lifecycles know them: `request.tokens` makes a `Principal` out of a bearer token."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Principal:
    """A caller: their pseudonym and their roles."""

    person_id: str
    roles: frozenset[str] = frozenset()

    def has(self, *roles: str) -> bool:
        """Whether they have any of these roles."""
        return bool(self.roles.intersection(roles))


NOBODY = Principal("")
"""One without a token: a stranger to every document, for no person's id is empty."""
