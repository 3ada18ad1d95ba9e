"""The employer's confirmation of a hire: the register, the mailed link, and what its applicant tracking system reports.

Each ends in the offer's own command `confirm_hire`, with the role `employer` or `ats`; whether that is allowed stands
in the offer's lifecycle. Not here: the mail that carries the link, which is sent by notify.
"""
