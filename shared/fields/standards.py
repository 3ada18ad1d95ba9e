"""Codes of public standards: a country, a currency, and the form that codes of any scheme have."""

from typing import Any

from shared.fields.kind import Raw
from shared.fields.text import Pattern
from shared.money import CURRENCIES

# ISO 3166-1 alpha-2: the officially assigned codes.
_ASSIGNED = """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ
    CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR
    GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO
    JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR
    MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO
    RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV
    TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
"""
COUNTRIES = frozenset(_ASSIGNED.split())


class Code(Pattern):
    """A code of a public scheme, or the scheme's name: `2512`, `J62`, `ISCO-08`."""

    def __init__(self, **options: Any) -> None:
        super().__init__("[A-Za-z0-9][A-Za-z0-9._:-]{0,31}", "a code: up to 32 letters, digits and . _ : -", **options)


class _Listed(Pattern):
    """A code out of a list too long to be named. In an event the form is enough: its reader's list may be older."""

    def __init__(self, codes: frozenset[str], expects: str, expression: str, description: str, **options: Any) -> None:
        self.codes = codes
        super().__init__(expression, expects, description, **options)

    def _deserialize(self, value: Any, attr: str | None, data: Raw, **options: Any) -> str:
        if type(value) is str and value not in self.codes and not self.in_event:
            raise self.refuse("choice")
        return super()._deserialize(value, attr, data, **options)


class Country(_Listed):
    """ISO 3166-1 alpha-2."""

    def __init__(self, description: str = "", **options: Any) -> None:
        super().__init__(COUNTRIES, "a country's ISO 3166-1 code such as NL", "[A-Z]{2}", description, **options)


class Currency(_Listed):
    """ISO 4217, in use."""

    def __init__(self, description: str = "", **options: Any) -> None:
        super().__init__(CURRENCIES, "a currency's ISO 4217 code such as EUR", "[A-Z]{3}", description, **options)
