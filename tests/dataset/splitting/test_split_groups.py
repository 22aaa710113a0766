"""Which frames stay together; beside a union-find that joins one pair after the other."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from index_in_memory import index_of

from framepress.dataset.splitting.components import components
from framepress.dataset.splitting.groups import groups_of
from framepress.errors import OptionError


class Forest:
    """Union-find as textbooks have it."""

    def __init__(self) -> None:
        self.parent: dict[object, object] = {}

    def root(self, node: object) -> object:
        self.parent.setdefault(node, node)
        while self.parent[node] != node:
            node = self.parent[node]
        return node

    def join(self, one: object, other: object) -> None:
        self.parent[self.root(one)] = self.root(other)


def partition(labels: Sequence[object]) -> list[int]:
    """Labels by their first place, so that two partitions can be compared."""
    first: dict[object, int] = {}
    return [first.setdefault(label, place) for place, label in enumerate(labels)]


@settings(deadline=None, max_examples=50)
@given(st.integers(1, 40), st.lists(st.tuples(st.integers(0, 39), st.integers(0, 39)), max_size=60))
def test_components_are_those_of_a_union_find(nodes: int, edges: list[tuple[int, int]]) -> None:
    edges = [(one % nodes, other % nodes) for one, other in edges]
    forest = Forest()
    for one, other in edges:
        forest.join(one, other)
    left, right = np.array(edges, np.int64).reshape(-1, 2).T
    found = components(nodes, left, right)
    assert partition(found.tolist()) == partition([forest.root(node) for node in range(nodes)])
    assert all(found[label] == label <= place for place, label in enumerate(found.tolist()))


def test_a_long_chain_in_the_worst_order_is_one_component() -> None:
    order = np.random.default_rng(0).permutation(50_000)
    assert not components(50_000, order[1:], order[:-1]).any()
    assert not components(50_000, np.arange(1, 50_000), np.arange(49_999)).any()


NAMES = st.sampled_from(["", "a", "b", "c", "d"])


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.tuples(NAMES, NAMES, NAMES, st.lists(st.sampled_from("pqrst"), max_size=3)), min_size=1, max_size=25)
)
def test_frames_are_together_exactly_where_some_key_links_them(rows: list[tuple[str, str, str, list[str]]]) -> None:
    ids = [f"f{number}" for number in range(len(rows))]
    index = index_of(
        ids,
        sequence=[row[0] for row in rows],
        scene=[row[1] for row in rows],
        meta={"site": [row[2] or None for row in rows]},
        labels=[["thing"] * len(row[3]) for row in rows],
        assets=[row[3] for row in rows],
    )
    said = {
        "sequence": [[row[0]] if row[0] else [] for row in rows],
        "scene": [[row[1]] if row[1] else [] for row in rows],
        "meta.site": [[row[2]] if row[2] else [] for row in rows],
        "asset": [row[3] for row in rows],
    }
    for by in (["sequence"], ["sequence", "scene"], ["scene", "meta.site", "asset"], ["asset"]):
        if any(key != "sequence" and not any(said[key]) for key in by):
            continue
        forest = Forest()
        for number in range(len(rows)):
            for key in by:
                for value in said[key][number]:
                    forest.join(number, (key, value))
        groups = groups_of(index, by)
        assert partition(groups.of.tolist()) == partition([forest.root(number) for number in range(len(rows))])
        assert groups.sizes().sum() == len(rows)
        assert groups.alone == sum(not any(said[key][number] for key in by) for number in range(len(rows)))


def test_groups_count_from_the_first_frame_on_and_are_called_by_what_they_share() -> None:
    index = index_of(["x", "y", "z", "w"], sequence=["run", "", "run", "lap"], scene=["hall", "", "", "hall"])
    by_sequence = groups_of(index)
    assert by_sequence.of.tolist() == [0, 1, 0, 2]
    assert list(by_sequence.names) == ["run", "y", "lap"]
    assert by_sequence.alone == 1
    by_both = groups_of(index, ["sequence", "scene"])
    assert by_both.of.tolist() == [0, 1, 0, 0]
    assert list(by_both.names) == ["scene=hall", "y"]
    assert list(groups_of(index, ["scene", "sequence"]).names) == ["scene=hall", "y"]
    assert list(groups_of(index, ["frame"]).names) == ["x", "y", "z", "w"]


def test_a_seed_is_one_of_its_scene() -> None:
    index = index_of(["a", "b", "c"], scene=["hall", "yard", "hall"], seed=["7", "7", "7"])
    assert groups_of(index, ["seed"]).of.tolist() == [0, 1, 0]
    assert list(groups_of(index, ["seed"]).names) == ["hall/7", "yard/7"]


def test_assets_are_those_of_the_frame_and_of_its_objects() -> None:
    index = index_of(
        ["a", "b", "c", "d"],
        meta={"assets": ['["crate","drum"]', None, None, None], "asset": [None, None, "lift", None]},
        labels=[[], ["box", "box"], ["box"], ["box"]],
        assets=[[], ["drum", "sack"], ["cone"], ["lift"]],
    )
    assert groups_of(index, ["asset"]).of.tolist() == [0, 0, 1, 1]


def test_a_key_that_says_nothing_is_refused_but_frames_need_no_sequence() -> None:
    index = index_of(["a", "b"], meta={"weather": ["rain", "sun"]})
    assert groups_of(index).alone == 2
    for key, told in (("scene", "no frame says anything of scene"), ("meta.wether", "meta has weather"),
                      ("colour", "sequence, scene, seed, asset, track, frame and meta.KEY")):  # fmt: skip
        with pytest.raises(OptionError, match=told):
            groups_of(index, [key])
