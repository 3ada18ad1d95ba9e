"""The data of `person.erased`: the pseudonym is all that is left to say."""

from marshmallow import Schema

from shared.events.fields import PersonId


class PersonErased(Schema):
    person_id = PersonId("whose personal data is to be deleted")
