"""The text that Prometheus reads, as its own client library reads it."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from gateway.record import page, tally
from gateway.record.tally import Histogram


def test_any_label_survives():
    awkward = 'a "quoted"\\back\nslash, 天安门'
    cells = tally.merged([{"gateway_denied_total": {(awkward, "team"): 2.5}}])

    samples = [s for family in text_string_to_metric_families(page.text(cells).decode()) for s in family.samples]

    assert [(s.name, s.labels, s.value) for s in samples] == [
        ("gateway_denied_total", {"guard": awkward, "team": "team"}, 2.5)
    ]


def test_buckets_are_cumulative_and_a_bound_belongs_to_its_bucket():
    cells = Histogram((0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05))
    for seconds in (0.0001, 0.0002, 0.05, 7.0):
        cells.observe(("chat", "true"), seconds)

    text = page.text(tally.merged([{"gateway_overhead_seconds": dict(cells)}])).decode()

    (family,) = (f for f in text_string_to_metric_families(text) if f.name == "gateway_overhead_seconds")
    buckets = {s.labels["le"]: s.value for s in family.samples if s.name.endswith("_bucket")}
    assert buckets == {
        "0.0001": 1,
        "0.00025": 2,
        "0.0005": 2,
        "0.001": 2,
        "0.0025": 2,
        "0.005": 2,
        "0.01": 2,
        "0.05": 3,
        "+Inf": 4,
    }
    assert {
        s.name.removeprefix("gateway_overhead_seconds"): s.value for s in family.samples if "le" not in s.labels
    } == {
        "_count": 4,
        "_sum": 7.0503,
    }
