"""What one version of an event is: a row beside its schema, in the `schemas_*` files."""

from dataclasses import dataclass

from marshmallow import Schema


@dataclass(frozen=True, slots=True)
class EventType:
    """One version of one event. `owner` is the service that emits it, `subject_field` the data's own aggregate id.

    An `internal` one is between the services: no subscriber may read it, and it may change with them.
    """

    name: str
    schema: type[Schema]
    summary: str
    owner: str
    version: int = 1
    promised: bool = False
    subject_field: str | None = None
    internal: bool = False
