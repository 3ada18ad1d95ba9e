"""Mistakes planted one at a time, each with the test that has to see it.

    python -m tests.planted             all of them: which test saw it, in how many seconds
    python -m tests.planted employer    those whose names have the word

Each is planted into a copy of the sources in a temporary folder; the work tree is left as it is. Not a part of
`make test`: it is for who changes these tests.
"""
