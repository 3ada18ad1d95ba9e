"""Accounts at messengers that a text names without an `@` or a link: `reach me on Telegram`, `insta - anna_b`. Pure.

A messenger's name counts also where it is written apart (`tele gram`), and where digits stand for letters (`wh4tsapp`);
the latter says by itself that somebody wants to be found there.
"""

import re

_READ_AS = {"a": "[a4@]", "b": "[b8]", "e": "[e3]", "g": "[g9]", "i": "[i1]", "l": "[l1]", "o": "[o0]", "s": "[s5$]",
            "t": "[t7]"}  # fmt: skip
"""What stands for a letter in a name that is disguised."""
_APART = "[ ._'’-]?"
_LETTERS = re.compile("[a-z]")
_PARTED = (
    "tele~gram", "telegramm", "whats~app", "what~s~app", "whatsap", "wats~app", "dis~cord", "face~book", "insta~gram",
    "snap~chat", "tik~tok", "skype", "wechat", "weixin", "viber", "threema", "twitter", "linked ?in",
)  # fmt: skip
"""Names; `~` is where they may be written apart."""
_WORDS = ("signal", "messenger")
"""They mean something else as well: `Signal: analysis`, `Messenger: iOS`."""
_TALK, _SHORT = "imessage|facetime", "snap|insta|kik"
"""Never disguised: `1 message` is none."""


def _disguised(*names: str) -> str:
    """A pattern of these names, with all that may stand for their letters and between their parts."""
    read = (_LETTERS.sub(lambda letter: _READ_AS.get(letter.group(), letter.group()), name) for name in names)
    return "|".join(read).replace("~", _APART)


_APP = f"(?:{_disguised(*_PARTED, *_WORDS)}|{_TALK}|{_SHORT})"
_SURE = f"(?:{_disguised(*_PARTED)}|{_SHORT}|tg|ig|wa)"
_WORD_FOR_IT = r"(?: (?:id|handle|nick|nickname|name|user|username|account))?"
_BETWEEN = r"(?: is)?(?: ?(?:->|=>|\.{2,3}|[-:=~|>→(\[«\"'“‘/])[ «\"'“‘]?|[ «\"'“‘]{1,2})"
_TECHNICAL = (
    r"(?!(?:oauth|openid|web|https?|ip|ipv|html|css|python|java|node|vue|angular|react|swift|php|gpt|api|sdk|sha|md|utf|"
    r"base|mp|win|windows|office|sql|ios|android|level|version|release|tier|phase|gen|iso|iec|en|din|ieee|soc|nist|rfc|"
    r"v|x|h|q|fy)[-_.]?[0-9][0-9.]*(?![\w.]*[^\W\d_])|[0-9][0-9.,]*[a-z]{1,3}(?!\w))"
)
"""`OAuth2`, `ISO27001` and `5GHz` are no accounts."""
_ACCOUNT = rf"@?{_TECHNICAL}(?=[\w.]{{0,40}}[0-9_])(?=[0-9_.]{{0,40}}[^\W\d_])[\w.]{{4,40}}(?!\w)"

_NAME = re.compile(rf"(?<!\w)(?:{_disguised(*_PARTED, *_WORDS)})(?!\w)", re.IGNORECASE)
_RULES = tuple(
    re.compile(rule, re.IGNORECASE)
    for rule in (
        rf"(?<!\w){_SURE}{_WORD_FOR_IT} ?[:=] ?\w[\w.-]{{2,}}",
        rf"\b(?:my|mijn|mon|ma|mein|meine|our) {_APP}\b",
        r"\b(?:reach|contact|message|msg|text|dm|pm|ping|write|call|find|add|hit|follow|meet|bereik|schrijf|app|contactez|"
        rf"écrivez|joignez|retrouvez|ajoutez)[ -](?:to )?(?:me|us|mij|moi|nous)\b[^.!?\n]{{0,40}}\b{_APP}\b",
        rf"\b(?:i am|i'm|i’m|im|ik ben|je suis) [^ \n]{{3,40}} (?:on|op|sur|at|via) {_APP}\b",
        rf"(?<!\w){_APP}{_WORD_FOR_IT}{_BETWEEN}{_ACCOUNT}",
        rf"(?<![\w.]){_ACCOUNT}(?: (?:on|op|sur|at|via) | ?[-@(|/:=~>→] ?){_APP}(?!\w)",
    )
)


def names_account(read: str) -> bool:
    """Whether `read`, a normal form, seems to say where somebody is found."""
    return _hides_a_name(read) or any(rule.search(read) for rule in _RULES)


def _hides_a_name(read: str) -> bool:
    """Whether a messenger's name stands there with digits or signs for letters."""
    return any(re.search("[0-9@$]", found.group()) for found in _NAME.finditer(read))
