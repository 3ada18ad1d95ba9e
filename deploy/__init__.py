"""How the system is run: the embedded stack, the command `golem`, topics, images. Nothing imports from here."""
