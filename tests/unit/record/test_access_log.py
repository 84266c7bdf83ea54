"""A line a request in a file, for whoever reads logs."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from gateway.record.access_log import AccessLogSink
from gateway.record.follower import Follower
from gateway.record.journal.reader import Reader
from gateway.record.journal.writer import Writer
from gateway.settings import BadSetting, Settings
from gateway.supervisor.control_child import check_control
from tests.unit.record.build import attempt, outcome, request


def read(state: Path, sink: AccessLogSink) -> None:
    reader = Reader(state, sink.open())
    batch = reader.read()
    if batch.after:
        sink.take(batch, reader.positions)
    reader.close()


def test_each_request_has_a_line_and_only_one(tmp_path):
    writer, log = Writer(tmp_path, most_bytes=1 << 20), tmp_path / "access.jsonl"
    writer.append(outcome(attempt(), request=request("r1")))
    read(tmp_path, AccessLogSink(tmp_path, str(log)))
    log.rename(tmp_path / "old.jsonl")  # as logrotate does
    writer.append(outcome(attempt(), request=request("r2")))
    read(tmp_path, AccessLogSink(tmp_path, str(log)))  # of another process
    writer.close()

    (old,), (new,) = [
        [json.loads(each) for each in path.read_text().splitlines()] for path in (tmp_path / "old.jsonl", log)
    ]
    assert (old["request_id"], new["request_id"]) == ("r1", "r2")
    assert new["endpoint"] == "qwen3@self" and new["operator"] == "self" and new["weights"] == "CN"
    assert new["outcome"] == "answered" and new["input_tokens"] == 900 and new["cost_usd"] == "0.00031"


def test_nothing_of_the_people_behind_a_key_is_written(tmp_path):
    writer, log = Writer(tmp_path, most_bytes=1 << 20), tmp_path / "access.jsonl"
    writer.append(outcome(attempt(), request=request("r1")))
    read(tmp_path, AccessLogSink(tmp_path, str(log)))
    writer.close()

    assert "research-bot" not in log.read_text()  # the key's name
    assert "topic" not in log.read_text()


def test_standard_output_is_one_place_for_it(tmp_path, capfdbinary):
    writer = Writer(tmp_path, most_bytes=1 << 20)
    writer.append(outcome(attempt(), request=request("r1")))
    read(tmp_path, AccessLogSink(tmp_path, "-"))
    writer.close()

    assert json.loads(capfdbinary.readouterr().out)["request_id"] == "r1"


def test_a_file_that_cannot_be_written_is_told_before_anything_starts(tmp_path):
    with pytest.raises(BadSetting, match=r"GATEWAY_ACCESS_LOG is .*cannot be written"):
        check_control(Settings(access_log=str(tmp_path / "none" / "access.jsonl")))


def test_what_cannot_be_written_comes_again(tmp_path):
    writer, log = Writer(tmp_path, most_bytes=1 << 20), tmp_path / "access.jsonl"
    log.mkdir()
    writer.append(outcome(attempt(), request=request("r1")))
    follower = Follower(tmp_path, AccessLogSink(tmp_path, str(log)))
    follower.start()
    follower.close(10)
    log.rmdir()
    read(tmp_path, AccessLogSink(tmp_path, str(log)))
    writer.close()

    assert json.loads(log.read_text())["request_id"] == "r1"
