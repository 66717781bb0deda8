"""A title in other words, in part or by its number is the item it means; one that is merely like it is none."""

from __future__ import annotations

import pytest

from recommender import Item
from recommender.grounding import Grounder


def test_a_title_inside_another_is_not_taken_for_it_in_another_year() -> None:
    films = Grounder(
        [
            Item("house", "The House (2017)"),
            Item("fire", "Girl Who Played with Fire, The (Flickan som lekte med elden) (2009)"),
        ]
    )
    assert films.match("The House with a Clock in Its Walls (2018)").item_id is None
    assert films.match("The Girl Who Played with Fire (1989)").item_id is None
    assert films.match("The House by Andrew Jay Cohen (2017)").item_id == "house"
    assert films.match("The Girl Who Played with Fire (2009)").item_id == "fire"


def test_a_subtitle_is_found_whose_article_stands_last() -> None:
    films = Grounder(
        [Item("king", "Lord of the Rings: The Return of the King, The (2003)"), Item("h", "The Hobbit (2012)")]
    )
    assert films.match("The Return of the King (2003)").item_id == "king"
    assert films.match("The Hobbit: The Lord of the Rings (2012-2014)").reason != "normalised"


@pytest.mark.parametrize(
    ("text", "like"),
    [
        ("Toy Story: The Great Adventure (1995)", "Toy Story (1995)"),
        ("On the Road", "The Road"),
        ("The Godfather", "The Good Father"),
        ("The Hating Game", "Dating Game"),
        ("The Rook", "America (The Book)"),
        ("Watchmen", "Watchman"),
        ("Scoob!", "Scoop (2006)"),
        ("The Lodge", "Ledge, The (2011)"),
        ("Girl with a Pearl Earring", "Girl"),
        ("Escape from Alcatraz", "Escape"),
        ("Stand by Me", "Stand"),
        ("Interview with the Vampire", "Interview (2007)"),
        ("The Art of Happiness", "The Art of Happiness at Work"),
        ("Last Christmas", "Doctor Who: Last Christmas (2014)"),
        ("The Call of the Wild", "Stuart Little 3: Call of the Wild (2005)"),
        ("The Phantom Menace", "Star Wars: The Phantom Menace"),
        ("The Two Towers", "Lord of the Rings: The Two Towers, The (2002)"),
        ("Skylanders 2: Starter Pack", "Skylanders: Starter Pack"),
        ("Rambo 3: First Blood Rising", "Rambo 2: First Blood Rising (1985)"),
        ("Alien: The Director's Cut (1972)", "Alien (1979)"),
        ("Alien (The Director's Cut) (1972)", "Alien (1979)"),
        ("Alien (Colour) (2003)", "Alien (1979)"),
        ("Alien: Legacy (2003)", "Alien (1979)"),
        ("Alien: The Director's Cut", "Alien"),
        ("Roger Rabbit (1990)", "Who Framed Roger Rabbit? (1988)"),
        ("Roger Rabbit", "Who Framed Roger Rabbit? (1988)"),
        ("Ger Rabbit (1988)", "Who Framed Roger Rabbit? (1988)"),
        ("Rabbit (1988)", "Who Framed Roger Rabbit? (1988)"),
        ("Red Harbor (1988)", "Red Harbor 2 Red Harbor (1988)"),
        ("Oldboy (Park Chan-wook, 2003)", "Oldboy (2013)"),
        ("It (2017 film)", "It (1990)"),
        ("Penitentiary (1989)", "Sematary (1989)"),
        ("Pet Cemetery", "Pet Sematary (1989)"),
        ("Kramer v Kramer", "Kramer and Kramer"),
        ("A Wrinkle in Time", "The Time Quartet (A Wrinkle in Time, A Wind in the Door)"),
        ("Saw 3: Unrated (2006)", "Saw 2: Unrated (2006)"),
        ("Toy Story 4 (1995)", "Toy Story (1995)"),
        ("The Walking Dead (TV series)", "Walking Dead, The (1995)"),
        ("Girls", "Girl"),
        ("Jessie J", "Jessie James"),
        ("The Picture of Dorian Gray", "The Picture of Dorian Gray: A Graphic Novel"),
        ("Heat II (1995)", "Heat (1995)"),
        ("Return of the", "Return of the Living Dead"),
        ("Red Dark Moon", "Saga: Red Dark Moon"),
        ("The Martial", "The Martian (2015)"),
        ("The Highwaymen", "The Highwayman"),
        ("The Fog Man (1980)", "The Dig Man (1980)"),
        ("The Castle Garden (1997)", "The Winner Garden (1997)"),
        ("Dead Poodle (2016)", "Deadpool (2016)"),
        ("Compannions", "Buddies (Companions)"),
        ("The Seventh Day (2000)", "6th Day, The (2000)"),
        ("Life of Pi (1979)", "Monty Python's Life of Brian (1979)"),
        (
            "The Lost Boys: Three Friends on a Most Unlikely Road",
            "The Lost Girls: Three Friends on a Most Unlikely Road",
        ),
    ],
)
def test_a_like_title_of_another_work_is_no_match(text: str, like: str) -> None:
    assert Grounder([Item("1", like)]).match(text).item_id is None


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("The Terminator 4: Salvation (2009)", "Terminator Salvation (2009)"),
        ("The Odyssey by Homer", "The Odyssey"),
        ("Emma by Jane Austen", "Emma"),
        ("Heat (1995) with Al Pacino", "Heat (1995)"),
        ("Heat starring Al Pacino, Robert De Niro, and Val Kilmer.", "Heat (1995)"),
        ("The Butterfly Effect: The Director's Cut (2004)", "The Butterfly Effect (2004)"),
        ("The Godfather: Part I (1972)", "Godfather, The (1972)"),
        ("The Warmth of Other Suns", "The Warmth of Other Suns: The Epic Story of America's Great Migration"),
        ("Star Wars: The Force Awakens", "Star Wars: Episode VII - The Force Awakens (2015)"),
        ("Dodgeball", "Dodgeball: A True Underdog Story (2004)"),
        ("Metalica", "Metallica"),
        ("8 1/2 (1963)", "8½ (1963)"),
        ("Alien 3 (1992)", "Alien³ (1992)"),
        ("Rocky 2 (1979)", "Rocky² (1979)"),
        ("Amélie\ud800 (2001)", "Amélie (2001)"),
        ("Chapter V: The Return", "Chapter 5: The Return"),
        ("The Bug's Life (1998)", "Bug's Life, A (1998)"),
        ('"Heat" is a crime drama', "Heat"),
        ("**Heat** - a crime drama", "Heat"),
        ("Heat, a Mann film", "Heat"),
        ("Heat, great crime film", "Heat"),
        ("Heat, Mann made this tense crime film", "Heat"),
        (
            "The Cook, the Thief, His Wife and Her Lover - starring Ann Bee, Cid Dee, Eff Gee, Hugh Jay, Kay Ell",
            "The Cook, the Thief, His Wife & Her Lover",
        ),
        (
            "Wind, Sand, Stars, Night, Flight, South starring Ann Bee, Cid Dee, Eff Gee, Hugh Jay",
            "Wind, Sand, Stars, Night, Flight, South",
        ),
        ("Red Dark Moons", "Saga: Red Dark Moons"),
        ("Monty Python and the Holy Gr", "Monty Python and the Holy Grail (1975)"),
        ("The Shawshenk Redemtion (1994)", "Shawshank Redemption, The (1994)"),
        ("Dead Poole (2016)", "Deadpool (2016)"),
        ("The Elefant Man (1980)", "Elephant Man, The (1980)"),
        ("1941 Rising 1941", "1941 Rising (1941)"),
        ("Room (237)", "Room 237"),
        ("(500) (Days)", "500 Days"),
        ("Room (Two Three", "Room Two Three"),
        ("Golden Harbuor² (1979)", "Golden Harbour 2 (1979)"),
        ("Smørrebrød", "Smorrebrod: A Cookbook"),
        ("Shawshank Redemtion (1994), directed by Frank Darabont (1959)", "Shawshank Redemption, The (1994)"),
        ("Holy Grail Montypython", "Monty Python Holy Grail"),
        ("Holy Grail Monty Python", "Montypython Holy Grail"),
        ("Zo Diak (2007)", "Zodiac (2007)"),
        ("Twenty-One Pilots", "21 Pilots"),
        ("30 Seconds to Mars", "Thirty Seconds to Mars"),
        ("Pink", "P!nk"),
        ("Kesha", "Ke$ha"),
        ("Florence + the Machine", "Florence and The Machine"),
        ("Guns and Roses", "Guns N' Roses"),
        ("The Sixth Day (2000)", "6th Day, The (2000)"),
        ("Life of Brian (1979)", "Monty Python's Life of Brian (1979)"),
        ("Oldboy (Park Chan-wook, 2003)", "Oldboy (2003)"),
        ("It (2017 film)", "It (2017)"),
        ("It (2017, Andy Muschietti)", "It (2017)"),
        ("16 Candles", "Sixteen Candles (1984)"),
        ("Kramer v. Kramer", "Kramer vs. Kramer (1979)"),
        ("Golden Armor", "Golden Armour"),
        ("The Time Traveller's Wife", "Time Traveler's Wife, The"),
        ("Boot (1981)", "Boot, Das (Boat, The) (1981)"),
        ("Dolce Vita", "Dolce Vita, La (1960)"),
        ("Pet Cemetery (1989)", "Pet Sematary (1989)"),
        ("Roger Rabbit (1988)", "Who Framed Roger Rabbit? (1988)"),
        ("Aliens: Special Edition (1991)", "Aliens (1986)"),
        ("Aliens (Special Edition) (1991)", "Aliens (1986)"),
        ("Aliens: Special Edition", "Aliens (1986)"),
        (
            "Indiana Jones and the Crystal Skull: The Adventure Goes On (2008)",
            "Indiana Jones and the Crystal Skull (2008)",
        ),
        ("The Phantom Menace", "Star Wars: Episode I - The Phantom Menace (1999)"),
        ("Captain America 2: The Winter Soldier", "Captain America: The Winter Soldier (2014)"),
        ("Star Trek: The Wrath of Khan", "Star Trek II: The Wrath of Khan (1982)"),
        ("Ghost Recon Wildlands", "Tom Clancy's Ghost Recon Wildlands"),
        ("The Lorax (2012)", "Dr. Seuss' The Lorax (2012)"),
        (
            "The Lost Girls: Three Friends on a Most Unlikely Road",
            "Lost Girls and a Year: Three Friends on a Most Unlikely Road",
        ),
        (
            "Star Wars: Caravan of Courage - An Ewok Tale",
            "Ewok Adventure, The (a.k.a. Caravan of Courage: An Ewok Tale)",
        ),
    ],
)
def test_one_work_in_other_words_is_a_match(text: str, title: str) -> None:
    match = Grounder([Item("1", title), Item("2", "Unrelated Title")]).match(text)
    assert match.item_id == "1", match


