"""Telephone numbers in a text, however their digits are written or kept apart. Pure.

A number is a row of eight digits or more. What is a row as well, and says something else, is taken out first: times,
days, years, shares, amounts, counts, codes of a named standard.
"""

import math
import re
from itertools import pairwise

from shared.characters import normal_form
from shared.lookalikes import skeleton

_FEWEST = 8
_GONE = " x "

_WORDS = {
    "0": "zero zéro null nul cero oh", "1": "one un une een één eins ein uno", "2": "two deux twee zwei zwo dos",
    "3": "three trois drie drei tres", "4": "four quatre vier cuatro", "5": "five cinq vijf fünf fuenf cinco",
    "6": "six zes sechs seis", "7": "seven sept zeven sieben siete", "8": "eight huit acht ocho",
    "9": "nine neuf negen neun nueve", "10": "ten dix tien zehn", "11": "eleven onze elf", "12": "twelve douze twaalf",
    "13": "thirteen treize", "14": "fourteen quatorze", "15": "fifteen quinze", "16": "sixteen seize",
    "17": "seventeen", "18": "eighteen", "19": "nineteen", "20": "twenty vingt", "30": "thirty trente",
    "40": "forty quarante", "50": "fifty cinquante", "60": "sixty soixante", "70": "seventy", "80": "eighty",
    "90": "ninety",
}  # fmt: skip
_DIGITS = {word: digits for digits, words in _WORDS.items() for word in words.split()}
_LETTER = r"[^\W\d_]"
_SPELT = re.compile(
    rf"(?<!{_LETTER})(?:{'|'.join(sorted(_DIGITS, key=len, reverse=True))})(?!{_LETTER})", re.IGNORECASE
)
_DOUBLE = re.compile(r"\bdouble ([0-9])", re.IGNORECASE)
_LIKE_0, _LIKE_1 = (re.compile(f"(?<=[0-9])[{like}]|[{like}](?=[0-9])") for like in ("oO", "lI"))
_OF_CHINA = str.maketrans("〇零一二三四五六七八九", "00123456789")

_NOT_BEHIND = r"(?<![0-9+])(?<![0-9][ .,'/:-])"
_NOT_BEFORE = r"(?![0-9])(?![ ./:-][0-9])"
_YEAR, _MONTH, _DAY = "(?:19|20)[0-9]{2}", "(?:0?[1-9]|1[0-2])", "(?:0?[1-9]|[12][0-9]|3[01])"
_CURRENCY = r"(?:EUR|USD|CAD|GBP|CHF|AUD|SEK|NOK|DKK|PLN|JPY|INR|[€$£¥])"
_UNIT = (
    r"(?:(?:requests?|users?|customers?|clients?|rows?|records?|events?|messages?|transactions?|orders?|lines?|people|"
    r"employees?|visitors?|visits?|downloads?|installs?|items?|parcels?|calls?|accounts?|hits?|bytes|units?|sales|"
    r"euros?|dollars?|pounds?|million|billion|rps|qps|k|m|km|kg|kwh|mwh|m2|hours?|days?)\b)"
)
_NUMBER = r"(?:[1-9][0-9]{0,2}(?:[., '][0-9]{3}){1,5}|[1-9][0-9]{0,11})(?:[.,][0-9]{1,2})?"
_AMOUNT = re.compile(
    rf"{_NOT_BEHIND}(?P<before>{_CURRENCY} ?)?(?P<from>{_NUMBER})"
    rf"(?: ?(?:-|/|to|à|tot|bis) ?{_CURRENCY}? ?(?P<to>{_NUMBER}))?"
    rf"(?:(?P<after>\+? ?(?:{_CURRENCY}|{_UNIT}))|(?![0-9])(?![ .'][0-9]))",
    re.IGNORECASE,
)
_ROUND = re.compile(r"[1-9][0-9]{0,3}0{3,9}")
_COMMAS = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+(?:\.[0-9]{1,2})?")
_GROUPED = re.compile(r"[0-9]{1,3}(?:[. '][0-9]{3})+(?:[.,][0-9]{1,2})?")

