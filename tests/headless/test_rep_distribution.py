"""Samples: their range, their statistics, and that they are a function of seed, node and frame alone."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest
from recorded import session

from framepress.errors import OptionError
from framepress.headless import rep
from framepress.headless.rep.graph import Firing

MANY = 20_000


def drawn(distribution: Any, count: int = MANY) -> np.ndarray:
    return np.array(drawn_list(distribution, count))


def drawn_list(distribution: Any, count: int) -> list[Any]:
    from framepress.headless import host as hosts

    host = hosts.current()
    return Firing(host.graph, host).samples(distribution, count)


@pytest.fixture(autouse=True)
def _session() -> None:
    session()


def test_uniform_fills_its_box_evenly_and_its_entries_know_nothing_of_each_other() -> None:
    samples = drawn(rep.distribution.uniform((-1.0, 10.0), (1.0, 20.0)))
    assert samples.shape == (MANY, 2)
    assert (samples >= [-1, 10]).all()
    assert (samples <= [1, 20]).all()
    for column, (low, high) in zip(samples.T, ((-1, 1), (10, 20)), strict=True):
        counts, _ = np.histogram(column, bins=10, range=(low, high))
        assert ((counts - MANY / 10) ** 2 / (MANY / 10)).sum() < 27.9  # chi square, 9 degrees of freedom, 0.1 %
    assert abs(np.corrcoef(samples.T)[0, 1]) < 0.03


def test_a_scalar_distribution_gives_floats() -> None:
    assert all(isinstance(each, float) for each in drawn_list(rep.distribution.uniform(2, 3), 5))
    assert all(isinstance(each, float) for each in drawn_list(rep.distribution.normal(2, 3), 5))


def test_normal_has_its_mean_and_deviation() -> None:
    samples = drawn(rep.distribution.normal((5.0, -2.0), (2.0, 0.5)))
    error = np.array([2.0, 0.5]) / np.sqrt(MANY)
    assert (np.abs(samples.mean(axis=0) - [5, -2]) < 4 * error).all()
    assert (np.abs(samples.std(axis=0) - [2, 0.5]) < 4 * error).all()
    within = (np.abs(samples[:, 0] - 5) < 2).mean()
    assert abs(within - 0.6827) < 0.015


def test_log_uniform_is_uniform_in_the_logarithm() -> None:
    samples = drawn(rep.distribution.log_uniform(0.01, 100.0))
    assert samples.min() >= 0.01
    assert samples.max() <= 100
    decades = Counter(np.floor(np.log10(samples)).astype(int).tolist())
    assert all(abs(decades[decade] - MANY / 4) < 300 for decade in (-2, -1, 0, 1))


def test_choice_follows_its_weights_and_never_picks_what_weighs_nothing() -> None:
    counts = Counter(drawn_list(rep.distribution.choice(["a", "b", "c"], weights=[1, 3, 0]), MANY))
    assert set(counts) == {"a", "b"}
    assert abs(counts["a"] / MANY - 0.25) < 0.015


def test_choice_without_replacement_gives_each_once() -> None:
    distribution = rep.distribution.choice(list(range(8)), with_replacements=False)
    assert sorted(drawn_list(distribution, 8)) == list(range(8))
    with pytest.raises(OptionError, match="9 samples without replacement of 8"):
        drawn_list(distribution, 9)


def test_choice_without_replacement_follows_weights_too() -> None:
    firsts = Counter(
        drawn_list(rep.distribution.choice(["a", "b"], weights=[1, 3], with_replacements=False, seed=seed), 2)[0]
        for seed in range(2000)
    )
    assert abs(firsts["a"] / 2000 - 0.25) < 0.04


def test_sequence_goes_on_by_as_many_as_were_needed() -> None:
    distribution = rep.distribution.sequence([1, 2, 3])
    assert [drawn_list(distribution, count) for count in (1, 2, 2)] == [[1], [2, 3], [1, 2]]


def test_a_shuffled_sequence_holds_each_item_once_a_round() -> None:
    distribution = rep.distribution.sequence(list(range(6)), ordered=False)
    rounds = [drawn_list(distribution, 6) for _ in range(20)]
    assert all(sorted(each) == list(range(6)) for each in rounds)
    assert len({tuple(each) for each in rounds}) > 10


def test_combine_sets_samples_side_by_side() -> None:
    position = rep.distribution.combine(
        [rep.distribution.uniform(0, 1), 5.0, rep.distribution.uniform((10, 20), (11, 21))]
    )
    samples = drawn(position, 100)
    assert samples.shape == (100, 4)
    assert (samples >= [0, 5, 10, 20]).all()
    assert (samples <= [1, 5, 11, 21]).all()


def test_whoever_asks_in_one_firing_gets_the_same_samples() -> None:
    from framepress.headless import host as hosts

    host = hosts.current()
    firing = Firing(host.graph, host)
    for distribution in (
        rep.distribution.uniform((0, 0), (1, 1)),
        rep.distribution.normal(0, 1),
        rep.distribution.choice([1, 2, 3], weights=[1, 1, 2]),
        rep.distribution.choice(list(range(9)), with_replacements=False),
        rep.distribution.sequence([1, 2]),
        rep.distribution.sequence([1, 2, 3], ordered=False),
        rep.distribution.combine([rep.distribution.uniform(0, 1), rep.distribution.uniform(0, 1)]),
    ):
        three = firing.samples(distribution, 3)
        assert firing.samples(distribution, 7)[:3] == three
        assert firing.samples(distribution, 2) == three[:2]


def test_each_firing_draws_anew_in_a_frame_and_from_frame_to_frame() -> None:
    from framepress.headless import host as hosts

    distribution = rep.distribution.uniform(0, 1)
    first = [drawn_list(distribution, 1) for _ in range(3)]
    hosts.current().frame = 1
    assert len({each[0] for each in [*first, drawn_list(distribution, 1)]}) == 4


def test_a_frame_draws_the_same_whether_or_not_others_were_drawn_before() -> None:
    def at_frame_5(frames_before: bool) -> list[Any]:
        host = session(seed=11)
        distribution = rep.distribution.uniform((0, 0, 0), (1, 1, 1))
        if frames_before:
            for host.frame in range(5):
                drawn_list(distribution, 3)
        host.frame = 5
        return drawn_list(distribution, 3)

    assert at_frame_5(True) == at_frame_5(False)


def test_a_named_node_keeps_its_numbers_wherever_it_stands_in_the_script() -> None:
    session()
    alone = drawn_list(rep.distribution.uniform(0, 1, name="height"), 3)
    session()
    rep.distribution.uniform(0, 1)
    assert drawn_list(rep.distribution.uniform(0, 1, name="height"), 3) == alone
    assert drawn_list(rep.distribution.uniform(0, 1, name="width"), 3) != alone


def test_a_seed_of_its_own_makes_a_node_independent_of_the_global_one() -> None:
    session(seed=1)
    own, other = (drawn_list(rep.distribution.uniform(0, 1, seed=seed), 2) for seed in (5, 6))
    session(seed=2)
    rep.distribution.uniform(0, 1)
    assert drawn_list(rep.distribution.uniform(0, 1, seed=5), 2) == own
    assert own != other


def test_the_global_seed_changes_everything_else() -> None:
    found = []
    for seed in (0, 1, 2**40):
        session()
        rep.set_global_seed(seed)
        found.append(tuple(drawn_list(rep.distribution.uniform(0, 1), 2)))
    assert len(set(found)) == 3


@pytest.mark.parametrize(
    ("kind", "arguments"),
    [
        ("uniform", ((0, 0), (1, 1, 1))),
        ("uniform", ("a", "b")),
        ("uniform", (0, float("inf"))),
        ("uniform", ((), ())),
        ("normal", (0, -1)),
        ("log_uniform", (0, 1)),
        ("choice", ([],)),
        ("choice", ("abc",)),
        ("choice", ([1, 2], [1])),
        ("choice", ([1, 2], [0, 0])),
        ("choice", ([1, 2], [-1, 2])),
        ("sequence", ([],)),
        ("combine", ([],)),
    ],
)
def test_what_is_no_distribution_is_refused(kind: str, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(OptionError, match=rf"rep\.distribution\.{kind}"):
        getattr(rep.distribution, kind)(*arguments)
