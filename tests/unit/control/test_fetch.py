"""Claims about what the control process fetches: little, soon, of the host that was named, and when it is due."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.control import fetch as fetching
from gateway.control import key_sets
from gateway.control.fetch import FetchFailed, fetch
from gateway.control.key_sets import KeySets
from gateway.identity import TokenRules
from gateway.processes import key_set_file

RULES = TokenRules("https://id.example.com", "gateway", "http://127.0.0.1:9/", None, "team", None, None)


@contextmanager
def answering(say: Callable[[socket.socket], object]) -> Iterator[str]:
    """A server that answers each connection so."""
    with socket.create_server(("127.0.0.1", 0)) as plug:

        def serve() -> None:
            while True:
                try:
                    line, _ = plug.accept()
                except OSError:
                    return
                with line:
                    line.recv(65_536)
                    try:
                        say(line)
                    except OSError:
                        continue

        threading.Thread(target=serve, daemon=True).start()
        yield f"http://127.0.0.1:{plug.getsockname()[1]}/keys"
        plug.shutdown(socket.SHUT_RDWR)


def test_the_body_of_a_200_is_fetched():
    with answering(lambda line: line.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")) as url:
        assert fetch(url) == b"{}"


ANSWERS: dict[str, tuple[bytes, str]] = {
    "a redirect": (b"HTTP/1.1 302 Found\r\nlocation: http://127.0.0.1:1/\r\ncontent-length: 0\r\n\r\n", "answers 302"),
    "an error": (b"HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n", "answers 500"),
    "too much": (b"HTTP/1.1 200 OK\r\n\r\n" + b"x" * (fetching.MOST_BYTES + 1), "more than"),
    "packed": (b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n{}", "packed"),
    "no HTTP": (b"hello\r\n\r\n", "BadStatusLine"),
    "nothing": (b"", "RemoteDisconnected"),
}


@pytest.mark.parametrize(("answer", "words"), ANSWERS.values(), ids=ANSWERS)
def test_any_other_answer_is_none(answer, words):
    with answering(lambda line: line.sendall(answer)) as url, pytest.raises(FetchFailed, match=words):
        fetch(url)


def test_a_server_that_trickles_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(fetching, "WITHIN_S", 0.3)

    def trickle(line: socket.socket) -> None:
        line.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(200):
            line.sendall(b"x")
            threading.Event().wait(0.05)

    with answering(trickle) as url, pytest.raises(FetchFailed):
        fetch(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://id.example.com/",
        "http://169.254.169.254/latest/meta-data",
        "https://169.254.169.254/",
        "https://[fe80::1]/",
        "https://0.0.0.0/",
        "https://[::ffff:169.254.169.254]/",
        "https://224.0.0.1/",
        "https://2130706433/",
        "https://me:secret@id.example.com/",
        "https://id.example.com/#x",
        "file:///etc/passwd",
        "ftp://127.0.0.1/",
        "https://",
        "https://[::1",
        "//127.0.0.1/",
        "",
    ],
)
def test_nothing_else_is_asked(url, monkeypatch):
    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: pytest.fail("a connection was made"))
    with pytest.raises(FetchFailed) as failed:
        fetch(url)
    assert "secret" not in str(failed.value)


def test_a_name_that_leads_to_this_machine_is_not_asked(monkeypatch):
    found: Any = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: pytest.fail("a connection was made"))
    with pytest.raises(FetchFailed, match="asked for nothing"):
        fetch("https://id.example.com/")


def test_a_set_is_due_by_age_and_once_a_minute_for_a_key_that_is_not_known(tmp_path: Path, monkeypatch):
    sets = KeySets(tmp_path, tmp_path, lambda: RULES)
    assert sets._is_due(RULES, 1000.0)
    sets._of, sets._asked_at = RULES, 1000.0
    later = TokenRules("https://other.example.com", "gateway", RULES.jwks_url, None, "team", None, None)

    assert sets._is_due(later, 1000.1)
    assert not sets._is_due(RULES, 1000.0 + key_sets.REFRESH_S - 1)
    assert sets._is_due(RULES, 1000.0 + key_sets.REFRESH_S + 1)
    monkeypatch.setattr(key_set_file, "wanted_at", lambda _: 1001.0)
    assert not sets._is_due(RULES, 1000.0 + key_sets.WANTED_EVERY_S - 1)
    assert sets._is_due(RULES, 1000.0 + key_sets.WANTED_EVERY_S + 1)
    sets._failed = "away"
    assert not sets._is_due(RULES, 1000.0 + key_sets.AGAIN_S - 1)
    assert sets._is_due(RULES, 1000.0 + key_sets.AGAIN_S + 1)
