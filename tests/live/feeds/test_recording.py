"""What was received comes back as it was, also after a process was killed in the midst of a write."""

from __future__ import annotations

import errno
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from engine.clock import DAY_NS
from engine.errors import DataError, LedgerFailure
from engine.live.feed import Fixture, Gap, Mark, Message, Quote, Result, Ruling
from engine.live.feeds.recorded import Recorded
from engine.live.feeds.recording import Recorder, files_of, not_synced

VALUES = {
    "event_id": 2**62 + 1, "sport": "football", "home": "Atlético", "date": date(2024, 3, 30), "neutral": False,
    "starts_at": datetime(2024, 3, 30, 15, tzinfo=UTC), "winner": None,
}  # fmt: skip


def batches() -> list[list[Message]]:
    quote = Quote(5, 1, "totals", 2.25, "over", "a", "back", 1.0 + 2**-52 * 3, 12.5, "open", True, True)
    ruling = Ruling("totals", 2.25, "over", "dead_heat", share=1 / 3, void_frac=0.5)
    result = Result(DAY_NS + 1, {**VALUES, "home_score": 2}, version=2, rulings=(ruling,))
    return [[Fixture(3, VALUES), quote, Mark(5)], [Gap(6, "a"), Mark(7)], [result, Mark(DAY_NS + 1)]]


def record(folder: Path, messages: list[list[Message]]) -> None:
    recorder = Recorder(folder, not_synced)
    for batch in messages:
        for message in batch:
            recorder(message)


def read(folder: Path) -> list[list[Message]]:
    feed, found = Recorded(folder), []
    while (messages := feed.poll(0)) is not None:
        found.append(list(messages))
    return found


def test_messages_come_back_in_their_batches_and_a_file_a_day(tmp_path: Path) -> None:
    record(tmp_path, batches())
    assert read(tmp_path) == batches()
    assert [path.name for path in files_of(tmp_path)] == ["1970-01-01.jsonl.gz", "1970-01-02.jsonl.gz"]


def test_every_cut_of_the_last_piece_loses_that_piece_only(tmp_path: Path) -> None:
    record(tmp_path, batches()[:1])
    path = files_of(tmp_path)[0]
    whole = path.stat().st_size
    record(tmp_path, batches()[1:2])
    content = path.read_bytes()
    for length in range(whole, len(content)):
        path.write_bytes(content[:length])
        assert read(tmp_path) == batches()[:1]
        if length % 7 == 0:
            record(tmp_path, batches()[1:2])
            assert read(tmp_path) == batches()[:2]


def test_a_replay_that_starts_again_is_kept_once(tmp_path: Path) -> None:
    record(tmp_path, batches()[:2])
    record(tmp_path, batches())
    assert read(tmp_path) == batches()


def test_a_day_of_which_only_half_a_piece_is_left_does_not_bring_the_days_before_it_again(tmp_path: Path) -> None:
    record(tmp_path, batches())
    path = files_of(tmp_path)[1]
    path.write_bytes(path.read_bytes()[:30])
    record(tmp_path, batches())
    assert read(tmp_path) == batches()


def test_damage_before_the_end_is_refused(tmp_path: Path) -> None:
    record(tmp_path, batches()[:2])
    path = files_of(tmp_path)[0]
    content = bytearray(path.read_bytes())
    content[40] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"a recording is damaged in .*1970-01-01.jsonl.gz at byte 0"):
        read(tmp_path)


def test_no_recording_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no recording"):
        Recorded(tmp_path / "none")


def test_what_cannot_be_kept_ends_the_runner(tmp_path: Path) -> None:
    def full(number: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    recorder = Recorder(tmp_path, full)
    with pytest.raises(LedgerFailure, match="No space left"):
        recorder(Mark(1))


def test_a_file_of_one_day_is_a_recording(tmp_path: Path) -> None:
    record(tmp_path, batches())
    assert read(files_of(tmp_path)[1]) == batches()[2:]
