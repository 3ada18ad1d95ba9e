"""A table of two columns: what is a way to reach somebody, and what only looks like it; and a search for more."""

import random
import re
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contact_details import contact_data

A_WAY = r"""
06,12,34,56,78
06:12:34:56:78
06|12|34|56|78
06 | 12 | 34 | 56 | 78
06*12*34*56*78
06~12~34~56~78
06_12_34_56_78
06\\n12\\n34\\n56\\n78
06⁃12⁃34⁃56⁃78
06•12•34•56•78
06●12●34●56●78
06 – 12 – 34 – 56 – 78
06;12;34;56;78
06=12=34=56=78
06📞12📞34📞56📞78
0 6 1 2 3 4 5 6 7 8
0   6   1   2   3   4   5   6
zero six one two three four five six
zéro six un deux trois quatre cinq six
nul zes een twee drie vier vijf zes
null sechs eins zwei drei vier fünf sechs
o6 l2 34 56 78
O612345678
〇六一二三四五六七八
+31 612 345 678
+1 (416) 555-0199
416, 555, 0199
416 / 555 / 0199
416 | 555 | 0199
416 & 555 & 0199
416; 555; 0199
416. 555. 0199
416, 555 0199
416 555, 0199
416-555, 0199
416, 5550199
416555, 0199
(416), 555, 0199
416,555,0199
416, 555,0199
416\n555\n0199
- 416\n- 555\n- 0199
416 * 555 * 0199
416 ... 555 ... 0199
416 ----- 555 ----- 0199
416, 555, 01 99
416, 555, 2671
416, 555, 2019
905, 555, 1234
800, 500, 0100
1, 416, 555, 0199
1-416, 555, 2671
2, 416, 555, 0199, 24/7
250, 300, 1250; 416, 555, 2671
rooms 416, 555, 0199
call me: 416, 555, 2671
My line: 416, 555, 2671
Ma ligne : 416, 555, 2671
area code 416, 555, 2671
area codes 416, 555, 2671
my number #416, 555, 2671
# 416,555,2671
Line 416, 555/2671
my account 416, 555, 2671
Code 416\\n555\\n2671
unit 416-555-2671
four-one-six, five-five-five, zero-one-nine-nine
four one six / five five five / two six seven one
quatre un six, cinq cinq cinq, zéro un neuf neuf
61234567
612 345 678
❶❷❸❹❺❻❼❽
0six12three4five6
double 0 31 double 6 12 34 56
acme·com
acme•com
acme。com
acme｡com
асмe.соm
аcme.сom
acmе.соm
αcme.cοm
acme.ⅽom
acme ．com
acme . com
acme. com
acme,com
acme dot com
acme-dot-com
acme<dot>com
acme(dot)com
acme punt nl
acme point com
192.168.10.20
203.0.113.7
8.8.8.8
10.0.0.1:8080
2001:db8::7:1
anna <at> acme <dot> com
anna [at] acme
anna(a)acme.com
anna (a) acme.com
anna{at}acme{dot}com
anna *at* acme *dot* com
anna_at_acme_dot_com
acme【dot】com
anna «at» acme «dot» com
anna|at|acme|dot|com
anna-at-acme.com
a n n a @ a c m e
a n n a @ a c m e . c o m
a.n.n.a.@.a.c.m.e
a c m e . c o m
a-c-m-e.c-o-m
anna@acme
аnnа@асmе
t.me/annab
wa.me/31612345678
discord.gg/abc
@annab on telegram
telegram: annab
reach me on telegram as annab
my whatsapp
anna_b on insta
skype:annab
mailto:anna
insta anna.b99
I'm annab on Signal
Add me on LinkedIn
https:acme
http:/acme.example
w w w . acme
anna arobase acme point fr
anna apenstaartje acme punt nl
call ０６–１２−３４‒５６—７８
anna -at- acme -dot- com
anna - at - acme - dot - com
anna --at-- acme --dot-- com
anna _at_ acme _dot_ com
anna /at/ acme /dot/ com
anna 'at' acme 'dot' com
anna “at” acme “dot” com
anna -arobase- acme -point- fr
anna -at- acme
a-n-n-a-@-acme.com
a_n_n_a_@_a_c_m_e.com
telegram - annab99
telegram-annab99
telegram → annab99
telegram / annab99
telegram (annab99)
telegram "annab99"
telegram... annab99
telegram username is: annab99
annab99 - telegram
annab99 (telegram)
tele gram annab99
tele-gram annab99
t e l e g r a m annab99
what's app annab99
watsapp annab99
face book annab99
insta-gram: annab
snap chat annab99
wh4tsapp
whats4pp
t3l3gr4m
wh@tsapp
faceb00k
s1gnal
l1nkedin
ｗｈ４ｔｓａｐｐ
"""
"""`\\n` is a line feed."""

