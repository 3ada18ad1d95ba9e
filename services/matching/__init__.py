"""Matching: offers between a seeker and an insider, from the first word to the end of the hire.

Four subjects, each with its API, schemas, views and slice of the parts; imports go down this list, never up:

- `people`: being forgotten, the export of everything, and who is one person with two accounts.
- `employer` and `matches`: an employer's word on a hire; listings that fit a seeker. They know nothing of each other.
- `offer`: the aggregate itself, with the copy of its listing and the seeker's account.

What a subject needs from one above it comes in as a function, in `parts`. `store` is the one collection of them all,
with its indexes and queries; `handlers` is what is read from Kafka, `api` all that is answered over HTTP, `main` the
processes.
"""
