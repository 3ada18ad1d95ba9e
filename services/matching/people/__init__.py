"""A person: what is exported of them, how they are forgotten, and who is one person with two accounts.

The top of the four subjects, for it empties and exports what all of them hold. Not here: what other services hold of a
person; they hear `person.erased`, and export their own shares.
"""
