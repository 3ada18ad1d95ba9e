"""Takes values out of an environment, and remembers everything that is wrong with them."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

from shared.money import MAX_AMOUNT, WHOLE_BPS
from shared.settings import values
from shared.settings.misspelled import misspelled
from shared.settings.sections import Terms

Value = TypeVar("Value")


@dataclass(frozen=True)
class Asked:
    """What was asked for under a name: its default (None: there is none), whether it is a secret, and whether the
    process needs it.
    """

    default: Any
    secret: bool
    needed: bool
    optional: bool = False


class Reader:
    """Takes values out of an environment and remembers what is wrong with them."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.faults: list[str] = []
        self.asked: dict[str, Asked] = {}
        self._checked = True

    @contextmanager
    def checked(self, needed: bool) -> Iterator[None]:
        """Faults inside count only where the process needs this part."""
        self._checked = needed
        yield
        self._checked = True

    def fault(self, name: str, says: str) -> None:
        if self._checked:
            self.faults.append(f"{name}: {says}")

    def given(self, name: str) -> bool:
        return bool(self.environ.get(name, "").strip())

    def one(self, name: str, parse: Callable[[str], Any], default: Any = None, secret: bool = False) -> Any:
        """The parsed value, the default, or None after a fault (Any: a fault ends the process before it is used)."""
        self.asked.setdefault(name, Asked(default, secret, self._checked))
        raw = None
        try:
            raw = self._secret(name) if secret else self._plain(name)
            if raw is None:
                if default is None:
                    self.fault(name, "is missing" + (f" (or {name}_FILE)" if secret else ""))
                return default
            return parse(raw)
        except ValueError as error:
            self.fault(name, f"{error}" + ("" if secret else f", not {str(raw)[:60]!r}"))
            return default

    def secret(self, name: str, parse: Callable[[str], Any]) -> Any:
        return self.one(name, parse, secret=True)

    def optional(
        self, name: str, parse: Callable[[str], Value], needed: bool = False, secret: bool = False
    ) -> Value | None:
        self.asked.setdefault(name, Asked(None, secret, self._checked, optional=True))
        if needed or self.given(name) or (secret and self.given(f"{name}_FILE")):
            value: Value | None = self.one(name, parse, secret=secret)
            return value
        return None

    def terms(self) -> Terms:
        found: dict[str, Any] = {}
        for term in fields(Terms):
            most = WHOLE_BPS if term.name == "fee_bps" else MAX_AMOUNT
            span = isinstance(term.default, timedelta)
            parse: Callable[[str], Any] = values.seconds if span else values.whole(0, most)
            found[term.name] = self.one(term.name.upper(), parse, term.default)
        return Terms(**found)

    def refuse_misspelled(self) -> None:
        """A variable that is nearly one of ours is a slip of the pen; that it was silently ignored would hurt."""
        for name, meant in misspelled(self.environ).items():
            self.faults.append(f"{name}: is unknown; did you mean {meant}?")

    def _plain(self, name: str) -> str | None:
        return self.environ[name].strip() if self.given(name) else None

    def _secret(self, name: str) -> str | None:
        beside = f"{name}_FILE"
        in_file, plain = self.given(beside), self._plain(name)
        if not in_file:
            return plain
        if plain is not None:
            raise ValueError(f"is given twice, also as {beside}")
        try:
            return Path(self.environ[beside].strip()).read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"{beside} cannot be read: {type(error).__name__}") from None
