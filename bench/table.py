"""Rounds of figures into tables: medians of what was measured, and medians of the ratios within each round."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

Round = Mapping[str, Mapping[str, float]]  # contestant -> figure -> value
Figure = Callable[[Round, str], float | None]  # of a contestant in a round; None: not measured


@dataclass(frozen=True, slots=True)
class Target:
    """A promise about one contestant, as a ratio within a round; `more` if more is better."""

    what: str
    ratio: Figure
    more: bool
    steps: tuple[float, float, float]  # floor, target, stretch
    whose: str = "ours"  # whose figure reaches a step


def of(figure: str, peer: str) -> Figure:
    """Ours as a multiple of the peer's."""
    return lambda round_, name: _divide(_get(round_, name, figure), _get(round_, peer, figure))


def under(figure: str, peer: str) -> Figure:
    """How many times the peer's added time is ours; time is what comes on top of asking the upstream directly."""
    return lambda round_, name: _divide(added(round_, peer, figure), added(round_, name, figure))


def over(figure: str, peer: str) -> Figure:
    """Our added time as a multiple of the peer's."""
    return lambda round_, name: _divide(added(round_, name, figure), added(round_, peer, figure))


def alone(figure: str) -> Figure:
    return lambda round_, name: _get(round_, name, figure)


def added(round_: Round, name: str, figure: str) -> float | None:
    """Milliseconds on top of asking the upstream directly; not less than a microsecond, the clock's noise."""
    value, direct = _get(round_, name, figure), _get(round_, "direct", figure)
    return None if value is None or direct is None else max(value - direct, 0.001)


def longer(round_: Round, name: str) -> float | None:
    """By how many per cent 1,000 streams at 50 events a second take longer than when asked for directly."""
    ratio = of("many_streams_p50_ms", "direct")(round_, name)
    return None if ratio is None else (ratio - 1) * 100


def _starts(round_: Round, name: str) -> float | None:
    return _divide(_get(round_, "litellm", "cold_start_s"), _get(round_, name, "cold_start_s"))


TARGETS: tuple[Target, ...] = (
    Target("throughput c=32 ÷ nginx", of("rps_32", "nginx"), True, (0.15, 0.25, 0.35)),
    Target("throughput c=32 ÷ LiteLLM", of("rps_32", "litellm"), True, (55, 90, 130)),
    Target("throughput c=32 ÷ Portkey", of("rps_32", "portkey"), True, (12, 20, 30)),
    Target("CPU per request ÷ nginx", of("cpu_us_per_request", "nginx"), False, (7, 4, 3)),
    Target("CPU per request ÷ Ferro", of("cpu_us_per_request", "ferro"), False, (1, 0.8, 0.5)),
    Target("CPU per request ÷ vllm-router", of("cpu_us_per_request", "vllm-router"), False, (3.5, 2.5, 1.5)),
    Target("CPU per request ÷ plain", of("cpu_us_per_request", "ours"), False, (2.5, 1.8, 1.4), "ours-full"),
    Target("CPU per turn of 60 KB ÷ plain", of("cpu_us_per_turn", "ours"), False, (2.5, 1.8, 1.4), "ours-full"),
    Target("CPU per event ÷ Ferro", of("cpu_us_per_event", "ferro"), False, (0.8, 0.6, 0.4)),
    Target("added p50 at 20 rps ÷ nginx", over("p50_ms_20rps", "nginx"), False, (3, 2, 1.5)),
    Target("LiteLLM's added p50 at 20 rps ÷ ours", under("p50_ms_20rps", "litellm"), True, (10, 16, 22)),
    Target("LiteLLM's added first byte ÷ ours", under("first_byte_ms", "litellm"), True, (12, 30, 80)),
    Target("Portkey's added first byte ÷ ours", under("first_byte_ms", "portkey"), True, (30, 75, 200)),
    Target("CPU per event ÷ nginx", of("cpu_us_per_event", "nginx"), False, (2, 1.5, 1.2)),
    Target("1,000 streams × 50 events/s: p50 longer by %", longer, False, (8, 4, 2)),
    Target("KiB per open stream", alone("kib_per_open_stream"), False, (50, 25, 12)),
    Target("warm memory, MiB", alone("warm_mib"), False, (100, 70, 50)),
    Target("LiteLLM's cold start ÷ ours", _starts, True, (5, 10, 20)),
)

