"""The lifecycle of a registered employer: one table. Pure; what the rows do stands in `acts`."""

from services.matching.employer import acts
from services.matching.employer.acts import KIND
from shared.aggregate import Lifecycle, Row

STAFF = ("moderator", "operator")

EMPLOYER = Lifecycle(
    KIND,
    states=("new", "registered", "removed"),
    rows=(
        Row(
            ("new", "removed"), "register", to="registered", emits=("employer.registered",), by=STAFF,
            act=acts.register,
        ),
        Row(("registered",), "revise", emits=("employer.registered",), by=STAFF, act=acts.revise),
        Row(
            ("registered",), "remove", to="removed", emits=("employer.removed",), by=STAFF, act=acts.remove,
            note="it confirms no hire from now on",
        ),
    ),
    public=acts.public,
)  # fmt: skip
