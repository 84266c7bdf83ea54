"""`gateway catalog add` against servers that say what real ones were recorded to say, and against hostile ones."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from gateway.cli import main
from gateway.importing.served_models import Asked, rows_of
from gateway.importing.shipped import gather
from gateway.policy.authoring.compile import compile_folder
from gateway.processes.policy_folder import read_folder
from gateway.source import parse
from tests.unit.policy.small import folder

VLLM = {"/v1/models": {"object": "list", "data": [
    {"id": "Qwen/Orchard-7B-Instruct", "object": "model", "created": 1, "owned_by": "vllm", "root": "/models/orchard",
     "parent": None, "max_model_len": 32768, "permission": []}]}}  # fmt: skip
SHIPPED = Path(__file__).parents[3] / "policies" / "catalog"
SGLANG = {"/v1/models": {"object": "list", "data": [
    {"id": "default", "object": "model", "created": 1, "owned_by": "sglang", "root": "default",
     "max_model_len": 131072}]}}  # fmt: skip
OLLAMA = {
    "/v1/models": {"object": "list", "data": [
        {"id": "gemma3:latest", "object": "model", "created": 1, "owned_by": "library"}]},
    "/api/tags": {"models": [{"name": "gemma3:latest", "model": "gemma3:latest", "size": 1, "details":
        {"format": "gguf", "family": "gemma", "parameter_size": "4.3B", "quantization_level": "Q4_K_M"}}]},
}  # fmt: skip
VENDOR = {"/v1/models": {"data": [{"id": "acme/large-1", "object": "model"}, {"id": "x" * 999}, {"id": 5}, "y"]}}


class Server:
    """Plays `pages`; remembers what it was asked, with which headers."""

    def __init__(self) -> None:
        self.pages: dict[str, Any] = {}
        self.asked: list[tuple[str, str | None]] = []
        playing = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                playing.asked.append((self.path, self.headers.get("authorization")))
                page = playing.pages.get(self.path)
                status = page if isinstance(page, int) else 200 if page is not None else 404
                data = page if isinstance(page, bytes) else json.dumps(page).encode()
                self.send_response(status)
                if status == 302:
                    self.send_header("location", f"http://127.0.0.1:{playing.port}/elsewhere")
                self.send_header("content-length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *words: object) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.http.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}"


@pytest.fixture(scope="module")
def house() -> Iterator[Server]:
    made = Server()
    threading.Thread(target=made.http.serve_forever, daemon=True).start()
    yield made
    made.http.shutdown()
    made.http.server_close()


@pytest.fixture
def server(house: Server) -> Server:
    house.pages, house.asked = {}, []
    return house


@pytest.fixture
def policies(tmp_path: Path) -> Path:
    for name, data in folder().items():
        (tmp_path / "policies" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "policies" / name).write_bytes(data)
    return tmp_path / "policies"


def run(capsys: pytest.CaptureFixture[str], policies: Path, *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main(["catalog", "add", "--policies", str(policies), *arguments])
    captured = capsys.readouterr()
    return int(ended.value.code or 0), captured.out, captured.err


def added(capsys: pytest.CaptureFixture[str], policies: Path, *arguments: str) -> Any:
    code, out, err = run(capsys, policies, *arguments, "--json")
    assert code == 0, err
    return json.loads(out)


def test_vllm_is_known_and_what_it_does_not_say_stays_unknown(capsys, policies, server):
    server.pages = VLLM
    told = added(capsys, policies, "--from-url", server.url, "--price", "0.2,0.6")

    (row,) = told["rows"]["endpoints"]
    assert (told["server"], row["id"], row["upstream_model"]) == (
        "vllm",
        "orchard-7b-instruct@self",
        "Qwen/Orchard-7B-Instruct",
    )
    assert [row[name] for name in ("storage", "inference", "trains_on_data", "retention_days")] == [None] * 4
    (model,) = told["rows"]["models"]
    assert (model["lab"], model["context_tokens"]) == ("unknown", 32768)
    assert "licence" not in model and "base" not in model


@pytest.mark.parametrize(("pages", "name", "quantization"), [(SGLANG, "sglang", None), (OLLAMA, "ollama", "q4_k_m")])
def test_sglang_and_ollama_are_known(capsys, policies, server, pages, name, quantization):
    server.pages = pages
    told = added(capsys, policies, "--from-url", f"{server.url}/v1", "--price", "0,0")

    assert told["server"] == name
    assert told["rows"]["endpoints"][0].get("quantization") == quantization


@pytest.mark.parametrize(
    ("pages", "limit"), [(OLLAMA, "max_tokens"), (SGLANG, "max_completion_tokens"), (VENDOR, None)]
)
@pytest.mark.thorough
def test_a_server_takes_what_the_example_of_its_kind_does(pages, limit):
    shipped = gather([parse(file.read_bytes(), file.name) for file in SHIPPED.glob("*.yaml")])
    replies = {path.removeprefix("/v1"): page for path, page in pages.items()}
    asked = Asked("http://a", "http://a/v1", replies, "self", "self", "DE", None, None, "2026-11-28")
    row = rows_of(asked, shipped, ())["endpoints"][0]

    assert row.get("takes", {"limit_field": None})["limit_field"] == limit


def test_a_vendor_is_named_by_whoever_asks_and_names_that_cannot_be_rows_are_left_out(
    capsys, policies, server, monkeypatch
):
    monkeypatch.setenv("ACME_API_KEY", "key-of-acme")
    server.pages = VENDOR
    told = added(capsys, policies, "--from-url", server.url, "--operator", "acme", "--key-env", "ACME_API_KEY")

    (row,) = told["rows"]["endpoints"]
    assert (row["id"], row["hosting"], row["key_env"]) == ("large-1@acme", "hosted", "ACME_API_KEY")
    assert told["rows"]["operators"] == [{"id": "acme", "name": "acme"}]
    assert told["server"] is None
    assert server.asked[0] == ("/v1/models", "Bearer key-of-acme")
    assert {key for path, key in server.asked if path != "/v1/models"} == {None}, "the key goes to the list alone"


def test_what_is_written_compiles_and_the_unknowns_and_the_guards_that_ask_are_named(capsys, policies, server):
    server.pages = VLLM
    code, out, _ = run(capsys, policies, "--from-url", server.url, "--price", "0.2,0.6", "--write")

    assert code == 0
    assert "# unknown, so that guards which ask remove it: inference, retention_days, storage, trains_on_data" in out
    assert "is unknown" in out and "guard `" in out
    assert "orchard-7b-instruct@self" in compile_folder(read_folder(policies)).catalog.endpoints
    code, _, err = run(capsys, policies, "--from-url", server.url, "--price", "0.2,0.6", "--write")
    assert code == 1 and "is there already" in err
    assert len(list((policies / "catalog").glob("added-*"))) == 1


def test_without_write_nothing_is_written(capsys, policies, server):
    server.pages = VLLM
    _, out, _ = run(capsys, policies, "--from-url", server.url, "--price", "0.2,0.6")

    assert "nothing is written without --write" in out
    assert [path.name for path in (policies / "catalog").iterdir()] == ["all.yaml"]


def test_own_machines_declare_a_price(capsys, policies, server):
    server.pages = VLLM
    code, _, err = run(capsys, policies, "--from-url", server.url, "--write")

    assert code == 1 and "--price 0.2,0.6" in err
    assert [path.name for path in (policies / "catalog").iterdir()] == ["all.yaml"]


@pytest.mark.parametrize(
    ("page", "told"),
    [
        (302, "no redirect is followed"),
        (500, "it answered 500"),
        (b"<html>", "its answer is no JSON"),
        (b"[" * 100_000, "its answer is no JSON"),
        (b" " * 2_100_000, "longer than"),
        ({"data": 5}, "no list of models"),
        ({"data": []}, "names no model"),
    ],
)
def test_a_server_that_says_nothing_of_use_is_told_in_a_sentence(capsys, policies, server, page, told):
    server.pages = {"/v1/models": page, "/elsewhere": VLLM["/v1/models"]}
    code, _, err = run(capsys, policies, "--from-url", f"{server.url}/v1", "--price", "0,0")

    assert code == 1 and told in err and "Traceback" not in err
    assert "/elsewhere" not in [path for path, _ in server.asked]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--from-url", "ftp://x"),
        ("--from-url", "http://93.184.216.34/v1"),
        ("--from-url", "http://127.0.0.1:1/v1", "--country", "Germany"),
        ("--from-url", "http://127.0.0.1:1/v1", "--price", "cheap"),
        ("--from-url", "http://127.0.0.1:1/v1", "--operator", "A B"),
        ("--from-url", "http://127.0.0.1:1/v1", "--key-env", "HOME"),
    ],
)
def test_what_cannot_be_meant_is_used_wrongly(capsys, policies, arguments):
    code, _, err = run(capsys, policies, *arguments)
    assert code == 2 and "Traceback" not in err


def test_rows_of_yours_do_not_go_into_somebody_elses_catalogue(capsys, policies, server, tmp_path):
    server.pages = VLLM
    (policies / "catalog").rename(tmp_path / "shared")
    policy = policies / "policy.yaml"
    policy.write_text(policy.read_text().replace("version: 1\n", "version: 1\ncatalog: ../shared\n"))
    code, _, err = run(capsys, policies, "--from-url", server.url, "--price", "0,0", "--write")

    assert code == 1 and "catalog: [../shared, catalog]" in err
    assert [path.name for path in (tmp_path / "shared").iterdir()] == ["all.yaml"]