COLUMNS: tuple[tuple[str, Figure], ...] = (
    ("rps c=1", alone("rps_1")),
    ("c=32", alone("rps_32")),
    ("c=256", alone("rps_256")),
    ("×LiteLLM", of("rps_32", "litellm")),
    ("×nginx", of("rps_32", "nginx")),
    ("CPU µs/request", alone("cpu_us_per_request")),
    ("CPU µs/turn of 60 KB", alone("cpu_us_per_turn")),
    ("added p50 @20 rps, ms", lambda round_, name: added(round_, name, "p50_ms_20rps")),
    ("added first byte p50, ms", lambda round_, name: added(round_, name, "first_byte_ms")),
    ("CPU µs/SSE event", alone("cpu_us_per_event")),
    ("1,000 streams, % longer", longer),
    ("KiB/open stream", alone("kib_per_open_stream")),
    ("warm MiB", alone("warm_mib")),
    ("cold start s", alone("cold_start_s")),
)
TITLES = {
    "direct": "upstream, asked directly",
    "ours": "ours, plain policy",
    "ours-full": "ours, full policy",
    "ours-2": "ours, plain policy, two workers on the core",
    "ours-full-2": "ours, full policy, two workers on the core",
    "ferro": "Ferro (Go)",
    "vllm-router": "vllm-router (Rust)",
    "nginx": "nginx",
    "litellm": "LiteLLM's proxy",
    "portkey": "Portkey",
    "ours-tls": "ours, plain policy, TLS upstream",
    "nginx-tls": "nginx, TLS upstream",
}


def figures_table(rounds: Sequence[Round]) -> str:
    """Markdown: a row a contestant."""
    names = [name for name in TITLES if any(name in round_ for round_ in rounds)]
    lines = ["| | " + " | ".join(title for title, _ in COLUMNS) + " |", "|---" * (len(COLUMNS) + 1) + "|"]
    for name in names:
        cells = [shown(over_rounds(rounds, column, name)) for _, column in COLUMNS]
        lines.append(f"| {TITLES[name]} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def targets_table(rounds: Sequence[Round]) -> str:
    """Markdown: every promise, what was measured, and which step it reaches."""
    lines = ["| | plain policy | full policy | floor | target | stretch | reached |", "|---" * 7 + "|"]
    for target in TARGETS:
        plain, full = (over_rounds(rounds, target.ratio, name) for name in ("ours", "ours-full"))
        judged = plain if target.whose == "ours" else full
        steps = " | ".join(shown(step) for step in target.steps)
        lines.append(f"| {target.what} | {shown(plain)} | {shown(full)} | {steps} | {reached(target, judged)} |")
    return "\n".join(lines)


def reached(target: Target, value: float | None) -> str:
    """The best step that the value reaches."""
    if value is None:
        return "–"
    best = "**below the floor**"
    for name, step in zip(("floor", "target", "stretch"), target.steps, strict=True):
        if value >= step if target.more else value <= step:
            best = name
    return best


def over_rounds(rounds: Sequence[Round], figure: Figure, name: str) -> float | None:
    """The contestant's median over the rounds that have the figure."""
    values = [value for round_ in rounds if (value := figure(round_, name)) is not None]
    return median(values) if values else None


def shown(value: float | None) -> str:
    """Three significant digits."""
    if value is None:
        return "–"
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def _get(round_: Round, name: str, figure: str) -> float | None:
    return round_.get(name, {}).get(figure)


def _divide(above: float | None, below: float | None) -> float | None:
    return None if above is None or not below else above / below
