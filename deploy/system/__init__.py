"""A running system, seen from outside: how to reach it, what waits in it, its records and dead letters.

What operates the system reads it by these: the command `golem` and `golem verify`. No command line here, no printing.
"""


class NotFound(Exception):
    """What is to be worked on is not there: a running system, its keys, a dead letter. The message is for its user."""
