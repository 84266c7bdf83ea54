"""Claims about the journal beside its laws: its bound, formats of other releases, and when segments go."""

from __future__ import annotations

import logging
import struct
from pathlib import Path

import msgspec
import pytest

from gateway.background import readers
from gateway.background.readers import Readers
from gateway.record.journal.layout import (
    ACCEPTED_AT,
    FOLDER,
    FORMAT,
    FRAME,
    HEADER_BYTES,
    frame,
    header_of,
    pack_header,
    segment_name,
)
from gateway.record.journal.reader import Reader, dropped
from gateway.record.journal.record import Record
from gateway.record.journal.writer import LEAST_SEGMENT_BYTES, Writer
from gateway.settings import Settings
from tests.unit.record.build import attempt, outcome, request

ADDED_BY_2 = ("started", "traceparent")  # fields of a record that format 1 did not have


def first_segment(writer: Writer, folder: Path) -> Path:
    return folder / FOLDER / writer.uuid / segment_name(1)


def written(folder: Path, count: int = 3) -> Path:
    """A journal whose worker has ended; its first segment."""
    writer = Writer(folder, most_bytes=1 << 30)
    for number in range(count):
        assert writer.append(outcome(attempt(), request=request(f"r{number}")))
    writer.close()
    return first_segment(writer, folder)


def ids(folder: Path) -> list[str]:
    return [entry.record.request_id for entry in Reader(folder).read().entries]


def frames(segment: Path) -> list[bytes]:
    data, at, found = segment.read_bytes(), HEADER_BYTES, []
    for _ in range(header_of(segment).accepted):
        length, _ = FRAME.unpack_from(data, at)
        found.append(data[at + FRAME.size : at + FRAME.size + length])
        at += FRAME.size + length
    return found


def rewritten(segment: Path, payloads: list[bytes], *, format: int) -> None:
    head = bytearray(pack_header(segment.parent.name, 1, header_of(segment).made_at, dropped=0, format=format))
    struct.pack_into("=Q", head, ACCEPTED_AT, len(payloads))
    segment.write_bytes(bytes(head) + b"".join(map(frame, payloads)))


def as_format_1(payload: bytes) -> bytes:
    """A record without what format 2 added; words are as they were."""
    told = msgspec.msgpack.decode(payload)
    names = [field.name for field in msgspec.structs.fields(Record)]
    assert tuple(sorted(names[-5:-3])) == ADDED_BY_2
    return msgspec.msgpack.encode(told[:-5]) if len(told) == len(names) + 1 else payload


def test_the_format_of_the_release_before_is_read_whole(tmp_path: Path):
    segment = written(tmp_path)
    older = [as_format_1(payload) for payload in frames(segment)]
    assert older != frames(segment)
    rewritten(segment, older, format=FORMAT - 1)

    entries = Reader(tmp_path).read().entries

    assert [entry.record.request_id for entry in entries] == ["r0", "r1", "r2"]
    assert {entry.record.traceparent for entry in entries} == {None}
    assert all(entry.record.attempts[0].cost_usd for entry in entries)


def test_a_format_of_a_later_release_waits_for_it_and_says_so(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    segment = written(tmp_path)
    whole = segment.read_bytes()
    rewritten(segment, frames(segment), format=FORMAT + 1)
    with caplog.at_level(logging.WARNING):
        assert ids(tmp_path) == []
    assert f"it has format {FORMAT + 1}, this release reads {FORMAT - 1} to {FORMAT}" in caplog.text

    segment.write_bytes(whole)  # as a release that knows it finds it

    assert ids(tmp_path) == ["r0", "r1", "r2"]


def test_at_its_bound_a_journal_drops_counts_and_goes_on_when_there_is_room(tmp_path: Path):
    writer = Writer(tmp_path, most_bytes=2 * LEAST_SEGMENT_BYTES + 10_000)
    kept = 0
    while writer.append(outcome(attempt(), request=request(f"r{kept}"))):
        kept += 1
    for number in range(4):
        assert not writer.append(outcome(attempt(), request=request(f"late{number}")))

    assert (writer.accepted, writer.dropped) == (kept, 5)
    assert writer.obstacle is not None and writer.obstacle.startswith("the journal is at its bound of ")
    assert dropped(tmp_path) == {writer.uuid: 5}
    assert sum(path.stat().st_size for path in (tmp_path / FOLDER).rglob("*.segment")) <= 2 * LEAST_SEGMENT_BYTES

    first_segment(writer, tmp_path).unlink()  # as the control process does with what all have read
    writer._make_spare()  # as its thread does within a second
    assert writer.append(outcome(attempt(), request=request("again")))
    assert writer.dropped == 5
    writer.close()


def test_segments_go_an_hour_after_all_have_them_and_with_the_last_its_journal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    segment = written(tmp_path)
    reader = Reader(tmp_path)
    reader.read()
    all_read, none_read = reader.positions, Reader(tmp_path).positions
    made = Readers(Settings(state_dir=tmp_path))
    now = [1_000_000.0]
    monkeypatch.setattr(readers, "time", lambda: now[0])

    made._tidy([all_read, none_read])
    now[0] += 2 * readers.KEEP_S
    made._tidy([all_read, none_read])
    assert segment.exists()  # one of the readers does not have it
    made._tidy([all_read, all_read])
    now[0] += readers.KEEP_S - 1
    made._tidy([all_read, all_read])
    assert segment.exists()
    now[0] += 2
    made._tidy([all_read, all_read])

    assert not segment.parent.exists()
