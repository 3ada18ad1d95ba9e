"""Finding each other: a seeker's profile, the ranking of listings for it, and an insider's public record.

It reads offers and the copies of listings, and writes profiles alone. `facets` is what a copy of a listing is found by;
`handlers` writes it into the copy. Not here: a search by words, which is the listing service's.
"""
