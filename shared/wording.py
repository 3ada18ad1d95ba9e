"""How amounts and days are written for people, in each language."""

from datetime import date

from shared.money import format_amount

_MONTHS = {
    "en": ("January", "February", "March", "April", "May", "June", "July", "August", "September", "October",
           "November", "December"),
    "fr": ("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre",
           "novembre", "décembre"),
}  # fmt: skip


def amount(value: int, currency: str, language: str) -> str:
    """50000 EUR minor units are EUR 500.00, and in French 500,00 EUR (with no line break inside)."""
    code, _, number = format_amount(value, currency).partition(" ")
    if language == "fr":
        return number.replace(",", "\u202f").replace(".", ",") + "\u00a0" + code
    return f"{code}\u00a0{number}"


def day(text: str, language: str) -> str:
    """2027-01-04 is January 4, 2027, and in French 4 janvier 2027."""
    when = date.fromisoformat(text)
    month = _MONTHS[language][when.month - 1]
    if language == "fr":
        return f"{'1er' if when.day == 1 else when.day} {month} {when.year}"
    return f"{month} {when.day}, {when.year}"
