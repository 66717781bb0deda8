"""What models write is read as they meant it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from timing import growth

from recommender.parsing import (
    LABEL_KEYS,
    read_json,
    read_labels,
    read_pairs,
    read_prose,
    read_separated,
    read_titles,
    without_thinking,
)

LETTERS = list("ABCDEFGHIJKLMNOPQRST")
NUMBERS = [str(n) for n in range(1, 31)]


def texts(mentions) -> list[str]:
    return [mention.text for mention in mentions]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[B] > [A] > [C]", "BAC"),
        ("[b]>[a]", "BA"),
        ("1. [C]\n2. [A]", "CA"),
        ("1. [C] Heat\n2. [A] A Bug's Life", "CA"),
        ("1. A Bug's Life [C]\n2. I, Robot [I]", "CI"),
        ("Of [A] to [C], best first: [C] > [A]", "CA"),
        ("Considering [A], [B], [C].\nFinal: [C] > [A] > [B]", "CAB"),
        ("A, C, B", "ACB"),
        ("B > A > C.", "BAC"),
        ("B A C", "BAC"),
        ("C\nA\nB", "CAB"),
        ("1. C\n2. A\n3. B", "CAB"),
        ("**C**\n**A**", "CA"),
        ("- B: Heat\n- A: A Bug's Life", "BA"),
        ("B) Heat\nA) A Bug's Life", "BA"),
        ("B. Heat\nA. Alien", "BA"),
        ("(B), (A)", "BA"),
        ("[B, A, C]", "BAC"),
        ("['B', 'A', 'C']", "BAC"),
        ("Here is my ranking: B > A > C", "BAC"),
        ("My ranking:\nB > A > C\nI chose A since a fine film is a joy.", "BAC"),
        ("Answer: B", "B"),
        ("B", "B"),
        ("【B】＞【A】", "BA"),
        ("［Ｂ］ > ［Ａ］", "BA"),
        ("排序：B、A、C", "BAC"),
        ("[A] > [A] > [B]", "AAB"),
    ],
)
def test_labels_are_read_in_order(text: str, expected: str) -> None:
    assert texts(read_labels(text, LETTERS)) == list(expected)


@pytest.mark.parametrize(
    "text",
    [
        "I cannot help with that.",
        "A Bug's Life",
        "1. A Bug's Life\n2. I Know What You Did\n3. M*A*S*H",
        "A fine list of films, I think.",
        "I, Robot\nE.T. the Extra-Terrestrial\nK-PAX\nX-Men",
        "I'm sorry, I can't.",
        "Plan B\nVitamin C",
        "[ZZ] [QQ]",
        "",
    ],
)
def test_letters_in_prose_and_titles_are_no_labels(text: str) -> None:
    assert read_labels(text, LETTERS) == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[3] > [1] > [12]", ["3", "1", "12"]),
        ("3 > 1 > 2", ["3", "1", "2"]),
        ("3, 1, 2", ["3", "1", "2"]),
        ("1. 3\n2. 1\n3. 2", ["3", "1", "2"]),
        ("1. [3]\n2. [1]", ["3", "1"]),
        ("3. Heat\n1. Alien\n2. Brazil", ["3", "1", "2"]),
        ("1. Heat\n2. Alien\n3. Brazil", []),
        ("8 1/2\n12 Monkeys\n101 Dalmatians", []),
        ("【３】＞【１】", ["3", "1"]),
    ],
)
def test_numeric_labels_are_told_from_numbering(text: str, expected: list[str]) -> None:
    assert texts(read_labels(text, NUMBERS)) == expected


@pytest.mark.parametrize(
    "text",
    [
        '["Heat", "Alien"]',
        '```json\n["Heat", "Alien"]\n```',
        'Sure [of it]! {"ranking": ["Heat", "Alien"]} Enjoy.',
        '{"note": "x", "ranking": ["Heat", "Alien"]}',
        '{"liked": ["a", "b", "c"], "ranking": ["Heat", "Alien"]}',
        '{"a": {"b": {"ranking": ["Heat", "Alien",]}}}',
        '[{"rank": 1, "title": "Heat"}, {"rank": 2, "title": "Alien"}]',
        '{"recommendations": [{"why": "good", "name": "Heat", "tags": ["x"]}, {"why": "no", "name": "Alien"}]}',
        '{"1": "Heat", "2": "Alien"}',
        "['Heat', 'Alien']",
        '"[\\"Heat\\", \\"Alien\\"]"',
        '"{\\"ranking\\": [\\"Heat\\", \\"Alien\\"]}"',
        '{"ranking": ["Heat", "Alien", "Braz',
        '[{"title": "Heat"}, {"title": "Alien"}, {"titl',
        '[["Heat", "Alien"]]',
    ],
)
def test_json_lists_are_found_however_they_are_wrapped(text: str) -> None:
    assert texts(read_json(text)) == ["Heat", "Alien"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('["Say \\"hi\\"", "Caf\\u00e9"]', ['Say "hi"', "Café"]),
        ('["Say "hi"", "B"]', ['Say "hi"', "B"]),
        ("['Ocean's 11', \"Boys' Night\"]", ["Ocean's 11", "Boys' Night"]),
        ("[3, 1, 2]", ["3", "1", "2"]),
        ("[B, A]", ["B", "A"]),
        ('["Heat [1995]", "A, B: {C}"]', ["Heat [1995]", "A, B: {C}"]),
        ('{"answer": "Heat"}', []),
        ('{"title": "Heat", "description": "A [fine] film"}', ["Heat"]),
        ('{"title": "Heat"}\n{"title": "Brazil"}', ["Heat", "Brazil"]),
        ("no json", []),
    ],
)
def test_json_texts_and_numbers(text: str, expected: list[str]) -> None:
    assert texts(read_json(text)) == expected


def test_the_caller_says_which_key_of_an_object_counts() -> None:
    text = '[{"title": "Heat", "label": "B"}, {"label": "A", "title": "Alien"}]'
    assert texts(read_json(text, LABEL_KEYS)) == ["B", "A"]
    assert texts(read_json(text)) == ["Heat", "Alien"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1. Heat\n2. 12 Monkeys\n3. 8 1/2", ["Heat", "12 Monkeys", "8 1/2"]),
        ("Here you are:\n\n1) Heat\n   A crime film.\n2) Brazil\n\nEnjoy!", ["Heat", "Brazil"]),
        ("[1] Heat\n[2] Brazil", ["Heat", "Brazil"]),
        ("1: Heat\n2: 2001: A Space Odyssey", ["Heat", "2001: A Space Odyssey"]),
        ("2001: A Space Odyssey\n9: The Film", ["2001: A Space Odyssey", "9: The Film"]),
        ("- Heat\n* Brazil\n• Alien", ["Heat", "Brazil", "Alien"]),
        ('1. **Heat**\n2. "Brazil"\n3. *Alien*', ["Heat", "Brazil", "Alien"]),
        ("**1.** Heat\n**2.** Brazil", ["Heat", "Brazil"]),
        ("Here you are:\nHeat\nBrazil", ["Heat", "Brazil"]),
        ("Heat > Brazil > Alien", ["Heat", "Brazil", "Alien"]),
        ("1. Heat 2. Brazil 3. Alien", ["Heat", "Brazil", "Alien"]),
        ("1. Heat, 2. Apollo 13, 3. Alien", ["Heat", "Apollo 13", "Alien"]),
        ("| # | Title | Why |\n|:--|---|--|\n| 1 | **Heat** | Good |\n| 2 | Up (2009) | Fun |", ["Heat", "Up (2009)"]),
        ("Here:\n\n| 1 | Heat |\n|---|---|\n| 2 | Alien |\n| 3 | |\n", ["Alien"]),
        ("[1. Heat], [2. Seven (Se7en)], [3. Alien].", ["Heat", "Seven (Se7en)", "Alien"]),
        ("[1] Heat, [2] Brazil [UK], [3] Alien", ["Heat", "Brazil [UK]", "Alien"]),
        ("1、《霸王别姬》\n2、《活着》", ["霸王别姬", "活着"]),
        ("1、《霸王别姬》2、《活着》", ["霸王别姬", "活着"]),
        ("１．「千と千尋の神隠し」\n２．「となりのトトロ」", ["千と千尋の神隠し", "となりのトトロ"]),
        ("我推荐《霸王别姬》、《活着》和《英雄》。", ["霸王别姬", "活着", "英雄"]),
        ("```\nHeat\nBrazil\n```", ["Heat", "Brazil"]),
    ],
)
def test_title_lists_are_split_into_entries(text: str, expected: list[str]) -> None:
    assert texts(read_titles(text)) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1. Heat - Alien\n2. Up", [("Heat - Alien", ["Alien"]), ("Up", [])]),
        ("[1. Heat - Alien], [2. Up - Brazil], [3. Jaws].", [("Heat - Alien", ["Alien"]), ("Up - Brazil", ["Brazil"]), ("Jaws", [])]),
        ("[1. Heat - Alien], \n[2. Up (2009) - Brazil (1985)].", [("Heat - Alien", ["Alien"]), ("Up (2009) - Brazil (1985)", ["Brazil (1985)"])]),
        ("1. Heat – Alien\n2. Up -> Brazil", [("Heat – Alien", ["Alien"]), ("Up -> Brazil", ["Brazil"])]),
        ("1. Up - Star Wars: Episode IV - A New Hope\n2. Spider-Man", [("Up - Star Wars: Episode IV - A New Hope", ["Star Wars: Episode IV - A New Hope", "A New Hope"]), ("Spider-Man", [])]),
    ],
)  # fmt: skip
def test_pairs_keep_every_second_side_that_may_be_meant(text: str, expected: list) -> None:
    found = read_pairs(text)
    assert [(pair.entry.text, texts(pair.sides)) for pair in found] == expected
    assert all(text[side.start : side.end] == side.text for pair in found for side in pair.sides)


def test_comma_lists_are_split_behind_their_introduction() -> None:
    assert texts(read_separated("My ranking is: Heat, Brazil, Alien")) == ["Heat", "Brazil", "Alien"]
    assert read_separated("Heat, x\nBrazil, y") == ()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "Sure, how about something quiet like Brazil, To Kill a Mockingbird, or When Harry Met Sally? If you want more, try "
            "Mission: Impossible - Fallout.",
            ["Brazil", "To Kill a Mockingbird", "When Harry Met Sally", "Mission: Impossible - Fallout"],
        ),
        (
            "Great! Here are some films for you: Se7en, E.T. the Extra-Terrestrial, Mr. Bean and Up. Enjoy the evening!",
            ["Se7en", "E.T. the Extra-Terrestrial", "Mr. Bean and Up", "Enjoy"],
        ),
        (
            "I think The Chronicles of Narnia: The Lion, the Witch and the Wardrobe would suit them very well indeed.",
            ["The Chronicles of Narnia: The Lion, the Witch and the Wardrobe"],
        ),
        (
            "1. Heat is a crime film about a thief and a policeman.\n2. Brazil is a film about a clerk and his dreams.",
            [],
        ),
        ("Heat\nBrazil\nThe Silence of the Lambs", []),
        ("what kind of film are you in the mood for tonight, and with whom?", []),
    ],
)
def test_titles_in_sentences_are_found_by_their_capitals(text: str, expected: list[str]) -> None:
    assert texts(read_prose(text)) == expected


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("<think>[A] > [B]</think>[B] > [A]", "[B] > [A]"),
        ("[A] hm</think>[B]", "[B]"),
        ("[B]<think>[A]", "[B]"),
        ("<thinking>x</thinking> [B]", "[B]"),
        ("[B]", "[B]"),
    ],
)
def test_thinking_is_no_answer(text: str, rest: str) -> None:
    shown = without_thinking(text)
    assert shown.strip() == rest
    assert len(shown) == len(text)


AWKWARD = st.one_of(
    st.text(max_size=300),
    st.text(alphabet="[]{}\"'\\,:>AB12. \n-*()《》、", max_size=300),
)
READERS = [read_titles, read_separated, read_prose, read_json, lambda text: read_labels(text, LETTERS),
           lambda text: [pair.entry for pair in read_pairs(text)]]  # fmt: skip


@pytest.mark.parametrize("read", READERS)
@settings(deadline=None)
@given(text=AWKWARD)
def test_readers_never_raise_and_keep_spans_inside_the_text(read, text: str) -> None:
    for mention in read(text):
        assert 0 <= mention.start <= mention.end <= len(text)
        assert mention.text


@pytest.mark.parametrize("read", READERS)
@pytest.mark.parametrize(
    "unit",
    [
        "[",
        "{",
        '"',
        "'a ",
        '\\"',
        "[A] > ",
        "A, ",
        "1. Heat\n",
        "1. ",
        "《",
        "<think>",
        " ",
        "\n",
        ":",
        "(",
        "a",
        '[\\"',
        "*",
    ],
)
@pytest.mark.slow
def test_readers_take_linear_time(read, unit: str) -> None:
    # Four times the text takes four times as long; sixteen times would be quadratic.
    assert growth(lambda size: read(unit * (size // len(unit))), 25_000, 100_000) < 10
