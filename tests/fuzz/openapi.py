"""`python -m tests.fuzz.openapi EXAMPLES`: schemathesis asks a gateway by every OpenAPI document of its two listeners.

The control listener is asked by its own document, the callers' listener by those of the APIs that it speaks.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from importlib.resources import files
from pathlib import Path

from tests.integration.upstreams import KEY, folder, serving
from tests.running import ADMIN_TOKEN, Running, starter

TOOL = Path(".venv-security/bin/schemathesis")
DOCUMENTS = {  # of llm-comply: the paths of each that are served, and where they begin
    "openai_chat.json": (
        "/v1",
        r"^/(chat/completions|completions|embeddings|models.*|images/generations|moderations)$",
    ),
    "openresponses.json": ("/v1", r"^/responses$"),
    "anthropic.json": ("", r"^/v1/messages(/count_tokens)?$"),
}
OF_OURS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def asked(document: str, url: str, token: str, checks: str, examples: str, *more: str) -> bool:
    """True if nothing was found; what was is printed."""
    options = [
        "--checks",
        checks,
        "--max-examples",
        examples,
        "--seed",
        "20261128",
        "--no-color",
        "--request-timeout",
        "60",
        *more,
    ]
    command = [str(TOOL), "run", document, "--url", url, "-H", f"Authorization: Bearer {token}", *options]
    return subprocess.run(command).returncode == 0


def main() -> int:
    """Exit code 1 if anything was found."""
    examples = sys.argv[1] if len(sys.argv) > 1 else "50"
    with tempfile.TemporaryDirectory() as home, serving() as upstreams:
        started: list[Running] = []
        policies = folder(Path(home) / "policies", {name: upstreams.url(name) for name in "abc"})
        try:
            gateway = starter(Path(home), started)(policies)
            sound = asked(
                f"{gateway.control_url}/openapi.json", gateway.control_url, ADMIN_TOKEN, OF_OURS, examples,
            )  # fmt: skip
            for name, (begin, paths) in DOCUMENTS.items():
                document, url = str(files("llm_comply") / "specs" / name), f"{gateway.url}{begin}"
                sound &= asked(document, url, KEY, "not_a_server_error", examples, "--include-path-regex", paths)
        finally:
            for each in started:
                each.stop()
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
