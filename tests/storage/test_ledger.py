from __future__ import annotations

import json
import threading

import pytest

from framepress.errors import OutputError
from framepress.storage.ledger import LEDGER, Ledger


def lines(output):
    return [json.loads(line) for line in output.read(LEDGER).splitlines()]


def test_events_are_on_disk_at_once_and_counters_at_the_end(output):
    ledger = Ledger(output)
    ledger.count("written")
    ledger.count("asked", 3)
    ledger.count("written")
    ledger.event("failed", frame="a/7", reason="rgb: ä")
    assert lines(output) == [{"kind": "failed", "frame": "a/7", "reason": "rgb: ä"}]
    ledger.close()
    ledger.close()
    assert ledger.totals() == {"asked": 3, "written": 2}
    assert lines(output)[1:] == [{"kind": "summary", "totals": {"asked": 3, "written": 2}}]


def test_the_next_session_goes_on_in_the_same_file(output):
    Ledger(output).close()
    Ledger(output).close()
    assert lines(output) == [{"kind": "summary", "totals": {}}] * 2


def test_a_torn_line_does_not_spoil_the_next_session(output):
    file = output.append(LEDGER)
    file.write(b'{"kind":"fai')
    file.close()
    ledger = Ledger(output)
    ledger.event("failed", frame="a")
    ledger.close()
    assert output.read(LEDGER).splitlines()[0] == b'{"kind":"fai'
    assert [json.loads(line)["kind"] for line in output.read(LEDGER).splitlines()[1:]] == ["failed", "summary"]


def test_no_count_is_lost_between_threads(output):
    ledger = Ledger(output)

    def work(name):
        for number in range(500):
            ledger.count("written")
            if number % 100 == 0:
                ledger.event("failed", frame=f"{name}/{number}")

    threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ledger.close()
    assert ledger.totals() == {"written": 4000}
    assert len(lines(output)) == 41


def test_on_a_full_disk_an_event_waits_and_does_not_hide_the_error_that_it_tells_of(output, monkeypatch):
    ledger = Ledger(output)

    def full(content):
        raise OutputError("No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(ledger._file, "write", full)
        ledger.event("failed", frame="a")
        ledger.event("failed", frame="b")
    ledger.event("failed", frame="c")
    assert [line["frame"] for line in lines(output)] == ["a", "b", "c"]
    with monkeypatch.context() as patch:
        patch.setattr(ledger._file, "write", full)
        with pytest.raises(OutputError, match="No space left"):
            ledger.close()


def test_a_reason_that_is_no_text_is_written_all_the_same(output):
    ledger = Ledger(output)
    ledger.event("failed", frame="a", reason="Stra\u00dfe/\udcff.png")
    ledger.close()
    assert lines(output)[0] == {"kind": "failed", "frame": "a", "reason": "Stra\u00dfe/\udcff.png"}
