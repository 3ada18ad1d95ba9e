"""The service of listings: what an insider writes of the role they leave, the rules it keeps, and the search.

A listing is one document with one lifecycle. Beside it: how listings are found (`search`, `orders`, `stems`, `census`,
and `crowds`, so that nobody fills a page alone), whether an insider gets mail at a registered employer (`workplaces`),
the public classifications (`api_codes`) and a listing as other sites read it (`jobposting`). Not here: who fits which
listing, and what is agreed on it; both are matching's.
"""