NONE = """
Payroll forms 941, 940, 1099
Sections 302, 404, 1107 of SOX
21 CFR 210, 211, 820, 1271
Airbus 320, 330, 3501 fleets
HTTP 404, 500, 502, 5030
rooms 215, 302, 4110
ports 443, 389, and 8080
tickets #214, #315, #4110
comptes 410, 520 et 6011
Konten 410, 520, 6011
teams of 214; 315; 4110
12000000 requests
120,000 - 140,000 EUR
EUR 120.000 - 140.000
€ 85,500 to 92,750
85500-92750 EUR
120000-140000
USD 1,200,000.00
revenue of 1 200 000 000 euros
+120,000 users, +5%
2019-2024
2015 - 2019, 2020 - 2024
2019/2020/2021
in 2021, 2022, 2023
2027-01-15
2027-01-15 09:00
15/01/2027 - 31/12/2027
01.02.2019
2024-01 - 2025-06
06/2019 - 12/2024
10%, 20%, 30%, 40%
99.9999% uptime
12.5 % - 17.5 %
Version 1.2.3, release 2027.01
Python 3.9, 3.10, 3.11, 3.12
v10.15.7
Oracle 11.2.0.4
version 120.0.6099.109
Node.js
ASP.NET Core
Next.js, Vue.js, Socket.IO
.NET and C++
NACE 62.01, 62.02, 62.03
SOC 15-1252, 15-1253
15-1252.00
NAICS 541511, 541512
100, 200, 3000
300, 400, 5000 units
300, 455, 1250
250, 300, 1250
250 / 300 / 1250
256, 512, 1024
128, 256, 512, 1024
320, 768, 1024
225, 375, 1125
1, 2, 3, 4, 5, 6, 7, 8, 9, 10
2, 3, 4, 5, 6, 7, 8, 9, 10
days 2-30, 4-50, 10-20
Boeing 737, 747, 757
NAICS 541, 511, 5112
245,300 (2024)
245 300, 2024
245,300 (2023: 198,400)
EUR 245,300, 1250 users
3.250, 4.500, 5.250
$250, $300, $1250
200, 350, 2024
ISCO-08 2512, 2513
ISO 27001/27017/27018
ISO/IEC 27001:2022
RFC 9110, RFC 9457
08:00-17:00, 32-40 hours
09:00:00 - 17:30:00
24/7, 365
levels 1, 2, 3, 4, 5, 6, 7, 8
team of 12, 30 services
1920x1080
1920×1080
15000000 users
250000000 rows
12345678 rows
one, two or three teams
six of seven days
data-at-rest encryption
at this point in time
the dot-com era
the dot com boom
Go·AI·SQL
Amsterdam · Remote
built WhatsApp integrations
Signal processing
Experience with Telegram bots
candidato(a)s
étudiant(e)s
Section 3(a)
R&D, Q&A
e.g. this, i.e. that
Co.KG and Co.Ltd
т.е. и т.д.
Работал с 2019 по 2024
Εργάζομαι εδώ από το 2015
col·lecció
std::vector and a::b
react@18
5 years @ Booking
100 000 - 120 000 EUR
12/2019
1.5M-2.5M
EUR 3,500.00 - 4,500.00
3500.00 - 4500.00 EUR
point de vue
UTF-8, SHA-256
1:1 and 10:1
日本のチーム、東京。開発
data-in-use and data-at-rest, as of now.Then more
Team lead - at - a bank
meeting - at - least once
the "dot" matrix
Facebook OAuth2 sign-in
Discord - OAuth2 and web3 bots
Telegram bots, Python3, AWS
LinkedIn - B2B marketing
Instagram (B2C) campaigns
Signal - 5GHz radio
Signal: analysis of railway lines
Messenger: iOS and Android
WhatsApp and Signal protocols
Viber/Skype 2019
campaigns on Facebook, Instagram and TikTok
We chat with customers: mail, phone, video
face time with clients
tele sales, and a gram of salt
PCI-DSS, SOC2, ISO27001
"""


