"""How `GET …/explain` looks: what may happen next, by whom, until when (made by `shared.aggregate.explain`)."""

from shared import fields
from shared.fields import Body


class Request(Body):
    """The request that gives a command, by its operation's id."""

    id = fields.Text()
    method = fields.Text()
    path = fields.Text()


class Step(Body):
    """A command (by whom; whether it is yours to give now, and by which request), a timer (when), or an event; `to` is
    the state after it.
    """

    what = fields.Choice("command", "timer", "event")
    name = fields.Text()
    request = fields.Part(Request, optional=True)
    to = fields.Text()
    by = fields.Several(fields.Text(), optional=True)
    yours = fields.Flag(optional=True)
    when = fields.Text(optional=True)
    at = fields.Instant(optional=True)
    until = fields.Instant(optional=True)
    note = fields.Text(0, optional=True)


class Explanation(Body):
    """Where the document stands, what the caller is to it, and what may happen next."""

    status = fields.Text()
    you_are = fields.Several(fields.Text())
    next = fields.Several(fields.Part(Step))
