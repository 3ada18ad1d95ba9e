"""The service of notifications: who is notified of an event, in which text, and the mail that carries it.

Three aggregates, alike in that each waits for a mail: a notification (`lifecycle`), a person's address with its code
(`addresses`), and a party's question to an employer (`employer_links`). `recipients` and `texts` say who reads what;
`mails`, `letter` and `mail` are the way out. The one service that knows an address. Not here: what an employer answers,
which matching takes.
"""
