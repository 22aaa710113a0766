"""An environment counts only when it was finished from today's pins; nothing here calls pip."""

from __future__ import annotations

from pathlib import Path

import pytest

from judges import environments


@pytest.fixture
def makes(monkeypatch, tmp_path) -> list[str]:
    """The names of the environments made so far; pins are in tmp_path/pins and making takes no time."""
    made: list[str] = []

    def make(name: str, folder: Path, log: Path) -> None:
        made.append(name)
        (folder / "bin").mkdir(parents=True)

    pins = tmp_path / "pins"
    pins.mkdir()
    (pins / "reader.txt").write_text("reader==1.0\n")
    monkeypatch.setattr(environments, "PINS", pins)
    monkeypatch.setattr(environments, "_make", make)
    return made


def test_an_environment_is_made_once(makes, tmp_path):
    first = environments.python_of("reader", tmp_path / "envs")
    assert environments.python_of("reader", tmp_path / "envs") == first
    assert makes == ["reader"]


def test_changed_pins_make_it_again_from_nothing(makes, tmp_path):
    python = environments.python_of("reader", tmp_path / "envs")
    (python.parent / "left-over").touch()
    (tmp_path / "pins" / "reader.txt").write_text("reader==1.1\n")
    environments.python_of("reader", tmp_path / "envs")
    assert makes == ["reader", "reader"]
    assert not (python.parent / "left-over").exists()


def test_one_whose_making_was_cut_short_is_made_again(makes, tmp_path, monkeypatch):
    finish = environments._make

    def cut_short(name: str, folder: Path, log: Path) -> None:
        finish(name, folder, log)
        raise KeyboardInterrupt

    monkeypatch.setattr(environments, "_make", cut_short)
    with pytest.raises(KeyboardInterrupt):
        environments.python_of("reader", tmp_path / "envs")
    monkeypatch.setattr(environments, "_make", finish)
    environments.python_of("reader", tmp_path / "envs")
    assert makes == ["reader", "reader"]


def test_a_failed_installation_ends_with_the_words_of_pip(tmp_path, monkeypatch):
    def refuse(command: list[str], log: Path) -> bool:
        with log.open("a") as out:
            out.write(f"{command[2]}: No matching distribution found\n")
        return "venv" in command

    monkeypatch.setattr(environments, "_ran", refuse)
    with pytest.raises(environments.JudgeEnvironmentError, match=r"(?s)judge 'datumaro'.*No matching distribution"):
        environments.python_of("datumaro", tmp_path)
    assert not (tmp_path / "datumaro" / "pins.sha256").exists()


def test_every_pin_names_one_version():
    for file in environments.PINS.glob("*.txt"):
        pins = [line for line in file.read_text().splitlines() if not line.startswith("#")]
        assert pins
        assert all(pin.count("==") == 1 for pin in pins), file.name
