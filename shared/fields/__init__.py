"""The kinds of value that requests, answers and events are made of."""
