"""Shares of the data: a frame's split depends on its key and the seed alone."""

from __future__ import annotations

import hashlib

import pytest

from framepress.core import Camera, Frame, View
from framepress.dataset.split import Split
from framepress.errors import OptionError

THREE = Split.parse("train=.6,val=.3,test=.1", seed=4)


def test_shares_hold_over_many_keys() -> None:
    found = [THREE.of_key(f"f{number}") for number in range(5000)]
    for name, share in THREE.parts:
        assert found.count(name) / 5000 == pytest.approx(share, abs=0.02)  # three standard deviations


def test_a_key_falls_where_its_hash_says() -> None:
    for key in map(str, range(50)):
        drawn = int(hashlib.sha256(f"4\n{key}".encode()).hexdigest()[:16], 16) / 2**64
        assert THREE.of_key(key) == ("train" if drawn < 0.6 else "val" if drawn < 0.9 else "test")


def test_frames_of_a_sequence_stay_together_and_others_go_by_their_id() -> None:
    views = (View(Camera(2, 2)),)
    assert {THREE.of(Frame(f"a/{n}", n, views, sequence="a")) for n in range(40)} == {THREE.of_key("a")}
    assert len({THREE.of(Frame(f"a/{n}", n, views)) for n in range(40)}) == 3


@pytest.mark.parametrize(
    "text", ["", "train", "train=1,train=0", "a=.5,b=.6", "a=1.5,b=-.5", "a=nan", "a b=1", "a=.5,a=.5"]
)
def test_shares_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(OptionError, match="split"):
        Split.parse(text)
