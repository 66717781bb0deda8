"""Baselines order exactly the candidates, learn only what the protocol allows, and never look at a target."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace

import numpy as np
import pytest
from fakes.tribes import circle, two_tribes
from hypothesis import given
from hypothesis import strategies as st

from evals import EvalTask, SpecError, TaskSet
from evals.baselines import BASELINES, baseline_orders, candidate_order, popularity
from evals.datasets import Event, Interactions
from evals.protocols import make_tasks
from recommender import Candidates, Catalog, History, Item, Task

NEURAL = {"sasrec": {"epochs": 30, "width": 16, "batch": 8, "length": 8}, "bilstm": {"epochs": 30, "embedding": 16, "units": 16, "batch": 8}}  # fmt: skip
NEEDS = {"als": "implicit", "sasrec": "keras", "bilstm": "keras"}
LEARNERS = ["popularity", "item-knn", "ease", "als", "sasrec", "bilstm"]


def marked(names: list[str]) -> list[object]:
    """The names as parameters; compiling a network takes its time."""
    return [pytest.param(name, marks=pytest.mark.slow) if name in NEURAL else name for name in names]


def orders(name: str, taskset: TaskSet, *, seed: int = 1, **options: object) -> list[tuple[str, ...]]:
    need(name)
    return baseline_orders({"kind": name, **NEURAL.get(name, {}), **options}, taskset, seed=seed)


def need(name: str) -> None:
    """Skips where the library is absent.  It is not imported here: Keras would choose a backend."""
    if name in NEEDS and importlib.util.find_spec(NEEDS[name]) is None:
        pytest.skip(f"{name} needs {NEEDS[name]}")


def task(candidates: str, targets: str) -> EvalTask:
    items = tuple(Item(c, f"Film {c}") for c in candidates)
    return EvalTask(user_id="u", task=Task(history=History(), candidates=Candidates(items)), targets=frozenset(targets))


def share_first(found: list[tuple[str, ...]], taskset: TaskSet) -> float:
    return float(np.mean([order[0] in one.targets for order, one in zip(found, taskset.tasks, strict=True)]))


def test_candidate_order_is_the_order_given() -> None:
    assert candidate_order(task("cab", "a")) == ("c", "a", "b")


def test_popularity_puts_the_most_frequent_first() -> None:
    assert popularity(task("abc", "a"), {"a": 1, "b": 7, "c": 3}) == ("b", "c", "a")


def test_equally_popular_items_keep_the_order_given() -> None:
    assert popularity(task("dcab", "a"), {"a": 2, "b": 5, "c": 2, "d": 2}) == ("b", "d", "c", "a")


def test_an_item_never_seen_counts_as_zero() -> None:
    assert popularity(task("xay", "a"), {"a": 1, "elsewhere": 99}) == ("a", "x", "y")


@given(
    candidates=st.permutations("abcdef"),
    counts=st.dictionaries(st.sampled_from("abcdefgh"), st.integers(0, 3)),
    targets=st.sets(st.sampled_from("abcdefgh"), min_size=1),
)
def test_every_candidate_stands_once_whatever_the_targets(
    candidates: list[str], counts: dict[str, int], targets: set[str]
) -> None:
    one = task("".join(candidates), "a")
    other = replace(one, targets=frozenset(targets))
    assert candidate_order(one) == candidate_order(other)
    assert popularity(one, counts) == popularity(other, counts)
    assert sorted(popularity(one, counts)) == sorted(candidates)


@pytest.mark.parametrize("name", marked(BASELINES.names()))
def test_a_baseline_orders_exactly_the_candidates(name: str) -> None:
    taskset = make_tasks(two_tribes(), candidates=8)
    found = orders(name, taskset)
    assert [sorted(order) for order in found] == [sorted(candidate_order(one)) for one in taskset.tasks]


@pytest.mark.parametrize("name", marked(BASELINES.names()))
def test_a_seed_gives_the_same_orders_again(name: str) -> None:
    taskset = make_tasks(two_tribes(), candidates=8)
    assert orders(name, taskset) == orders(name, taskset)


@pytest.mark.parametrize("name", marked(BASELINES.names()))
def test_other_targets_change_no_order(name: str) -> None:
    taskset = make_tasks(two_tribes(), candidates=8)
    others = tuple(replace(one, targets=frozenset({"i29"})) for one in taskset.tasks)
    assert orders(name, taskset) == orders(name, replace(taskset, tasks=others))


def held_out_changed(source: Interactions) -> Interactions:
    """The same data, but everybody's last item is another one."""
    last = {event.user_id: at for at, event in enumerate(source.events)}
    events = list(source.events)
    for at in last.values():
        events[at] = replace(events[at], item_id="i29")
    return replace(source, events=tuple(events))