def test_a_numbered_sequel_is_the_one_title_of_its_series_in_that_year() -> None:
    titles = (
        "Die Hard (1988)", "Live Free or Die Hard (2007)", "Rocky (1976)", "Rocky Balboa (2006)", "Lion King (1994)",
        "Lion King 1½ (2004)", "Catch (1990)", "Catch the Wind (2008)", "Catch the Rain (2008)",
        "Shrek (2001)", "Shrek the Third (2007)", "Shrek the Halls (2007)",
    )  # fmt: skip
    films = Grounder(Item(title, title) for title in titles)
    for mention, title in [
        ("Die Hard 4.0 (2007)", "Live Free or Die Hard (2007)"),
        ("Rocky 6 (2006)", "Rocky Balboa (2006)"),
        ("Rocky VI: The Last Round (2006)", "Rocky Balboa (2006)"),
        ("Shrek 3 (2007)", "Shrek the Third (2007)"),
        ("Shrek 4 (2007)", None),
        ("Rocky 6 (2005)", None),
        ("Rocky 6", None),
        ("Rocky 1 (2006)", None),
        ("Die Hard 2 (1988)", None),
        ("Lion King 3 (2004)", None),  # another number
        ("Catch 22 (2008)", None),
        ("Balboa 6 (2006)", None),
    ]:
        assert films.match(mention).item_id == title, mention
    assert films.match("Rocky 6 (2006)").reason == "cut-short"


