"""Escrow: keeps the fee until the event of the hire, and pays it out or gives it back."""
