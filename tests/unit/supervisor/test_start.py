"""In which order a start does what takes long, and what its processes inherit."""

from __future__ import annotations

import gc
from types import SimpleNamespace
from typing import Any

import pytest

from gateway.collector import uncollected
from gateway.settings import Settings
from gateway.signals import language
from gateway.supervisor import serve, start


@pytest.fixture(autouse=True)
def collected() -> Any:
    yield
    gc.unfreeze()
    gc.enable()


def test_the_control_process_begins_before_models_are_read_and_workers_find_them_in_memory(monkeypatch):
    done: list[tuple[str, bool]] = []
    parent: Any = object.__new__(serve._Parent)
    parent._compiled = SimpleNamespace(policy=None)
    monkeypatch.setattr(parent.__class__, "_look_after_control", lambda self: done.append(("control", gc.isenabled())))
    monkeypatch.setattr(parent.__class__, "_fill", lambda self: done.append(("workers", gc.isenabled())))
    monkeypatch.setattr(serve, "load_models", lambda policy: done.append(("models", gc.isenabled())))
    with uncollected():
        parent._begin()

    assert done == [("control", True), ("models", False), ("workers", True)], "what is forked has a collector"
    assert gc.get_freeze_count() > 0, "no collector of a fork walks over what is shared"


def test_the_largest_model_is_read_ahead_unless_nothing_about_the_text_is_recorded(tmp_path, monkeypatch):
    read: list[str] = []
    monkeypatch.setattr(language, "load", lambda: read.append("language"))
    settings = Settings(policies=tmp_path)
    start._read_ahead(settings)  # there is no policy to guess from
    (tmp_path / "policy.yaml").write_text("version: 1\nrecord_signals: none\n")
    start._read_ahead(settings)
    assert read == []

    (tmp_path / "policy.yaml").write_text("version: 1\n")
    start._read_ahead(settings)
    assert read == ["language"]