_CODE = r"(?:[1-9][0-9]{0,5}|0[0-9])(?:[.-][0-9]{1,4}){0,2}(?::(?:19|20)[0-9]{2})?"
_OTHERS = [
    re.compile(rf"\b{_YEAR}-?{_MONTH}-?{_DAY}(?= [0-2][0-9]:)"),
    re.compile(r"(?<![0-9:])(?:[01]?[0-9]|2[0-4]):[0-5][0-9](?::[0-5][0-9])?(?![0-9:])"),
    re.compile(
        rf"{_NOT_BEHIND}(?:{_YEAR}([-./]){_MONTH}\1{_DAY}|{_DAY}([-./]){_MONTH}\2{_YEAR}|{_MONTH}/{_DAY}/{_YEAR})"
        rf"{_NOT_BEFORE}"
    ),
    re.compile(rf"{_NOT_BEHIND}{_YEAR}(?: ?[-/&+,] ?{_YEAR})+{_NOT_BEFORE}"),
    re.compile(rf"{_NOT_BEHIND}(?:{_YEAR}[-./]{_MONTH}|{_MONTH}[./-]{_YEAR}){_NOT_BEFORE}"),
    re.compile(r"(?<![0-9.,])(?:100|[1-9]?[0-9])(?:[.,][0-9]{1,9})? ?[%‰](?![0-9])"),
    re.compile(
        r"\b(?:ISO(?:/IEC)?|IEC|IEEE|RFC|NEN|DIN|EN|SOC|NACE|ISCO|NAICS|ISIC|SIC|NOC|ESCO|SBI|CPV|PCI|CVE)"
        rf"(?:[ -](?:Rev\.? ?)?[0-9]{{1,4}}(?=[ :]))?(?: codes?)?[: -]{{1,2}}{_CODE}"
        rf"(?:(?: ?[,/;&+] ?| and | or ){_CODE})*"
        rf"{_NOT_BEFORE}",
        re.IGNORECASE,
    ),
    re.compile(rf"{_NOT_BEHIND}[1-5][0-9]-[0-9]{{4}}(?:\.[0-9]{{2}})?{_NOT_BEFORE}"),
    re.compile(rf"{_NOT_BEHIND}[1-9][0-9]\.[0-9]{{2}}(?:\.[0-9])?{_NOT_BEFORE}"),
    re.compile(r"(?<![0-9])[1-9][0-9]{2,3} ?[×*] ?[1-9][0-9]{2,3}(?![0-9])(?! ?[×*.-] ?[0-9])"),
    re.compile(r"\b(?:version|release|build|v)[ .]?[0-9]{1,5}(?:\.[0-9]{1,5}){1,3}\b", re.IGNORECASE),
]
"""What is no number: days, times, years, shares, codes of a standard (also of SOC and NACE without their name), sizes
of a screen, versions."""

_APART = r"[\W_]{0,8}"
_SPELT_OUT = "[ ._-]"
_NO_AREA = "[234]00"
_OF_THREE = rf"[2-9](?:[0-9]{{2}}|(?:{_SPELT_OUT}[0-9]){{2}})"
_OF_FOUR = rf"[0-9](?:[0-9]{{3}}|(?:{_SPELT_OUT}[0-9]){{3}}|[0-9] [0-9]{{2}})"
_NORTH_AMERICAN = re.compile(
    rf"(?<![0-9])(?<![0-9][.,'])(?=(?:1{_APART})?(?P<parts>(?P<area>(?!{_NO_AREA}){_OF_THREE})(?P<joint>{_APART})"
    rf"(?P<exchange>{_OF_THREE})(?P<second>{_APART})(?P<line>{_OF_FOUR}))(?![0-9])(?![.,'][0-9]))"
)
"""Area, exchange and line, as the North American Numbering Plan cuts a number, whatever signs are between them."""
_LISTED = re.compile(r"[,;/&|+\n]")
_NUMBERED = (
    "forms formulaires formulare formulieren sections abschnitte articles artikelen clauses chapters chapitres "
    "schedules pages seiten paragraphs rules regulations bills models modèles parts items skus statuses errors "
    "erreurs ports rooms salles räume kamers floors buildings lots bays gates flights vols flüge routes buses "
    "highways trains comptes konten rekeningen ledgers centers centres departments programs programmes projects "
    "courses classes modules grades levels tickets issues tasks stories bugs prs sizes teams batches orders "
    "customers salaries prices budgets"
)
"""In the plural, and none that a telephone has."""
_LIST_OF_NUMBERED = re.compile(
    rf"\b(?:(?:{_NUMBERED.replace(' ', '|')})(?: of| de| von| van)?|(?:cfr|usc|airbus|boeing|embraer|http)s?)"
    r"[ :.]{0,3}#?(?:[0-9]{1,6}(?: ?[,;/&|+] ?| and | et | und | en )#?){0,30}$",
    re.IGNORECASE,
)
"""What is told apart by numbers, and perhaps the first of these numbers."""
_JOINS_THOUSANDS = ("", ",", ".", "'", " ")
_SHARED = 10
"""Three sizes or prices often have such a common divisor, or a greater one; of two hundred numbers one has."""

