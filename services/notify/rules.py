"""The rule of a notification: whether it is mailed. Pure."""

from shared.aggregate import Condition

MAILABLE = Condition(
    "the event is young enough to be mailed, and did not come by `golem backfill`",
    lambda change, trigger: change.now - trigger.at <= change.terms.mail_not_older and not trigger.late,
)
