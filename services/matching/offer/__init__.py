"""The offer: its lifecycle, what its listing's copy and its seeker's account allow, and the reviews after a hire.

`lifecycle` is the table; `rules`, `prices`, `acts` and `deadlines` are what its rows are made of; `accounts`,
`listings` and `checks` are the rules over several documents. Not here: who confirms a hire from outside (`employer`),
which listings fit whom (`matches`), and whether two accounts are one person (`people`; it comes in as
`Parts.one_person`).
"""
