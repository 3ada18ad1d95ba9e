"""A person: what is exported of them, how they are forgotten, and who is one person with two accounts."""