_ROW = re.compile(r"\+?[0-9](?:[\W_]{0,4}[0-9])*+")
_BETWEEN_ITEMS = re.compile(r"[,;.][ \n]|\n| [|&/+] ")


def has_phone(text: str) -> bool:
    """Eight digits or more in a row, spelt ones and look-alikes too, whatever signs are between them; amounts, days,
    spans of years and the like are none. The three parts of a North American number also as items of a list.
    """
    read = " ".join(_in_digits(normal_form(text)).split(" ")) if text else ""
    for other in _OTHERS:
        read = other.sub(_GONE, read)
    read = _AMOUNT.sub(lambda found: _GONE if _is_counted(found) else found.group(), read)
    if any(_is_north_american(found) for found in _NORTH_AMERICAN.finditer(read)):
        return True
    read = _AMOUNT.sub(lambda found: _GONE if _is_amount(found) else found.group(), read)
    return any(_is_number(found.group()) for found in _ROW.finditer(read))


def _in_digits(read: str) -> str:
    spelt = _SPELT.sub(lambda found: _DIGITS[found.group().lower()], read.translate(_OF_CHINA))
    digits = _DOUBLE.sub(r"\1\1", spelt)
    if not digits.isascii():
        digits = skeleton(digits)
    return re.sub(" {2,}", " ", _LIKE_1.sub("1", _LIKE_0.sub("0", digits)))


def _is_counted(found: re.Match[str]) -> bool:
    """Whether it stands with a currency or a word for what is counted."""
    return bool(found["before"] or found["after"])


def _is_north_american(found: re.Match[str]) -> bool:
    """A list of round numbers, or of sizes, is none; nor is an amount, `245,300`, with a year behind it. Digits with
    nothing between them are a row like any other.
    """
    if found["parts"].isdigit() or _is_of_numbered(found):
        return False
    area, exchange, line = (re.sub("[^0-9]", "", found[name]) for name in ("area", "exchange", "line"))
    if found["joint"] in _JOINS_THOUSANDS and re.fullmatch(_YEAR, line):
        return False
    return line[0] == "0" or math.gcd(int(area), int(exchange), int(line)) < _SHARED


def _is_of_numbered(found: re.Match[str]) -> bool:
    """Whether it is items of a list, `forms 941, 940, 1099`, none of which begins with 0."""
    if found["line"][0] == "0" or not all(_LISTED.search(found[gap]) for gap in ("joint", "second")):
        return False
    return bool(_LIST_OF_NUMBERED.search(found.string[max(0, found.start() - 120) : found.start()]))


def _is_amount(found: re.Match[str]) -> bool:
    """Counted, or round, or in groups of three."""
    return _is_counted(found) or all(_is_plain(number) for number in (found["from"], found["to"]) if number)


def _is_plain(number: str) -> bool:
    if _ROUND.fullmatch(number) or _COMMAS.fullmatch(number):
        return True
    return bool(_GROUPED.fullmatch(number)) and (sum(map(str.isdigit, number)) < _FEWEST or number.endswith("00"))


def _is_number(row: str) -> bool:
    items = _BETWEEN_ITEMS.split(row)
    counts = [sum(map(str.isdigit, item)) for item in items]
    if sum(counts) < _FEWEST:
        return False
    if max(counts) >= _FEWEST or row[0] in "+0":
        return True
    short = len(items) >= 4 and all(item.isdigit() and len(item) <= 3 for item in items)
    return short and not all(int(one) < int(next_) for one, next_ in pairwise(items))
