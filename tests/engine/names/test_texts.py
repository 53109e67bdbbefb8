"""One form for names and numbers in every Unicode form."""

from __future__ import annotations

import pytest

from engine.names import texts


@pytest.mark.parametrize(
    "written",
    [
        "Málaga CF",
        "Ma\u0301laga CF",  # a letter and an accent
        "Málaga\u00a0CF",  # no-break space
        "Málaga\u2009CF",  # thin space
        "Málaga\u3000CF",  # full-width space
        "\ufeffMálaga\u200b CF\u200e",  # byte order mark, zero-width space, mark of direction
        "Mál\u00adaga\x00\x07 CF",  # soft hyphen, control characters
        " Málaga  CF ",
        "Málaga\x0bCF",
        "Málaga\u2028CF",
    ],
)
def test_a_name_has_one_form(written: str) -> None:
    assert texts.clean_name(written) == "Málaga CF"


def test_tabs_and_line_ends_stay_and_letters_are_not_replaced_by_similar_ones() -> None:
    assert texts.clean("a\tb\r\nc") == "a\tb\r\nc"
    assert texts.clean("Köln ﬁ １ Ø ß") == "Köln ﬁ １ Ø ß"


def test_invisible_characters_are_counted() -> None:
    assert texts.n_invisible("plain\ttext\n") == 0 == texts.n_invisible("Málaga\u00a0CF")
    assert texts.n_invisible("a\x00b\u200b\u200bc\ufeff") == 4


@pytest.mark.parametrize("sign", ["-", "\u2212", "\u2010", "\u2013", "\uff0d"])
def test_a_minus_of_every_form(sign: str) -> None:
    assert float(texts.number(f" {sign}110\u00a0")) == -110.0 and texts.number(f"{sign}.5") == "-.5"


@pytest.mark.parametrize("text", ["\u2013", "2\u20133", "１２", "1\u00a0000", "٣"])
def test_what_is_no_number_does_not_become_one(text: str) -> None:
    assert texts.number(text).isascii() is False or " " in texts.number(text)


def test_words_of_american_odds_and_lines() -> None:
    assert texts.american(["EVEN", "ev", " Evens ", "evs", "+150", "x"]) == ["100"] * 4 + ["+150", "x"]
    assert [texts.handicap(text) for text in ("PK", "pick", "Pick'em", "pick\u2019em", "-3")] == ["0"] * 4 + ["-3"]
