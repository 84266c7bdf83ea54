"""Claims about where a demo listens: beside another one, and where another takes its port at the last moment."""

from __future__ import annotations

import socket
from pathlib import Path

import pytest

from gateway.cli.demo import served
from gateway.demo.place import Place
from gateway.processes import ports
from gateway.settings import BadSetting, Settings

FIRST = Place(1, Path("demo"))


def test_a_port_that_another_takes_meanwhile_is_left_to_it():
    tried: list[int] = []
    with socket.socket() as another:

        def serve(port: int) -> int:
            tried.append(port)
            if len(tried) == 1:
                another.bind(("127.0.0.1", port))
                another.listen()
            ports.listen("127.0.0.1", port, ports.DATA).close()
            return 0

        assert served(Settings(), FIRST, asked=False, serve=serve) == 0
    assert len(set(tried)) == 2


def test_a_port_that_was_named_is_not_left_for_another():
    with socket.socket() as another:
        another.bind(("127.0.0.1", 0))
        another.listen()
        taken = Settings(port=another.getsockname()[1], control_port=None)

        with pytest.raises(BadSetting, match="is taken; choose another with --port"):
            served(taken, FIRST, asked=True, serve=lambda port: 0)


def test_what_is_not_about_the_port_is_told():
    def serve(port: int) -> int:
        raise BadSetting("something else")

    with pytest.raises(BadSetting, match="something else"):
        served(Settings(), FIRST, asked=False, serve=serve)
