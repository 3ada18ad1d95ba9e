"""What comes in and goes out over HTTP about the employer's own consent."""

from services.listing.employers_word import COMMANDS
from shared.fields import Body, Choice, Instant, Integer, Mailbox, Part, Several, Text
from shared.fields.prices import PricedHelp
from shared.http.answer.html import LANGUAGES


class AskConsent(Body):
    """`mailbox`: one that the employer has named to us, such as people for people@acme.example."""

    mailbox = Mailbox(required=True)
    language = Choice(*LANGUAGES, metadata={"description": "of the mail; by default Accept-Language"})


class EmployerAnswer(Body):
    """`withdraw` takes back what was consented to by the same link."""

    answer = Choice(*COMMANDS, required=True)


class EmployerConsent(Body):
    """What an employer is asked. `help` at the prices that its consent covers; `fee_bps` of them are ours."""

    status = Choice("open", "given", "refused", "withdrawn", "changed", "over")
    employer = Text()
    title = Text(optional=True)
    duties = Several(Text(), optional=True)
    help = Several(Part(PricedHelp), optional=True)
    fee_bps = Integer(optional=True)
    expires_at = Instant(optional=True)
