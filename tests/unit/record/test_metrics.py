"""What the metrics say of an Outcome, under the names and labels that dashboards rely on."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from gateway.catalog.prices import Usage
from gateway.data_plane.vitals import Vitals
from gateway.outcome.outcome import Outcome
from gateway.record.families import FAMILIES
from gateway.record.journal.reader import Batch
from gateway.record.journal.tail import Position
from gateway.record.journal.writer import Writer
from gateway.record.metrics import MetricsSink
from tests.unit.record.build import (
    FILES,
    GLM,
    POLICY,
    QWEN,
    attempt,
    caller,
    decision,
    denied,
    endpoint,
    entries,
    outcome,
    policy,
    request,
)

Series = dict[str, float]


def seen(metrics: Metrics) -> Series:
    """Every sample but histogram buckets, as `name{labels}` without `gateway_`."""
    lines = metrics.exposition().decode().splitlines()
    pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#") and "_bucket{" not in line)
    return {name.removeprefix("gateway_"): float(value) for name, value in pairs}


class Metrics:
    """The sink, given records at once."""

    def __init__(self, folder: Path = Path("nowhere")):
        self.sink = MetricsSink(folder, lambda entry: None)

    def observe(self, *outcomes: Outcome, beside: str = "") -> None:
        self.sink.take(Batch(entries(*outcomes, beside=beside)), {})

    def exposition(self) -> bytes:
        return self.sink.exposition()


def counted(*outcomes: Outcome) -> Series:
    metrics = Metrics()
    metrics.observe(*outcomes)
    return {
        name: value
        for name, value in seen(metrics).items()
        if value and not name.startswith(("overhead", "shared_state", "first_request", "last_reply"))
    }


HERE = 'endpoint="qwen3@self",hosting="self"'


def test_an_answer_is_counted_once_everywhere():
    assert counted(outcome()) == {
        f'requests_total{{{HERE},kind="chat",origin="CN",outcome="answered",route="rest",team="research"}}': 1,
        'attempts_total{endpoint="qwen3@self",outcome="answered"}': 1,
        f'tokens_total{{direction="input",{HERE},origin="CN",team="research"}}': 900,
        f'tokens_total{{direction="cached_input",{HERE},origin="CN",team="research"}}': 100,
        f'tokens_total{{direction="output",{HERE},origin="CN",team="research"}}': 20,
        f'tokens_total{{direction="reasoning",{HERE},origin="CN",team="research"}}': 5,
        f'cost_usd_total{{baseline_permitted="true",{HERE},origin="CN",team="research"}}': 0.00031,
        f'baseline_cost_usd_total{{baseline_permitted="true",basis="list",{HERE},origin="CN",team="research"}}': 0.0021,
        'judged_total{language="en",model="qwen3",operator="self",outcome="answered",topic="none"}': 1,
        'request_seconds_count{endpoint="qwen3@self",kind="chat"}': 1,
        'request_seconds_sum{endpoint="qwen3@self",kind="chat"}': 0.91,
        'first_byte_seconds_count{endpoint="qwen3@self",kind="chat"}': 1,
        'first_byte_seconds_sum{endpoint="qwen3@self",kind="chat"}': 0.4,
        'seconds_per_output_token_count{endpoint="qwen3@self",kind="chat"}': 1,
        'seconds_per_output_token_sum{endpoint="qwen3@self",kind="chat"}': 0.045,
    }


def test_a_rerouted_refusal_is_an_attempt_of_an_answered_request():
    counts = counted(
        outcome(
            attempt(GLM, outcome="declined"),
            attempt(QWEN),
            decision=decision(topic=frozenset({"medical", "prc_political"}), language="zh"),
            rerouted=(("glm-5@zai", "qwen3@self", "declined"),),
        )
    )

    refused = '{language="zh",model="glm-5",operator="zai",outcome="declined",topic="prc_political"}'
    assert counts[f"refusals_total{refused}"] == 1
    assert counts[f"judged_total{refused}"] == 1
    assert counts['attempts_total{endpoint="glm-5@zai",outcome="declined"}'] == 1
    assert counts['reroutes_total{from_endpoint="glm-5@zai",reason="declined",to_endpoint="qwen3@self"}'] == 1
    assert sum(value for name, value in counts.items() if name.startswith("requests_total")) == 1
    assert sum(value for name, value in counts.items() if name.startswith("cost_usd_total")) == 0.00062
    assert [counts.get(f'reroute_cost_usd_total{{endpoint="{id}"}}', 0) for id in (GLM.id, QWEN.id)] == [0.00031, 0]


@pytest.mark.parametrize(("result", "said", "cut"), [("filtered", 20, 1), ("filtered", 0, 0), ("declined", 20, 0)])
def test_a_reply_that_a_filter_ends_after_it_began_is_cut_midway(result: str, said: int, cut: int):
    counts = counted(outcome(attempt(GLM, outcome=result, usage=Usage(input_tokens=9, output_tokens=said))))

    assert counts.get('cut_midway_total{endpoint="glm-5@zai"}', 0) == cut
    assert 'reroute_cost_usd_total{endpoint="glm-5@zai"}' not in counts


@pytest.mark.parametrize(
    ("topic", "result", "faults"),
    [
        ("self_harm", "declined", 0),  # by default, the policy wants that declined
        ("self_harm", "filtered", 1),
        ("medical", "declined", 1),
    ],
)
def test_declining_what_should_be_declined_is_no_refusal(topic: str, result: str, faults: int):
    counts = counted(outcome(attempt(outcome=result), decision=decision(topic=frozenset({topic}))))

    assert sum(value for name, value in counts.items() if name.startswith("judged")) == 1
    assert sum(value for name, value in counts.items() if name.startswith("refusals")) == faults


def test_a_failure_is_no_chance_to_refuse():
    counts = counted(outcome(attempt(outcome="failed", usage=Usage(), cost_usd=Decimal(0), first_byte_s=None)))

    assert [name for name in counts if name.startswith(("judged", "refusals"))] == []
    assert counts['attempts_total{endpoint="qwen3@self",outcome="failed"}'] == 1


def test_a_denied_request_names_its_guard_and_no_endpoint():
    counts = counted(denied("home-only", decision=decision(data_class="regulated")))

    assert counts == {
        'requests_total{endpoint="none",hosting="none",kind="chat",origin="none",outcome="denied",'
        'route="rest",team="research"}': 1,
        'denied_total{guard="home-only",team="research"}': 1,
        'guard_removed_total{guard="no-chinese-machines",origin="CN"}': 1,
        'guard_removed_total{guard="home-only",origin="CN"}': 1,
        'guard_removed_total{guard="home-only",origin="US"}': 1,
    }


def test_measuring_costs_are_no_cost_of_the_request():
    shadow = attempt(GLM, purpose="shadow", cost_usd=Decimal(1))

    counts = counted(outcome(shadow, attempt(QWEN)))

    assert [value for name, value in counts.items() if name.startswith("cost_usd_total")] == [0.00031]


def test_a_trial_is_counted_by_purpose_and_a_shadow_nowhere_else():
    metrics = Metrics()
    idle = seen(metrics)

    metrics.observe(outcome(attempt(QWEN, purpose="shadow")), beside="shadow")

    counts = {name: value for name, value in seen(metrics).items() if idle.get(name) != value}
    assert counts == {
        'trial_attempts_total{endpoint="qwen3@self",outcome="answered",purpose="shadow",route="rest"}': 1.0,
        'trial_cost_usd_total{endpoint="qwen3@self",purpose="shadow",route="rest"}': 0.00031,
    }


def test_a_language_that_no_rule_names_is_other():
    asks_french = FILES | {"policy.yaml": FILES["policy.yaml"].replace("data_class: regulated", "language: [fr, de]")}
    french = decision(language="fr")

    def languages(files: Mapping[str, str]) -> list[str]:
        metrics = Metrics()
        metrics.observe(outcome(decision=replace(french, policy=policy(files))))
        return re.findall(r'language="(\w+)"', metrics.exposition().decode())

    assert (languages(FILES), languages(asks_french)) == (["other"], ["fr"])


def test_only_the_policy_that_serves_is_marked(tmp_path: Path):
    other = policy(FILES | {"policy.yaml": FILES["policy.yaml"] + "# changed"})
    journal = Writer(tmp_path, most_bytes=1 << 24)
    vitals = Vitals(tmp_path, journal)

    vitals.serves_policy(POLICY)
    vitals.serves_policy(other)
    vitals.tell(ceilings={}, in_flight=0, open_breakers=[], budgets={})
    vitals.close()
    metrics = Metrics(tmp_path)
    metrics.sink.look()
    shown = seen(metrics)
    journal.close()

    assert {name: value for name, value in shown.items() if name.startswith("policy_info")} == {
        f'policy_info{{version="{POLICY.version}"}}': 0,
        f'policy_info{{version="{other.version}"}}': 1,
    }


@pytest.mark.thorough
def test_twenty_teams_on_fifteen_of_150_endpoints_stay_below_20000_series():
    metrics = Metrics()
    places = [endpoint(f"model-{n}@operator-{n % 30}") for n in range(150)]
    topics = ("prc_political", "code", "medical")
    results = ("answered", "declined", "failed")
    for team in range(20):
        for n in range(15):
            place = places[(team * 15 + n) % 150]
            for kind in ("chat", "embedding"):
                for topic, result in zip(topics, results, strict=True):
                    metrics.observe(
                        outcome(
                            attempt(place, outcome=result),
                            request=request(kind=kind),
                            caller=caller(f"team-{team}"),
                            decision=decision(topic=frozenset({topic})),
                        )
                    )

    series = sum(1 for line in metrics.exposition().splitlines() if not line.startswith(b"#"))

    assert series <= 20_000


def test_every_family_is_exposed_under_its_own_name_and_type():
    exposed = text_string_to_metric_families(Metrics().exposition().decode())

    assert {family.name: family.type for family in exposed} == {
        family.name.removesuffix("_total"): family.type for family in FAMILIES
    }


def test_a_folder_that_cannot_be_written_stops_nothing(tmp_path: Path):
    (tmp_path / "file").write_text("")
    metrics = Metrics(tmp_path / "file")
    metrics.observe(outcome())

    metrics.sink.save()

    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    assert metrics.sink.kept is None


def test_counts_and_positions_come_back_together(tmp_path: Path):
    first = Metrics(tmp_path)
    first.sink.open()
    first.sink.take(Batch(entries(outcome(), denied("budget"))), {"a" * 32: Position(2, 3, 500)})
    first.sink.save()
    lost = Metrics(tmp_path)
    first.observe(outcome())  # counted, but not kept: it is read again
    before = seen(Metrics())

    positions = lost.sink.open()

    assert positions == {"a" * 32: Position(2, 3, 500)}
    shown = {name: value for name, value in seen(lost).items() if before.get(name) != value}
    assert sum(value for name, value in shown.items() if name.startswith("requests_total")) == 2
    assert shown['request_seconds_sum{endpoint="qwen3@self",kind="chat"}'] == 0.91
    assert shown['request_seconds_count{endpoint="qwen3@self",kind="chat"}'] == 1
