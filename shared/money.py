"""Money: whole minor units of an ISO 4217 currency, and integer arithmetic only."""

from typing import NamedTuple

MAX_AMOUNT = 10**9
WHOLE_BPS = 10_000

# ISO 4217 currencies in use, by their number of minor-unit digits. Funds codes, metals and test codes are left out.
_DIGITS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF",
    2: """AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC
        CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR
        JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD
        NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN
        SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG""",
    3: "BHD IQD JOD KWD LYD OMR TND",
}
MINOR_DIGITS = {code: digits for digits, codes in _DIGITS.items() for code in codes.split()}
CURRENCIES = frozenset(MINOR_DIGITS)


def share(amount: int, bps: int) -> int:
    """`bps` ten-thousandths of `amount` minor units, rounded down. Raises ValueError outside 0..10,000 or below 0."""
    if not 0 <= bps <= WHOLE_BPS or amount < 0:
        raise ValueError("a share is 0..10,000 ten-thousandths of an amount that is not negative")
    return amount * bps // WHOLE_BPS


class Breakdown(NamedTuple):
    """What becomes of a price once all of it is paid out, in minor units."""

    seeker_pays: int
    fee: int
    insider_receives: int


def breakdown(price: int, fee_bps: int) -> Breakdown:
    """Of a price, or of the part of it that the insider has earned: the fee is one of the whole, whatever the tranches.

    Raises ValueError as `share` does.
    """
    fee = share(price, fee_bps)
    return Breakdown(price, fee, price - fee)


def both_ways(amount: int, currency: str) -> str:
    """For who writes a request: 100000 EUR minor units are `100000 (minor units: EUR 1,000.00)`."""
    return f"{amount} (minor units: {format_amount(amount, currency)})"


def format_amount(amount: int, currency: str) -> str:
    """For people: 50000 EUR minor units are `EUR 500.00`, 500 of JPY are `JPY 500`; a minus stays."""
    digits = MINOR_DIGITS[currency]
    whole, part = divmod(abs(amount), 10**digits)
    sign = "-" if amount < 0 else ""
    return f"{currency} {sign}{whole:,}" + (f".{part:0{digits}}" if digits else "")
