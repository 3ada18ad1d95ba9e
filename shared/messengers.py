"""Accounts at messengers that a text names without an `@` or a link: `reach me on Telegram`, `insta anna_b`. Pure."""

import re

_APP = (
    r"(?:telegram|whats ?app|signal|skype|wechat|weixin|viber|threema|snap(?:chat)?|insta(?:gram)?|discord|kik|"
    r"messenger|facebook|linked ?in|tiktok|twitter|imessage|facetime)"
)
_RULES = tuple(
    re.compile(rule, re.IGNORECASE)
    for rule in (
        r"\b(?:telegram|whats ?app|skype|wechat|weixin|viber|threema|snap(?:chat)?|insta(?:gram)?|discord|kik|facebook|"
        r"linked ?in|tiktok|twitter|tg|ig|wa)(?: (?:id|handle|nick|name|user|account))? ?[:=] ?\w[\w.-]{2,}",
        rf"\b(?:my|mijn|mon|ma|mein|meine|our) {_APP}\b",
        r"\b(?:reach|contact|message|msg|text|dm|pm|ping|write|call|find|add|hit|follow|meet|bereik|schrijf|app|contactez|"
        rf"écrivez|joignez|retrouvez|ajoutez)[ -](?:to )?(?:me|us|mij|moi|nous)\b[^.!?\n]{{0,40}}\b{_APP}\b",
        rf"\b(?:i am|i'm|i’m|im|ik ben|je suis) [^ \n]{{3,40}} (?:on|op|sur|at|via) {_APP}\b",
        rf"\b{_APP}(?: (?:id|handle|nick|name|user|account))? (?:is )?"
        r"@?(?=[\w.]*[0-9_])(?=[0-9_.]*[^\W\d_])[\w.]{4,40}(?!\w)",
        rf"(?<![\w.])(?=[\w.]{{0,40}}[0-9_])(?=[0-9_.]{{0,40}}[^\W\d_])[\w.]{{4,40}} (?:on|op|sur|at|via) {_APP}\b",
    )
)


def names_account(read: str) -> bool:
    """Whether `read`, a normal form, seems to say where somebody is found."""
    return any(rule.search(read) for rule in _RULES)
