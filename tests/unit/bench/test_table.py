"""How figures of rounds become ratios and verdicts."""

import pytest

from bench.table import TARGETS, added, figures_table, of, over_rounds, reached, shown, targets_table, under

ROUND = {
    "direct": {"rps_32": 40_000.0, "p50_ms_20rps": 0.1, "many_streams_p50_ms": 2000.0},
    "ours": {"rps_32": 10_000.0, "p50_ms_20rps": 0.6, "many_streams_p50_ms": 2100.0},
    "nginx": {"rps_32": 40_000.0, "p50_ms_20rps": 0.35},
    "litellm": {"rps_32": 100.0, "p50_ms_20rps": 10.1},
}


def test_a_ratio_is_taken_within_a_round_and_its_median_over_the_rounds():
    slow = {**ROUND, "ours": {"rps_32": 2_000.0}, "nginx": {"rps_32": 10_000.0}}

    assert over_rounds([ROUND, slow, slow], of("rps_32", "nginx"), "ours") == 0.2


def test_added_time_is_what_comes_on_top_of_asking_the_upstream_directly():
    assert added(ROUND, "ours", "p50_ms_20rps") == 0.5
    assert under("p50_ms_20rps", "litellm")(ROUND, "ours") == 20.0


def test_a_proxy_that_noise_makes_faster_than_none_adds_the_least_that_the_clock_tells():
    lucky = {**ROUND, "ours": {"p50_ms_20rps": 0.05}}

    assert added(lucky, "ours", "p50_ms_20rps") == 0.001


def test_who_was_not_measured_has_no_figure():
    assert of("rps_32", "portkey")(ROUND, "ours") is None
    assert over_rounds([ROUND], of("rps_32", "portkey"), "ours") is None
    assert shown(None) == "–"


@pytest.mark.parametrize(
    ("what", "value", "step"),
    [
        ("throughput c=32 ÷ nginx", 0.36, "stretch"),
        ("throughput c=32 ÷ nginx", 0.25, "target"),
        ("throughput c=32 ÷ nginx", 0.14, "**below the floor**"),
        ("CPU per request ÷ nginx", 6.9, "floor"),
        ("CPU per request ÷ nginx", 2.0, "stretch"),
        ("CPU per request ÷ nginx", None, "–"),
    ],
)
def test_a_value_reaches_the_best_step_that_it_passes(what, value, step):
    target = next(target for target in TARGETS if target.what == what)

    assert reached(target, value) == step


def test_every_contestant_and_every_promise_has_a_row():
    figures = figures_table([ROUND]).splitlines()
    promises = targets_table([ROUND]).splitlines()

    assert [line.split(" | ")[0] for line in figures[2:]] == [
        "| upstream, asked directly",
        "| ours, plain policy",
        "| nginx",
        "| LiteLLM's proxy",
    ]
    assert len(promises) == len(TARGETS) + 2
    assert promises[2] == "| throughput c=32 ÷ nginx | 0.25 | – | 0.15 | 0.25 | 0.35 | target |"
