"""What an editor makes of the generated schemas: a real YAML language server reads good and bad files."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.services
HERE = Path(__file__).parent
POLICIES = HERE.parents[1] / "policies"
SERVER = HERE / "node_modules" / ".bin" / "yaml-language-server"
SHIPPED = [path for path in sorted(POLICIES.glob("**/*.yaml")) if path.stat().st_size < 200_000]


_numbers = count(1)


def draft() -> Path:
    """A file that no earlier answer of the server is about."""
    return POLICIES / f"draft-{next(_numbers)}.yaml"


class Editor:
    """The editor's side of the language server protocol, over the server's standard streams."""

    def __init__(self, process: subprocess.Popen[bytes]):
        self._process = process
        self._ids = count(1)
        self._told: dict[str, list[dict[str, Any]]] = {}

    def ask(self, method: str, params: dict[str, Any]) -> Any:
        wanted = next(self._ids)
        self._send({"id": wanted, "method": method, "params": params})
        while True:
            message = self._receive()
            if message.get("id") == wanted and "method" not in message:
                return message.get("result")

    def tell(self, method: str, params: dict[str, Any]) -> None:
        self._send({"method": method, "params": params})

    def open(self, path: Path, text: str) -> str:
        uri = path.as_uri()
        document = {"uri": uri, "languageId": "yaml", "version": 1, "text": text}
        self.tell("textDocument/didOpen", {"textDocument": document})
        return uri

    def problems(self, path: Path, text: str) -> list[tuple[int, str]]:
        """Line and words of everything the editor would underline."""
        uri = self.open(path, text)
        while uri not in self._told:
            self._receive()
        found = self._told.pop(uri)
        return [(problem["range"]["start"]["line"] + 1, problem["message"]) for problem in found]

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        body = json.dumps({"jsonrpc": "2.0", **message}).encode()
        self._process.stdin.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
        self._process.stdin.flush()

    def _receive(self) -> dict[str, Any]:
        stream = self._process.stdout
        assert stream is not None
        length = 0
        while (line := stream.readline()) not in (b"\r\n", b""):
            if line.lower().startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        message: dict[str, Any] = json.loads(stream.read(length))
        if message.get("method") == "textDocument/publishDiagnostics":
            self._told[message["params"]["uri"]] = message["params"]["diagnostics"]
        elif "id" in message and "method" in message:
            configured = {"validate": True, "hover": True, "completion": True, "schemaStore": {"enable": False}}
            answer = [configured for _ in message["params"].get("items", [])] if "items" in message["params"] else None
            self._send({"id": message["id"], "result": answer})
        return message


@pytest.fixture(scope="module")
def editor() -> Iterator[Editor]:
    if not SERVER.exists():
        npm = shutil.which("npm")
        assert npm, "the editor test needs npm: make system"
        subprocess.run([npm, "ci", "--no-fund", "--no-audit", "--silent"], cwd=HERE, check=True, timeout=300)
    process = subprocess.Popen([SERVER, "--stdio"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    started = Editor(process)
    started.ask("initialize", {"processId": None, "rootUri": POLICIES.as_uri(), "capabilities": {}})
    started.tell("initialized", {})
    yield started
    process.terminate()
    process.wait(timeout=20)
    assert process.stdin is not None and process.stdout is not None
    process.stdin.close()
    process.stdout.close()


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: str(path.relative_to(POLICIES)))
def test_nothing_is_underlined_in_a_shipped_file(editor, path):
    assert editor.problems(path, path.read_text(encoding="utf-8")) == []


HEAD = "# yaml-language-server: $schema=schema/policy.json\nversion: 1\n"
REST = "routes: [{name: rest, try: [{any: {}}]}]\n"
BAD = [
    ("guards: [{name: home, when: {pi: [email]}, only: {hosting: self}}]\n" + REST, 3, "pi"),
    ("guards: [{name: home, when: {topic: [cod]}, only: {hosting: self}}]\n" + REST, 3, ""),
    ("guards: [{name: home, only: {trains_on_data: no}}]\n" + REST, 3, ""),
    ("guards: [{name: home, only: {can: vision}}]\n" + REST, 3, ""),
    ("guards: [{name: home, only: {price_output: {below: 3}}}]\n" + REST, 3, "price_output"),
    ("guards: [{name: home, onli: {hosting: self}}]\n" + REST, 3, "onli"),
    ("routes: [{name: rest}]\n", 3, "try"),
    ("routes: [{name: rest, try: [{any: {}}], order: cheapest}]\n", 3, ""),
    ("routes: [{name: rest, try: [{all: {}}]}]\n", 3, ""),
    ("gaurds: []\n" + REST, 3, "gaurds"),
]


@pytest.mark.parametrize(("text", "line", "word"), BAD)
def test_a_mistake_is_underlined_where_it_is_made(editor, text, line, word):
    found = editor.problems(draft(), HEAD + text)

    assert any(at == line and word in message for at, message in found), found


def complete(editor: Editor, text: str) -> set[str]:
    """What the editor offers at the `|`."""
    before, _, after = text.partition("|")
    uri = editor.open(draft(), before + after)
    place = {"line": before.count("\n"), "character": len(before.rpartition("\n")[2])}
    offered = editor.ask("textDocument/completion", {"textDocument": {"uri": uri}, "position": place})
    items = offered["items"] if isinstance(offered, dict) else offered
    return {item["label"] for item in items}


OFFERED = [
    ("guards:\n  - name: home\n    when:\n      |\n" + REST, {"topic", "pii", "data_class", "residency", "tokens"}),
    ("guards:\n  - name: home\n    only:\n      |\n" + REST, {"hosting", "storage", "lineage", "risk"}),
    ("guards:\n  - name: home\n    |\n" + REST, {"when", "only", "never", "why"}),
    ("guards:\n  - name: home\n    when:\n      topic: |\n" + REST, {"prc_political", "code"}),
    ("routes:\n  - name: rest\n    order: |\n", {"price", "cost_per_answer", "listed"}),
]


@pytest.mark.parametrize(("text", "words"), OFFERED)
def test_the_editor_completes_the_words_of_the_language(editor, text, words):
    assert words <= complete(editor, HEAD + text)


HOVERS = [
    ("guards: [{name: home, only: {lin|eage: US}}]\n", "countries of the lab and of every ancestor of the weights"),
    ("guards: [{name: home, when: {pi|i: email}, only: {hosting: self}}]\n", "kinds of personal data in the prompt"),
    ("routes: [{name: rest, tr|y: [requested]}]\n", "endpoint id, model id, `requested`"),
]


@pytest.mark.parametrize(("text", "words"), HOVERS)
def test_the_editor_says_what_a_word_means(editor, text, words):
    before, _, after = (HEAD + text).partition("|")
    uri = editor.open(draft(), before + after)
    place = {"line": before.count("\n"), "character": len(before.rpartition("\n")[2])}
    shown = editor.ask("textDocument/hover", {"textDocument": {"uri": uri}, "position": place})

    assert words in shown["contents"]["value"].replace("\\", "")
