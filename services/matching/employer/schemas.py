"""What comes in and goes out over HTTP about employers, and what they say."""

from typing import Any

from marshmallow import EXCLUDE, ValidationError, validates_schema
from marshmallow.fields import Raw

from services.matching.employer.greenhouse import HEADER, HIRED, REFERENCE, TAKEN_BACK
from shared import fields
from shared.fields import Body, Violation

ATS_KINDS = ("greenhouse",)


class NewAts(Body):
    """An applicant tracking system. The secret is the one that it signs its webhook with."""

    kind = fields.Choice(*ATS_KINDS, required=True)
    secret = fields.Text(16, 256, required=True, load_only=True)


class NewEmployer(Body):
    """`mailboxes`: who there answers for hires: `people` for people@acme.example.

    An insider can ask for a confirmation there alone; without any, only a seeker can ask, at any address of the domain.
    """

    name = fields.Text(1, 120, required=True)
    domain = fields.EmployerDomain(required=True)
    mailboxes = fields.Several(fields.Mailbox(), 0, 20, unique=True)
    ats = fields.Part(NewAts, allow_none=True)


class EmployerChange(Body):
    """What changes; each replaces the old one whole. `ats` null takes the applicant tracking system away."""

    name = fields.Text(1, 120)
    mailboxes = NewEmployer._declared_fields["mailboxes"]
    ats = fields.Part(NewAts, allow_none=True)

    @validates_schema
    def check_something(self, data: dict[str, Any], **_: Any) -> None:
        if not data:
            raise ValidationError([Violation("required", "expected at least one field to change")])


class Ats(Body):
    """`webhook`: where it sends to. The secret is not shown again."""

    kind = fields.Choice(*ATS_KINDS)
    webhook = fields.Text()
    set_at = fields.Instant()


class EmployerAudit(Body):
    by = fields.PersonId()
    at = fields.Instant()
    action = fields.Code()


class Employer(Body):
    id = fields.Text()
    name = fields.Text()
    domain = fields.Text()
    mailboxes = fields.Several(fields.Text())
    ats = fields.Part(Ats, allow_none=True)
    status = fields.Choice("registered", "removed")
    audit = fields.Several(fields.Part(EmployerAudit))
    version = fields.Integer()
    created_at = fields.Instant()
    updated_at = fields.Instant()


class ConfirmByEmployer(Body):
    start_on = fields.Date(required=True, metadata={"description": "the first day of work"})


class Confirmation(Body):
    """What a link asks of an employer. `status`: open; used; recorded (the hire is, by another way); over."""

    employer = fields.Text()
    status = fields.Choice("open", "used", "recorded", "over")
    first_day = fields.Date(optional=True)
    last_day = fields.Date(optional=True)


class Application(Body):
    """The id of your application in the employer's applicant tracking system; null clears it."""

    reference = fields.Pattern(REFERENCE, "an application's id", required=True, allow_none=True)


class Webhook(Body):
    """What an applicant tracking system sends; all but what tells of a hire is left unread."""

    class Meta:
        unknown = EXCLUDE

    action = Raw(
        allow_none=True,
        metadata={"type": "string", "description": f"{', '.join((*HIRED, *TAKEN_BACK))}; others are left unread"},
    )
    payload = Raw(
        allow_none=True,
        metadata={
            "type": "object",
            "description": "of a hire `application.id`, and `application.offer.starts_at` where the day is known",
            "properties": {
                "application": {
                    "type": "object",
                    "properties": {
                        "id": {"type": ["integer", "string"]},
                        "offer": {
                            "type": ["object", "null"],
                            "properties": {"starts_at": {"type": ["string", "null"]}},
                        },
                    },
                }
            },
        },
    )


class Signed(Body):
    """The header with which Greenhouse signs its webhook."""

    signature = fields.Text(
        required=True,
        data_key=HEADER,
        metadata={
            "pattern": "^sha256 [0-9a-f]{64}$",
            "description": "`sha256 ` and the HMAC-SHA256, in hex, of the body's bytes under the registered secret",
        },
    )


class Received(Body):
    """taken; known (the same bytes were taken before, or enough about that application); outdated (a later report was
    taken); ignored (not about a hire). `note` says why a report counts no more.
    """

    status = fields.Choice("taken", "known", "outdated", "ignored")
    note = fields.Text(optional=True)


class AtsEvent(Body):
    """A hire that an employer's system reported. `status`: waiting (no offer names the application), conflict (two
    seekers do: nobody is paid), refused (by `rule`), taken_back (after it was confirmed). It is stored for 90 days.
    """

    id = fields.Text()
    employer = fields.Text()
    application = fields.Text()
    start_on = fields.Date(allow_none=True)
    received_at = fields.Instant()
    status = fields.Choice("waiting", "conflict", "refused", "taken_back")
    rule = fields.Text(allow_none=True)
    offers = fields.Several(fields.Uuid())
