"""Escrow: keeps the fee until the event of the hire, and pays it out or gives it back.

An escrow is one document with its journal (`books`, `journal`) and its plan of payouts (`plan`). Money moves by an
instruction to the provider (`payments`, `provider`), and `reconciliation` holds the two against each other all the
time. Not here: why a hire counts as confirmed; escrow takes the event for it.
"""
