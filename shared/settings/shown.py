"""The settings that a process was given, for its log; of what is read as a secret only that it is there."""

import os
from collections.abc import Mapping

from shared.settings import Need, asked_for

_SECRET = "(secret)"
_LONGEST = 200


def shown(service: str, *needs: Need, environ: Mapping[str, str] = os.environ) -> str:
    """`NAME=text` of all that `load` reads for a process with these needs and finds given; the rest has its default."""
    found: dict[str, str] = {}
    for name, asked in asked_for(service, *needs).items():
        value = environ.get(name, "").strip()
        if value and asked.needed:
            found[name] = _SECRET if asked.secret else value[:_LONGEST]
        if asked.secret and asked.needed and (file := environ.get(f"{name}_FILE", "").strip()):
            found[f"{name}_FILE"] = file[:_LONGEST]
    return " ".join(f"{name}={text}" for name, text in sorted(found.items()))
