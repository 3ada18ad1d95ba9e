"""The service of notifications: who is told of an event, in which words, and the mail that carries it."""