def test_of_many_titles_that_begin_alike_none_is_the_only_one() -> None:
    titles = [f"Golden Lantern Z{a}{b}" for a in "aeiou" for b in "bcdfghjklmnpqrstvwxyz"]
    few = Grounder(Item(title, title) for title in titles[:9])
    assert few.match("Golden Lantern…").reason == "ambiguous"
    many = Grounder(Item(title, f"{title} ({1900 + n})") for n, title in enumerate(titles))
    assert many.match("Golden Lantern (1920)").item_id is None
    assert Grounder([Item("1", "Golden Lantern Zab (1920)")]).match("Golden Lantern (1920)").item_id == "1"


def test_a_candidates_subtitle_is_enough_where_the_series_is_mistaken() -> None:
    films = [Item("1", "Star Trek: First Contact (1996)"), Item("2", "Star Wars (1977)"), Item("3", "Contact (1997)")]
    assert Grounder(films).match("Star Wars: First Contact", films).item_id == "1"
    assert Grounder(films).match("Star Wars: Second Contact", films).item_id is None


def test_a_part_that_may_be_several_items_does_not_hide_another_part() -> None:
    films = [Item("1", "Sabrina (1954)"), Item("2", "Sabrina (1995)"), Item("3", "Heat (1995)")]
    assert Grounder(films).match("Sabrina - Heat", films).item_id == "3"


def test_a_part_in_another_year_does_not_hide_another_part() -> None:
    films = [Item("1", "Heat with Al Pacino (2003)"), Item("2", "Heat (1995)")]
    assert Grounder(films).match("Heat with Al Pacino, by Michael Mann (1995)").item_id == "2"


@pytest.mark.parametrize("end", ["…", "...", ":", " -", " –", ",", ", ", " Val"])
def test_a_title_that_ends_where_no_title_ends_was_cut(end: str) -> None:
    grounder = Grounder([Item("1", "Harvest Moon Valley"), Item("2", "Alien")])
    assert grounder.match("Harvest Moon").item_id is None
    assert grounder.match(f"Harvest Moon{end}").item_id == "1"


@pytest.mark.parametrize(
    ("written", "found"),
    [("Jaws 2 (1978)", "2"), ("Jaws 1 (1978)", None), ("Saw 2 (2005)", None), ("Rocky 6 (1976)", None)],
)
def test_a_sequel_is_known_by_a_number_from_two_of_a_series_that_is_older(written: str, found: str | None) -> None:
    titles = [
        "Jaws (1975)",
        "Jaws Returns (1978)",
        "Saw (2004)",
        "Saw Again (2005)",
        "Rocky (1976)",
        "Rocky Bout (1976)",
    ]
    grounder = Grounder([Item(str(n), title) for n, title in enumerate(titles, 1)])
    assert grounder.match(written).item_id == found