@pytest.mark.parametrize("name", marked(BASELINES.names()))
def test_what_is_held_out_teaches_nothing(name: str) -> None:
    # Two worlds that differ in every held-out item and in nothing else: what is learned must be the same.
    source = two_tribes()
    one, other = make_tasks(source, candidates=8), make_tasks(held_out_changed(source), candidates=8)
    assert one.training == other.training
    assert orders(name, one) == orders(name, replace(other, tasks=one.tasks))


@pytest.mark.parametrize("name", marked(LEARNERS[1:]))
def test_what_others_of_ones_kind_touched_comes_before_the_rest(name: str) -> None:
    taskset = make_tasks(two_tribes(), candidates=8)
    options = {"factors": 4} if name == "als" else {}
    tribes = [
        (int(order[0][1:]) // 10, int(one.task.history.items[0].item_id[1:]) // 10)
        for order, one in zip(orders(name, taskset, **options), taskset.tasks, strict=True)
    ]
    assert np.mean([first == own for first, own in tribes]) > 0.95


@pytest.mark.parametrize("name", marked(["sasrec", "bilstm"]))
def test_a_sequence_model_learns_what_comes_next(name: str) -> None:
    taskset = make_tasks(circle(), candidates="full")
    assert share_first(orders(name, taskset), taskset) > 0.9


def test_bm25_goes_by_the_words_of_titles() -> None:
    taskset = make_tasks(two_tribes(), candidates=8)
    titles = {item.item_id: item.title for item in taskset.catalog}
    for order, one in zip(orders("bm25", taskset), taskset.tasks, strict=True):
        colour = one.task.history.items[0].title.split()[0]
        shares = [titles[item_id].startswith(colour) for item_id in order]
        assert shares == sorted(shares, reverse=True)


def test_bm25_without_a_known_word_keeps_the_order_given() -> None:
    items = [Item("a", "Alpha"), Item("b", "Beta"), Item("c", "??!")]
    one = EvalTask(
        user_id="u",
        task=Task(history=History(), candidates=Candidates((items[2], items[0], items[1]))),
        targets=frozenset("a"),
    )
    taskset = TaskSet(tasks=(one,), catalog=Catalog(items), protocol="", popularity={}, popularity_source="")
    assert orders("bm25", taskset) == [("c", "a", "b")]


def test_bm25_over_titles_without_a_word_keeps_the_order_given() -> None:
    source = replace(two_tribes(), items=Catalog(Item(f"i{n}", "A") for n in range(30)))
    taskset = make_tasks(source, candidates=8)
    assert orders("bm25", taskset) == [candidate_order(one) for one in taskset.tasks]


def test_item_knn_is_the_shrunk_cosine_by_hand() -> None:
    from evals.baselines.base import Training
    from evals.baselines.item_knn import ItemKnn, KnnOptions
    from recommender import Interaction

    pairs = [("u", "a"), ("u", "b"), ("v", "a"), ("v", "b"), ("v", "c"), ("w", "a")]
    items = Catalog(Item(c, f"Film {c}") for c in "abcd")
    training = Training(catalog=items, events=tuple(Event(u, i, 0.0) for u, i in pairs), seed=1)
    knn = ItemKnn(training, KnnOptions(shrinkage=1.0))
    [scores] = knn.scores([History((Interaction(item=Item("a", "Film a")),))])
    assert scores.tolist() == pytest.approx([0.0, 2 / (6**0.5 + 1), 1 / (3**0.5 + 1), 0.0])


def test_ease_says_where_its_regularisation_is_too_little() -> None:
    from evals.baselines.base import Training
    from evals.baselines.ease import Ease, EaseOptions

    source = two_tribes()
    alike = [replace(event, item_id=item_id) for event in source.events[:5] for item_id in ("i1", "i2")]
    with pytest.raises(SpecError, match="`l2` is too small"):
        Ease(Training(catalog=source.items, events=alike, seed=1), EaseOptions(l2=1e-300))


def test_ease_has_the_closed_form_of_the_paper() -> None:
    from evals.baselines.base import Training
    from evals.baselines.ease import Ease, EaseOptions
    from recommender import Interaction

    source = two_tribes()
    training = Training(catalog=source.items, events=source.events, seed=1)
    touched = np.zeros((40, 30))
    for event in source.events:
        touched[int(event.user_id[1:]), int(event.item_id[1:])] = 1
    [scores] = Ease(training, EaseOptions(l2=5.0)).scores([History((Interaction(item=Item("i3", "x")),))])
    # The zero diagonal is a constraint, so each column is a ridge regression on all other items.
    for item in (0, 7, 15):
        others = [n for n in range(30) if n != item]
        x, y = touched[:, others], touched[:, item]
        weights = np.linalg.solve(x.T @ x + 5.0 * np.eye(29), x.T @ y)
        assert scores[item] == pytest.approx(weights[others.index(3)], abs=1e-9)


@pytest.mark.parametrize("name", marked(LEARNERS))
def test_an_empty_history_and_an_item_that_nobody_touched_are_served(name: str) -> None:
    source = two_tribes()
    taskset = make_tasks(source, candidates=8)
    nobody = replace(taskset.tasks[0], task=replace(taskset.tasks[0].task, history=History()))
    [order] = orders(name, replace(taskset, tasks=(nobody,)))
    assert len(order) == 8


@pytest.mark.parametrize("name", ["popularity", "bm25", "item-knn", "ease", "als"])
def test_where_nothing_can_be_learned_from_every_candidate_is_ordered_still(
    name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    taskset = replace(make_tasks(two_tribes(), candidates=8), training=())
    found = orders(name, taskset)
    assert [sorted(order) for order in found] == [sorted(candidate_order(one)) for one in taskset.tasks]
    assert tuple(capfd.readouterr()) == ("", "")  # LAPACK complains by itself


@pytest.mark.parametrize(
    ("baseline", "said"),
    [
        ("itemknn", "Did you mean 'item-knn'?"),
        ({"kind": "ease", "lambda": 3}, "unknown option 'lambda'"),
        ({"kind": "ease", "l2": -1}, "baseline ease: l2: "),
    ],
)
def test_wrong_names_and_options_are_refused(baseline: object, said: str) -> None:
    with pytest.raises(SpecError) as caught:
        baseline_orders(baseline, make_tasks(two_tribes()), seed=1)
    assert said in str(caught.value)


@pytest.fixture
def hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes the optional libraries look as if they were not installed."""
    for name in ("implicit", "implicit.cpu.als", "keras"):
        monkeypatch.setitem(sys.modules, name, None)


@pytest.mark.usefixtures("hidden")
@pytest.mark.parametrize(("name", "extra"), [("als", "baselines"), ("sasrec", "neural"), ("bilstm", "neural")])
def test_a_missing_library_is_said_with_the_extra_that_has_it(name: str, extra: str) -> None:
    with pytest.raises(SpecError, match=rf"pip install 'promptrec\[{extra}\]'"):
        baseline_orders(name, make_tasks(two_tribes()), seed=1)


@pytest.mark.parametrize("stage", ["popularity", "bm25", "item-knn", "ease", "als"])
def test_a_first_stage_picks_its_best_without_the_history_and_without_the_target(stage: str) -> None:
    need(stage)
    candidates = {"kind": "first-stages", "stages": [stage], "count": 5}
    source = two_tribes()
    one, other = make_tasks(source, candidates=candidates), make_tasks(held_out_changed(source), candidates=candidates)
    full = make_tasks(source, candidates="full")
    best = baseline_orders(
        stage, replace(full, tasks=tuple(replace_order(t, source.items) for t in full.tasks)), seed=2026
    )
    for mine, same, order in zip(one.tasks, other.tasks, best, strict=True):
        ids = [i.item_id for i in mine.task.candidates]
        assert ids == list(order[:5])
        assert [i.item_id for i in same.task.candidates] == ids
        assert not set(ids) & mine.task.history.item_ids
    assert "no target guaranteed" in one.protocol
    assert not one.sampled


def replace_order(one: EvalTask, catalog: Catalog) -> EvalTask:
    """The same task with its candidates in the catalogue's order."""
    own = {i.item_id for i in one.task.candidates}
    items = tuple(item for item in catalog if item.item_id in own)
    return replace(one, task=replace(one.task, candidates=Candidates(items)))


def test_several_first_stages_take_turns_and_repeat_nothing() -> None:
    source = two_tribes()
    single = [
        make_tasks(source, candidates={"kind": "first-stages", "stages": [stage], "count": 6})
        for stage in ("popularity", "bm25")
    ]
    both = make_tasks(source, candidates={"kind": "first-stages", "stages": ["popularity", "bm25"], "count": 6})
    for one, popular, lexical in zip(both.tasks, *(t.tasks for t in single), strict=True):
        ids, first, second = ([i.item_id for i in t.task.candidates] for t in (one, popular, lexical))
        turns = [item_id for pair in zip(first, second, strict=True) for item_id in pair]
        assert ids == list(dict.fromkeys(turns))[:6]
    assert "the first stages popularity, bm25 in turn" in both.protocol


def test_what_scores_no_catalogue_cannot_be_a_first_stage() -> None:
    with pytest.raises(SpecError, match="'random' scores no catalogue"):
        make_tasks(two_tribes(), candidates={"kind": "first-stages", "stages": ["random"]})
