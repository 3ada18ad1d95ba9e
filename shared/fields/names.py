"""What things and people are called: ids, pseudonyms, hashes, domains."""

import re
from typing import Any
from uuid import UUID

from marshmallow import ValidationError, fields

from shared.domains import LONGEST as LONGEST_DOMAIN
from shared.domains import hostname, is_public_mail
from shared.fields.kind import Kind, Raw, Violation
from shared.fields.text import Pattern
from shared.ids import PERSON_ID
from shared.mail_addresses import FORM as MAIL_ADDRESS
from shared.mail_addresses import LONGEST as LONGEST_MAIL_ADDRESS
from shared.mail_addresses import mail_address


class Id(Pattern):
    """The id of an aggregate or an event, or a code of a public scheme (`2512` of ISCO-08)."""

    def __init__(self, description: str = "", **options: Any) -> None:
        expects = "an id: up to 64 letters, digits and . _ : -"
        super().__init__("[A-Za-z0-9][A-Za-z0-9._:-]{0,63}", expects, description, **options)


class Uuid(Kind, fields.String):
    """A UUID in its usual form; loads in lower case."""

    def __init__(self, **options: Any) -> None:
        super().__init__("a UUID", {"format": "uuid"}, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Raw, **_: Any) -> str:
        if type(value) is not str:
            raise self.refuse("type")
        if not re.fullmatch(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", value):
            raise self.refuse("format")
        return str(UUID(value))


class PersonId(Pattern):
    """A person's pseudonym."""

    def __init__(self, description: str = "", **options: Any) -> None:
        super().__init__(PERSON_ID.pattern, "a person's id: p_ and 32 hex digits", description, **options)


class Sha256(Pattern):
    """A SHA-256 in lower-case hex."""

    def __init__(self, description: str = "", **options: Any) -> None:
        super().__init__("[0-9a-f]{64}", "a SHA-256 as 64 lower-case hex digits", description, **options)


class Domain(Kind, fields.String):
    """A domain such as `acme.example`; loads in lower case and ASCII (IDNA)."""

    def __init__(self, **options: Any) -> None:
        schema = {"format": "idn-hostname", "maxLength": LONGEST_DOMAIN}
        super().__init__("a domain such as acme.example", schema, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Raw, **_: Any) -> str:
        if type(value) is not str:
            raise self.refuse("type")
        domain = hostname(value)
        if domain is None:
            raise self.refuse("format")
        return domain


class EmployerDomain(Domain):
    """An employer's own."""

    def _deserialize(self, value: Any, attr: str | None, data: Raw, **options: Any) -> str:
        domain = super()._deserialize(value, attr, data, **options)
        if is_public_mail(domain):
            raise ValidationError(
                [Violation("public-mail", "expected the employer's own domain: anybody can have mail here")]
            )
        return domain


class Mailbox(Pattern):
    """Of an employer's domain: `people` of people@acme.example."""

    def __init__(self, **options: Any) -> None:
        form = r"(?=.{1,64}$)[A-Za-z0-9_%+'-]+(?:\.[A-Za-z0-9_%+'-]+)*"
        super().__init__(form, "a mailbox such as people, without @ and domain", **options)


class MailAddress(Kind, fields.String):
    """An e-mail address such as `anna@example.org`; loads with its domain in ASCII (IDNA)."""

    def __init__(self, expects: str = "an e-mail address such as anna@example.org", **options: Any) -> None:
        schema = {"format": "idn-email", "pattern": f"^{MAIL_ADDRESS}$", "maxLength": LONGEST_MAIL_ADDRESS}
        super().__init__(expects, schema, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Raw, **_: Any) -> str:
        if type(value) is not str:
            raise self.refuse("type")
        address = mail_address(value)
        if address is None:
            raise self.refuse("format")
        return address
