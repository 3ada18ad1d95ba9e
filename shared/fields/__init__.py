"""The kinds of value that requests, answers and events are made of: strict, so that nothing is guessed.

A string must be a string, a number a number, and each refusal says which rule was broken and what was expected. The
base of the schema says the rest: in a `Query` numbers and flags are read from text; in `EventData` all is required
that is not optional, and a country or currency newer than the reader's list passes. What needs the lists of
`shared.codes` (an industry, an occupation, a skill) is imported from `codes`, so that only those who use it load them.
"""

from shared.fields.compound import CodeSchema, MoneySchema, Part, Several
from shared.fields.kind import Body, EventData, Kind, Query, Violation, null_at_first
from shared.fields.names import Domain, EmployerDomain, Id, MailAddress, Mailbox, PersonId, Sha256, Uuid
from shared.fields.numbers import Amount, Flag, Integer
from shared.fields.standards import Code, Country, Currency
from shared.fields.text import Choice, Label, Pattern, Text, Word, no_at
from shared.fields.times import Date, Instant, Time

__all__ = [
    "Amount",
    "Body",
    "Choice",
    "Code",
    "CodeSchema",
    "Country",
    "Currency",
    "Date",
    "Domain",
    "EmployerDomain",
    "EventData",
    "Flag",
    "Id",
    "Instant",
    "Integer",
    "Kind",
    "Label",
    "MailAddress",
    "Mailbox",
    "MoneySchema",
    "Part",
    "Pattern",
    "PersonId",
    "Query",
    "Several",
    "Sha256",
    "Text",
    "Time",
    "Uuid",
    "Violation",
    "Word",
    "no_at",
    "null_at_first",
]
