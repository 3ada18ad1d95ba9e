"""The service of listings: what an insider writes of the role they leave, the rules it keeps, and the search."""
