"""What looks like personal data, and how it is kept out of what is shown."""

from __future__ import annotations

import re

__all__ = ["CERTAINLY_PERSONAL", "LOOKS_PERSONAL", "masked"]

_MAIL = r"[\w.+-]+@[\w-]+(?:\.[\w-]+)*\.[A-Za-z]{2,}"
_IP = r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}"
_PLUS = r"\+[0-9][0-9 ()./-]{7,}"
_LOOSE = r"0[0-9 ()/-]{8,}|\(?[0-9]{2,4}\)?[ /-][0-9 /-]{5,}[0-9]"

CERTAINLY_PERSONAL = rf"(?s:.*){_MAIL}(?s:.*)|{_PLUS}|{_IP}"
LOOKS_PERSONAL = rf"{CERTAINLY_PERSONAL}|{_LOOSE}"

_MASKS = (
    (re.compile(_MAIL), "(e-mail address)"),
    (re.compile(rf"\b{_IP}\b"), "(IP address)"),
    (re.compile(_PLUS), "(telephone number)"),
)
_WHOLE_PHONE = re.compile(_LOOSE)
_DATE = re.compile(r"\d{1,4}([-/. ])\d{1,2}\1\d{1,4}(?!\d).*")
_RANGE = re.compile(r"\d+ ?- ?\d+")


def masked(text: str) -> str:
    """Return a value as it may be shown: addresses and telephone numbers replaced by words.

    Parameters
    ----------
    text : str
        A value of the data.

    Returns
    -------
    str
        Anything else stays as it is, dates and ranges of numbers too.

    Examples
    --------
    >>> masked("gino.paoli@x.it"), masked("+39 333 1234567"), masked("call 10.0.0.1")
    ('(e-mail address)', '(telephone number)', 'call (IP address)')
    >>> masked("01/02/2024"), masked("500 - 1000"), masked("L17")
    ('01/02/2024', '500 - 1000', 'L17')
    """
    for pattern, words in _MASKS:
        text = pattern.sub(words, text)
    if _DATE.fullmatch(text) or _RANGE.fullmatch(text):
        return text
    return _WHOLE_PHONE.sub("(telephone number)", text) if _WHOLE_PHONE.fullmatch(text) else text
