"""Pseudonyms: the same in one run folder, others in the next, and no way back without the salt."""

from pathlib import Path

from evals.pseudonyms import SALT, Pseudonyms


def test_a_folder_keeps_its_pseudonyms_and_another_has_others(tmp_path: Path) -> None:
    here, there = tmp_path / "a", tmp_path / "b"
    here.mkdir()
    there.mkdir()
    first = [Pseudonyms.of_folder(here).of(user) for user in ("ann", "bob")]
    assert [Pseudonyms.of_folder(here).of(user) for user in ("ann", "bob")] == first
    assert len({*first, *(Pseudonyms.of_folder(there).of(user) for user in ("ann", "bob"))}) == 4
    assert (here / SALT).stat().st_mode & 0o077 == 0


def test_a_folder_that_is_not_there_still_gives_names(tmp_path: Path) -> None:
    names = Pseudonyms.of_folder(tmp_path / "gone")
    assert names.of("ann") == names.of("ann") != names.of("bob")


def test_half_a_surrogate_pair_is_an_id_like_any_other() -> None:
    assert Pseudonyms(b"salt").of("\ud83d").startswith("user-")


def test_a_salt_that_was_never_written_whole_is_drawn_anew(tmp_path: Path) -> None:
    (tmp_path / SALT).write_text("")
    drawn = Pseudonyms.of_folder(tmp_path)
    assert drawn.of("ann") != Pseudonyms(b"").of("ann")
    assert drawn.of("ann") == Pseudonyms.of_folder(tmp_path).of("ann")
