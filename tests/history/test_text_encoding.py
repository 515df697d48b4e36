"""In which encoding a file is."""

from __future__ import annotations

import pytest

from calibrate.errors import DataError
from calibrate.history.delimited import decode


def test_a_file_in_utf_8_is_not_read_as_another_encoding() -> None:
    """As cp1252, "Geschäftsführer" would be a new, wrong level, and the score another."""
    text = "Id,Rolle\n1,Geschäftsführer\n"
    assert decode(text.encode("cp1252"), file="x.csv", encoding="cp1252") == text
    assert decode(b"Id,Rolle\n1,Chef\n", file="x.csv", encoding="cp1252") == "Id,Rolle\n1,Chef\n"
    with pytest.raises(DataError) as error:
        decode(text.encode(), file="x.csv", encoding="cp1252")
    assert str(error.value) == (
        'x.csv: the text is UTF-8, but the settings say encoding = "cp1252"; '
        "take that line out of this table"
    )
