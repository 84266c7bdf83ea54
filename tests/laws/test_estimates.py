"""Estimates against a known truth: they converge, their intervals hold, and lies move them only so far."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.catalog.facts import Endpoint, Model
from gateway.estimates import PRIORS, Estimates, Observation, Snapshot
from gateway.estimates.beta import below
from gateway.estimates.fold import Feedback, Pair
from gateway.estimates.priors import answered_rate, expected_tokens
from gateway.estimates.ratio import output_ratio
from gateway.estimates.tally import SHARE, Tally, bound
from gateway.policy.decide import decide
from gateway.policy.view import View
from gateway.signals.value import Value
from tests.unit.policy.small import AT, REST, SETS, compiled

FOLDER = compiled(policy=SETS + b"version: 1\n" + REST.replace(b"listed", b"cost_per_answer"))
GLM, TOGETHER = FOLDER.catalog.endpoints["glm@zai"], FOLDER.catalog.endpoints["glm@together"]
GPT, QWEN = FOLDER.catalog.endpoints["gpt@openai"], FOLDER.catalog.endpoints["qwen@self"]
TOPIC, LANGUAGE, EFFORT = "prc_political", "en", "default"
KEYS = 50
Truth = tuple[Endpoint, float, float]  # output tokens and answered rate of an endpoint


def lognormal(chance: np.random.Generator, mean: float, variation: float, size: int | None = None):
    variance = np.log1p(variation**2)
    return mean * np.exp(chance.normal(-variance / 2, np.sqrt(variance), size))


def seen(
    endpoint: Endpoint, *, key: str = "k", answered: bool = True, tokens: int = 400, at: float = AT
) -> Observation:
    return Observation(
        at=AT,
        key=key,
        model=endpoint.model.id,
        endpoint=endpoint.id,
        effort=EFFORT,
        topic=TOPIC,
        language=LANGUAGE,
        expected_tokens=expected_tokens(endpoint.model, EFFORT),
        answered=answered,
        output_tokens=tokens,
        first_byte_s=0.5,
        total_s=2.0,
    )


def world(seed: int, *, models: int, requests: int) -> tuple[Snapshot, list[Truth]]:
    """Models as unlike each other as is believed, and what requests of many keys tell of them."""
    chance = np.random.default_rng(seed)
    estimates, truths = Estimates(), []
    scale = lognormal(chance, 1.5, 0.2)
    for number in range(models):
        model: Model = replace(GLM.model, id=f"m{number}")
        endpoint = replace(GLM, id=f"m{number}@x", model=model)
        tokens = lognormal(chance, lognormal(chance, scale, 0.5), 0.35) * expected_tokens(model, EFFORT)
        weights = 20 * (believed := answered_rate(model, TOPIC, LANGUAGE)), 20 * (1 - believed)
        usual = chance.beta(*weights)
        answers = chance.beta(10 * usual, 10 * (1 - usual))
        truths.append((endpoint, float(tokens), float(answers)))
        said, replied = lognormal(chance, tokens, 1.0, requests), chance.random(requests) < answers
        for n in range(requests):
            estimates.add(seen(endpoint, key=f"k{n % KEYS}", answered=bool(replied[n]), tokens=round(said[n])))
    return estimates.snapshot(), truths


def estimated(snapshot: Snapshot, endpoint: Endpoint):
    return (
        snapshot.output_tokens(endpoint.model, EFFORT, TOPIC),
        snapshot.answered(endpoint, TOPIC, LANGUAGE),
    )


def test_ninety_five_per_cent_intervals_hold_the_truth_that_often():
    tokens: list[bool] = []
    answers: list[bool] = []
    for seed, requests in enumerate((10, 30, 60, 100) * 4):
        snapshot, truths = world(seed, models=60, requests=requests)
        for endpoint, true_tokens, true_answers in truths:
            said, answered = estimated(snapshot, endpoint)
            tokens.append(said.low <= true_tokens <= said.high)
            answers.append(answered.low <= true_answers <= answered.high)

    assert 0.93 <= np.mean(tokens) <= 0.97
    assert 0.93 <= np.mean(answers) <= 0.97


def test_estimates_converge_to_the_truth():
    errors = []
    for requests in (0, 30, 1000):
        snapshot, truths = world(1, models=25, requests=requests)
        found = [(*estimated(snapshot, endpoint), tokens, answers) for endpoint, tokens, answers in truths]
        errors.append(
            (
                np.mean([abs(said.mean / tokens - 1) for said, _, tokens, _ in found]),
                np.mean([abs(answered.mean - answers) for _, answered, _, answers in found]),
            )
        )

    assert errors[0] > errors[1] > errors[2]
    assert errors[2][0] < 0.05 and errors[2][1] < 0.02


@pytest.mark.parametrize(
    ("tokens", "answers"),
    [
        ({"glm": 4000, "qwen": 300}, {"glm": 0.97, "qwen": 0.97}),
        ({"glm": 400, "qwen": 400}, {"glm": 0.1, "qwen": 0.97}),
    ],
    ids=["the cheap model is verbose", "the cheap model refuses"],
)
def test_routing_by_it_beats_routing_by_list_price(tokens, answers):
    by_price, learned = paid_per_answer("price", tokens, answers), paid_per_answer("cost_per_answer", tokens, answers)

    assert learned < 0.7 * by_price


def paid_per_answer(order: str, tokens: dict[str, int], answers: dict[str, float]) -> float:
    """What 1,500 requests cost that ask one endpoint after another until one answers, learning as they go."""
    chance = np.random.default_rng(3)
    rest = REST.replace(b"listed", order.encode()).replace(b"{any: {}}", b"{any: {model: [glm, qwen]}}")
    policy = compiled(policy=SETS + b"version: 1\n" + rest).policy
    estimates, snapshot, paid, answered = Estimates(), PRIORS, 0.0, 0
    signals: dict[str, Value] = {
        "kind": "chat", "needs": frozenset(), "tokens": 100, "topic": frozenset({TOPIC}), "language": LANGUAGE,
        "effort": EFFORT, "pii": frozenset(), "data_class": "public", "team": "research", "residency": "any",
    }  # fmt: skip
    for number in range(1500):
        if number % 50 == 0:
            snapshot = estimates.snapshot()
        for endpoint in decide(policy, signals, View(at=AT, estimates=snapshot)).endpoints:
            said = round(lognormal(chance, tokens[endpoint.model.id], 0.5))
            done = bool(chance.random() < answers[endpoint.model.id])
            price = endpoint.prices[0]
            paid += (100 * float(price.input or 0) + said * float(price.output or 0)) / 1e6
            estimates.add(seen(endpoint, key=f"k{number % KEYS}", answered=done, tokens=said))
            if done:
                answered += 1
                break
    return paid / answered


def honest(requests: int) -> Iterator[Observation]:
    for n in range(requests):
        yield seen(GLM, key=f"k{n % KEYS}", answered=n % 10 != 0, tokens=400)


def poisoned(liars: int, lies: int) -> tuple[float, float]:
    """How far the answered rate and the tokens move when so many keys each add so many lies in a day."""
    estimates = Estimates()
    for observation in honest(5000):
        estimates.add(observation)
    before = estimated(estimates.snapshot(), GLM)
    for n in range(lies):
        for liar in range(liars):
            estimates.add(seen(GLM, key=f"liar{liar}", answered=False, tokens=100_000 if n % 2 else 0))
    after = estimated(estimates.snapshot(), GLM)
    return abs(after[1].mean - before[1].mean), after[1].weight / before[1].weight


def test_one_lying_key_moves_an_estimate_by_no_more_than_a_fifth_however_loud_it_is():
    moved, grown = poisoned(1, 50_000)

    assert moved <= SHARE * 0.9 + 0.01
    assert grown <= 1 / (1 - SHARE) + 0.01


def test_a_tenth_of_all_keys_that_lie_as_much_as_others_speak_move_it_by_a_tenth():
    moved, _ = poisoned(KEYS // 9, 100)

    assert moved <= 0.1


def test_feedback_moves_the_estimates_of_its_own_team_and_nobody_else_s():
    estimates = Estimates()
    for observation in honest(1000):
        estimates.add(observation)
    before = estimates.snapshot().answered(GLM, TOPIC, LANGUAGE).mean
    for n in range(400):
        estimates.add_feedback(Feedback(AT, f"k{n % KEYS}", "research", GLM.id, TOPIC, LANGUAGE, answered=False))
    snapshot = estimates.snapshot()

    assert snapshot.answered(GLM, TOPIC, LANGUAGE).mean == before
    assert snapshot.answered(GLM, TOPIC, LANGUAGE, team="sales").mean == before
    assert snapshot.answered(GLM, TOPIC, LANGUAGE, team="research").mean < 0.1
    assert snapshot.answered_mean(GLM, TOPIC, LANGUAGE, team="research") == pytest.approx(
        snapshot.answered(GLM, TOPIC, LANGUAGE, team="research").mean
    )


def test_one_key_s_feedback_moves_its_own_team_by_no_more_than_a_fifth_in_a_day():
    estimates = Estimates()
    for _ in range(10_000):
        estimates.add_feedback(Feedback(AT, "liar", "research", GLM.id, TOPIC, LANGUAGE, answered=False))
    believed = estimated(PRIORS, GLM)[1].mean

    said = estimates.snapshot().answered(GLM, TOPIC, LANGUAGE, team="research").mean
    assert believed * (1 - SHARE) - 1e-6 <= said < believed


def test_a_team_that_was_heard_is_routed_by_what_it_said():
    policy, estimates = FOLDER.policy, Estimates()
    first = decide(policy, signals_for("research"), View(at=AT)).endpoints[0]
    for n in range(400):
        estimates.add_feedback(Feedback(AT, f"k{n % KEYS}", "research", first.id, "none", LANGUAGE, answered=False))
    view = View(at=AT, estimates=estimates.snapshot())

    assert decide(policy, signals_for("research"), view).endpoints[0] is not first
    assert decide(policy, signals_for("sales"), view).endpoints[0] is first


def signals_for(team: str) -> dict[str, Value]:
    return {
        "kind": "chat", "needs": frozenset(), "tokens": 100, "topic": frozenset(), "language": LANGUAGE,
        "effort": EFFORT, "team": team,
    }  # fmt: skip


@given(st.lists(st.tuples(st.integers(0, 8), st.integers(1, 400)), min_size=1, max_size=12), st.floats(0.5, 100))
def test_no_key_has_more_than_a_fifth_of_the_weight_of_a_day(counts, worth):
    tally, by_key = Tally(worth), dict.fromkeys(range(9), 0)
    for key, count in counts:
        by_key[key] += count
        for _ in range(count):
            tally.add(1, str(key), 1.0)
    whole = worth + tally.sums.weight
    most = bound([float(count) for count in by_key.values() if count], worth)

    assert most <= SHARE * whole + 1e-6
    assert tally.sums.weight == pytest.approx(sum(min(count, most) for count in by_key.values()))


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 10)), max_size=30), st.randoms(use_true_random=False))
def test_the_order_of_a_day_s_observations_does_not_matter(observations, chance):
    one, other = Tally(4), Tally(4)
    for key, value in observations:
        one.add(1, key, value)
    chance.shuffle(observations)
    for key, value in observations:
        other.add(1, key, value)

    assert one.sums.weight == pytest.approx(other.sums.weight)
    assert one.sums.total == pytest.approx(other.sums.total)


@given(st.integers(1, 30), st.integers(1, 30), st.floats(0.01, 0.99))
def test_the_incomplete_beta_function_counts_coin_throws(heads, tails, x):
    throws = heads + tails - 1
    term, total = (1 - x) ** throws, 0.0
    for k in range(throws + 1):
        total += term if k >= heads else 0.0
        term *= (throws - k) / (k + 1) * x / (1 - x)

    assert below(x, heads, tails) == pytest.approx(total, abs=1e-9)


def test_pairs_teach_how_much_longer_one_model_talks():
    chance = np.random.default_rng(5)
    estimates = Estimates()
    for n in range(400):
        long = lognormal(chance, 500, 0.8)
        other = long * lognormal(chance, 2.0, 0.5)
        models, tokens = (GLM.model.id, GPT.model.id), (round(long), round(other))
        estimates.add_pair(Pair(AT, f"k{n % KEYS}", models, (100, 110), tokens))
    learned, back = (
        output_ratio(estimates.snapshot(), GPT.model, GLM.model),
        output_ratio(estimates.snapshot(), GLM.model, GPT.model),
    )

    low, high = learned.interval
    assert low <= 2.0 <= high and high / low < 1.3
    assert learned.mean * back.mean == pytest.approx(1.0)


def test_a_new_endpoint_of_known_weights_is_believed_to_answer_as_they_do_elsewhere():
    estimates = Estimates()
    for n in range(2000):
        estimates.add(seen(TOGETHER, key=f"k{n % KEYS}", answered=n % 2 == 0))
    fresh, unknown = estimated(estimates.snapshot(), GLM)[1], estimated(PRIORS, GLM)[1]

    assert fresh.mean == pytest.approx(0.5, abs=0.02)
    assert fresh.high - fresh.low < unknown.high - unknown.low
    assert estimated(estimates.snapshot(), QWEN)[1].mean == estimated(PRIORS, QWEN)[1].mean