@pytest.mark.parametrize("text", A_WAY.strip().splitlines())
def test_it_is_a_way_to_reach_somebody(text: str) -> None:
    """Neither at the beginning of a text nor in it does it pass."""
    read = text.replace("\\n", "\n")
    assert list(contact_data(read)) and list(contact_data(f"Ask me. Or: {read}"))


@pytest.mark.parametrize("text", NONE.strip().splitlines())
def test_it_is_none(text: str) -> None:
    assert list(contact_data(text)) == []
    assert list(contact_data(f"We have {text}; more is better.")) == []


SIGNS = "-./,:;|*~_=+# \n\u2022\u2043\u2013\u00b7\u25e6\u2192"
BETWEEN = st.text(SIGNS.replace("*", ""), min_size=1, max_size=8)
LIKE = {"a": "\u0430\u03b1", "c": "\u0441\u03f2", "e": "\u0435", "o": "\u043e\u03bf", "m": "\u043c", "n": "\u0578"}


@given(st.from_regex(r"\A0[1-9][0-9]{8}\Z"), st.sampled_from(SIGNS), st.integers(0, 3), st.booleans())
def test_a_number_is_found_whatever_sign_is_between_its_digits(number: str, sign: str, many: int, pairs: bool) -> None:
    parts = re.findall("..", number) if pairs else list(number)
    assert "no-phone" in {rule for rule, _ in contact_data((sign * many).join(parts))}


@given(
    st.from_regex(r"\A[2-9][1-9][1-9]\Z"), st.from_regex(r"\A[2-9][0-9]{2}\Z"), st.from_regex(r"\A0[0-9]{3}\Z"),
    BETWEEN, BETWEEN | st.just(""),
)  # fmt: skip
def test_a_north_american_number_is_found_whatever_is_between_its_parts(
    area: str, exchange: str, line: str, one: str, other: str
) -> None:
    assert "no-phone" in {rule for rule, _ in contact_data(f"{area}{one}{exchange}{other}{line}")}


@given(st.lists(st.sampled_from(["acme", "once", "anna"]), min_size=1, max_size=2), st.randoms())
def test_an_address_is_found_whatever_its_letters_look_like(labels: list[str], chance: random.Random) -> None:
    text = f"anna@{'.'.join(labels)}.com"
    changed = "".join(chance.choice(LIKE.get(c, "") + c) for c in text)
    assert {"no-address", "no-link"} <= {rule for rule, _ in contact_data(f"{changed} or {changed[5:]}")}


@given(st.integers(1, 9_999), st.integers(3, 8), st.sampled_from(["", " users", " EUR", " - "]))
def test_a_round_number_is_none(number: int, zeros: int, behind: str) -> None:
    assert list(contact_data(f"about {number}{'0' * zeros}{behind}")) == []


@given(st.dates(min_value=date(1990, 1, 1), max_value=date(2089, 12, 31)))
def test_a_day_is_none(day: date) -> None:
    assert list(contact_data(f"from {day} 09:00, to {day:%d.%m.%Y} or {day:%d/%m/%Y}")) == []
