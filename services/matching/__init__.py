"""Matching: offers between a seeker and an insider, from the first word to the end of the hire."""
