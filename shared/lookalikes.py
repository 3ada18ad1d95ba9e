"""Letters of other scripts, and signs, that a reader takes for Latin letters. Pure.

A small part of Unicode's confusables (UTS 39): what looks like a letter or digit of an e-mail address or a host name.
Rules read a text both ways, so that no honest Greek or Cyrillic word is lost.
"""

import unicodedata

_OF = {
    "a": "аαɑᴀաӕ", "b": "ЬвВβΒʙᏴ", "c": "сϲςСϹᴄⅽᏟϾ", "d": "ԁɗᏧᴅⅾ", "e": "еЕεΕҽᴇℯ", "f": "ϝғꜰſ", "g": "ɡցԍɢᶃ",
    "h": "һНнΗհʜᏂ", "i": "іІιΙıɪӏᎥ", "j": "јЈϳᴊ", "k": "кКκΚᴋ", "l": "ⅼʟԼⅬ", "m": "мМΜᴍⅿ", "n": "ոпηΝɴ",
    "o": "оОοΟσօᴏ", "p": "рРρΡᴘ", "q": "ԛգ", "r": "гᴦʀᎡ", "s": "ѕЅꜱ", "t": "тТτΤᴛ", "u": "υսᴜս", "v": "νѵᴠⅴ",
    "w": "ԝѡᴡաԜ", "x": "хХχΧⅹ", "y": "уУүγΥʏ", "z": "ᴢΖ",
}  # fmt: skip
_LATIN = str.maketrans({like: letter for letter, every in _OF.items() for like in every})


def skeleton(text: str) -> str:
    """What `text`, a normal form, looks like in small Latin letters without accents."""
    if text.isascii():
        return text
    bare = "".join(c for c in unicodedata.normalize("NFD", text) if unicodedata.category(c) != "Mn")
    return bare.translate(_LATIN)
