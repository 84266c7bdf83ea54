"""Claims about the console, in a real browser before the whole house."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

from gateway.demo import traffic
from gateway.record.store import open_store
from gateway.report.page import page as report_page
from grafana.build import files
from tests.e2e.conftest import House, built
from tests.running import Running, starter

pytestmark = pytest.mark.services

TOKEN = "the-console-s-token"
PATIENCE_MS = 30_000
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
QUESTION = "What happened on 4 June 1989?"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        yield started
        started.close()


@pytest.fixture(scope="module")
def watched(tmp_path_factory, local_model_process, vendors_process) -> Iterator[House]:
    """A house whose console's token is known, after a little of the demo's traffic."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("GATEWAY_ADMIN_TOKEN", TOKEN)
        with built(tmp_path_factory.mktemp("watched"), local_model_process, vendors_process) as house:
            send(house, 40)
            yield house


def send(house: House, count: int, *, seed: int = 1) -> int:
    """Mixed requests, without those for the real model, which takes its time; how many they were."""
    asked = [
        replace(each, model="simulated-deepseek" if each.model == "smollm2-135m" else each.model)
        for each in traffic.asks(count, seed=seed)
        if each.team not in ("sales-eu", "clinic")
    ]
    assert all(told.status for told in traffic.send(asked, host="127.0.0.1", port=house.gateway.port, keys=house.keys))
    return len(asked)


@pytest.fixture
def problems() -> list[str]:
    """What the browser complained about."""
    return []


@pytest.fixture
def page(browser: Browser, watched: House, problems: list[str]) -> Iterator[Page]:
    """The console as it is opened from the printed address, with figures on it; it may complain about nothing."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="light")
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE_MS)
    opened.on("console", lambda message: problems.append(message.text) if message.type != "log" else None)
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.goto(f"{watched.gateway.control_url}/?token={TOKEN}")
    expect(figure(opened, "requests")).not_to_have_text("0", timeout=PATIENCE_MS)
    yield opened
    context.close()
    assert problems == []


def figure(page: Page, name: str):
    return page.locator(".figure", has_text=name).locator(".value").first


def overview(house: House, token: str = TOKEN) -> int:
    status, _, _ = house.gateway.ask_control("GET", "/api/overview", headers={"authorization": f"Bearer {token}"})
    return status


def test_the_token_leaves_the_address_and_outlives_a_reload(page, problems):
    assert "token" not in page.url

    page.reload()

    expect(figure(page, "requests")).not_to_have_text("0")
    assert all("401" in problem for problem in problems)  # of the page itself, whose address holds no token any more
    problems.clear()


def test_a_wrong_token_is_refused_and_asked_for_again(browser, watched):
    context = browser.new_context()
    opened = context.new_page()

    opened.goto(f"{watched.gateway.control_url}/?token=wrong")

    expect(opened.locator("#refused")).to_contain_text("not the console's token", timeout=PATIENCE_MS)
    expect(opened.locator("main")).to_be_hidden()
    assert (overview(watched, "wrong"), overview(watched, watched.keys["demo"]), overview(watched)) == (401, 401, 200)
    opened.fill("#token", TOKEN)
    opened.keyboard.press("Enter")
    expect(opened.locator("main")).to_be_visible(timeout=PATIENCE_MS)
    context.close()


def test_figures_move_without_a_reload(page, watched):
    page.evaluate("window.same = true")
    before = figure(page, "requests").inner_text()
    first = page.locator(".decisions li").first.inner_text()

    send(watched, 8, seed=2)

    expect(figure(page, "requests")).not_to_have_text(before, timeout=PATIENCE_MS)
    expect(page.locator(".decisions li").first).not_to_have_text(first, timeout=PATIENCE_MS)
    assert page.evaluate("window.same")


def test_the_page_tells_what_the_ledger_holds(page, watched):
    rows = [row for row in ledger(watched) if row["attempts"]]
    asked = {attempt["endpoint"] for row in rows for attempt in row["attempts"]}

    shown = page.locator("#health .name").all_inner_texts()

    assert set(shown) == asked
    expect(page.locator("#adoption")).to_contain_text("CN")
    expect(page.locator("#rules")).to_contain_text("confidential-off-chinese-machines")
    expect(page.locator("#adoption-chart canvas")).to_be_visible()
    page.hover("#money-chart .u-over")
    expect(page.locator("#money-at")).to_contain_text("the baseline $")


def ledger(house: House):
    store = open_store(database_url=None, state_dir=house.gateway.state_dir)
    rows = list(store.rows())
    store.close()
    return rows


def test_a_decision_is_explained_when_it_is_opened_from_the_keyboard(page):
    decision = page.locator(".decisions li button").first
    decision.focus()

    page.keyboard.press("Enter")

    expect(page.locator(".decisions .why").first).to_contain_text("attempt 1:", timeout=PATIENCE_MS)
    expect(page.locator(".decisions [aria-expanded=true]")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".decisions .why")).to_have_count(0)


def test_the_map_tells_hosts_and_languages_apart(page):
    cell = page.locator("#map [data-key='map simulated-deepseek prc_political']")
    everywhere = cell.get_attribute("aria-label")

    page.select_option("#map-host", "simulated-cn")
    on_chinese_machines = cell.get_attribute("aria-label")
    page.select_option("#map-language", "zh")
    in_chinese = cell.get_attribute("aria-label")
    cell.focus()

    assert len({everywhere, on_chinese_machines, in_chinese}) == 3
    assert page.locator("#map-detail").inner_text() == in_chinese


def test_a_cell_of_few_replies_shows_no_rate(page):
    few = page.locator(".heat.few").first

    expect(few).to_contain_text("not enough")
    expect(few).not_to_contain_text("%")


def test_what_if_answers_from_the_text_and_the_team(page):
    page.fill("#text", QUESTION)
    page.select_option("#team", "clinic")
    page.click("#what-if button")

    answer = page.locator("#answer")
    expect(answer).to_contain_text("goes to smollm2-135m@self", timeout=PATIENCE_MS)
    expect(answer).to_contain_text("regulated-stays-home")
    expect(answer).to_contain_text("prc political")


def test_a_what_if_is_written_down_nowhere(page, watched):
    marker = "a very peculiar 8f2c prompt"

    page.fill("#text", marker)
    page.click("#what-if button")
    expect(page.locator("#answer")).to_contain_text("goes to", timeout=PATIENCE_MS)

    home = watched.gateway.state_dir.parent
    assert [path for path in home.rglob("*") if path.is_file() and marker.encode() in path.read_bytes()] == []


def test_a_what_if_that_no_endpoint_may_serve_says_who_refuses_it(watched):
    status, _, body = watched.gateway.ask_control(
        "POST",
        "/api/policy/explain",
        {"text": "Hi", "team": "clinic", "model": "simulated-gpt"},
        headers={"authorization": f"Bearer {TOKEN}"},
    )

    assert status == 200
    assert b'"code":"no_permitted_endpoint"' in body
    assert b"regulated-stays-home" in body


@pytest.mark.parametrize(
    "asked", [{"text": "Hi", "team": "nobody"}, {"text": "Hi", "data_class": "secret"}, {"txt": "Hi"}, []]
)
def test_a_what_if_that_makes_no_sense_is_refused(watched, asked):
    headers = {"authorization": f"Bearer {TOKEN}"}

    assert watched.gateway.ask_control("POST", "/api/policy/explain", asked, headers=headers)[0] == 400


def test_everything_simulated_says_so(page):
    expect(page.locator("#notice")).to_contain_text("simulated")
    for place in ("#health tr", "#map tr"):
        for line in page.locator(place).all():
            told = line.inner_text()
            assert "simulated-" not in told or "simulated" in told.replace("simulated-", ""), told


def test_an_endpoint_that_rests_says_so(page, watched):
    watched.vendors.shut("simulated-us")
    try:
        for _ in range(5):
            watched.ask({"model": "simulated-deepseek@simulated-us", "messages": [{"role": "user", "content": "Hi"}]})

        line = page.locator("#health tr", has_text="simulated-deepseek@simulated-us")
        expect(line).to_contain_text("resting", timeout=PATIENCE_MS)
        expect(line).to_contain_text("mostly connect")
    finally:
        watched.vendors.reset()


def test_an_administrator_freezes_and_lifts_and_is_told_what_nobody_is_called(page, problems):
    page.on("dialog", lambda dialog: dialog.accept())
    page.fill("#freeze-value", "anthropicc")
    page.click("#freeze button")
    expect(page.locator("#freeze-refused")).to_contain_text("no operator is called `anthropicc`")
    assert all("400" in problem for problem in problems)
    problems.clear()
    page.select_option("#freeze-selector", "origin")
    page.fill("#freeze-value", "KP")
    page.fill("#freeze-reason", "<b>ticket 4711</b>")
    page.click("#freeze button")

    row = page.locator("#freezes tr", has_text="origin KP")
    expect(row).to_contain_text("by GATEWAY_ADMIN_TOKEN · <b>ticket 4711</b>")
    expect(page.locator("#notice")).to_contain_text("frozen: origin KP")
    expect(page.locator("#freeze-refused")).to_be_empty()

    row.locator("button").click()

    expect(page.locator("#freezes")).to_contain_text("nothing is frozen")
    expect(page.locator("#notice")).not_to_contain_text("frozen")


def test_a_key_is_made_used_rotated_and_revoked_and_the_audit_says_by_whom(page, watched):
    page.on("dialog", lambda dialog: dialog.accept())
    page.select_option("#key-team", "research")
    page.fill("#key-app", "<i>app</i>")
    page.click("#key button")
    expect(page.locator("#key-made")).to_contain_text("shown this once")
    name, key = page.locator("#key-made").inner_text().split(" — ")[0].split(": ")

    assert soon(lambda: models_status(watched, key) == 200)
    row = page.locator("#keys tr", has=page.get_by_text(name, exact=True))
    expect(row).to_contain_text("research · <i>app</i>")
    expect(row).to_contain_text("never")
    row.get_by_role("button", name=f"rotate {name}").click()
    expect(page.locator("#key-made")).to_contain_text(f"{name} works until")
    page.get_by_role("button", name=f"revoke {name}", exact=True).click()
    expect(row).to_contain_text("revoked")

    assert soon(lambda: models_status(watched, key) == 401)
    expect(page.locator("#audit")).to_contain_text("GATEWAY_ADMIN_TOKEN", timeout=PATIENCE_MS)
    expect(page.locator("#audit")).to_contain_text(name, timeout=PATIENCE_MS)
    assert key not in page.locator("#audit").inner_text()


def test_an_ended_key_is_erased_and_one_of_the_policy_s_files_is_revoked_first(page, watched):
    page.on("dialog", lambda dialog: dialog.accept())
    page.select_option("#key-team", "research")
    page.click("#key button")
    expect(page.locator("#key-made")).to_contain_text("shown this once")
    name, key = page.locator("#key-made").inner_text().split(" — ")[0].split(": ")
    expect(page.get_by_role("button", name="erase research", exact=True)).to_have_count(0)

    page.get_by_role("button", name=f"erase {name}", exact=True).click()

    expect(page.locator("#keys")).not_to_contain_text(name, timeout=PATIENCE_MS)
    assert soon(lambda: models_status(watched, key) == 401)


def test_policy_versions_say_who_when_and_what_they_changed(page, watched):
    policy = watched.gateway.state_dir.parent.parent / "policies" / "policy.yaml"
    text = policy.read_text()
    guard = "  - {name: no-legal, why: <i>a test</i>, when: {topic: legal}, never: {exposure: china}}\n"
    policy.write_text(text.replace("guards:\n", f"guards:\n{guard}"))
    serves = page.locator("#versions li", has_text="serves")
    expect(page.locator("#versions li")).to_have_count(2, timeout=PATIENCE_MS)
    policy.write_text(text)  # which widens
    refused = page.locator("#versions li", has_text="refused")
    expect(refused).to_contain_text("the new policy widens", timeout=PATIENCE_MS)
    policy.write_text(text.replace("guards:\n", f"guards:\n{guard}"))

    serves.locator("button").first.click()

    expect(serves.locator(".reach")).to_contain_text("topic legal or unknown", timeout=PATIENCE_MS)
    expect(serves.locator(".reach")).to_contain_text("no longer reach simulated-deepseek@simulated-cn")
    serves.locator("summary").click()
    expect(serves.locator(".lines .good").last).to_contain_text("<i>a test</i>")
    refused.locator("button").first.click()
    expect(refused.locator(".reach")).to_contain_text("may now reach")


def test_savings_are_equal_to_the_cent_in_console_report_and_grafana_s_query(watched):
    token = {"authorization": f"Bearer {TOKEN}"}

    def told(path: str):
        return json.loads(watched.gateway.ask_control("GET", path, headers=token)[2])

    pages = json.loads(files()["money.json"])["panels"]
    queries = {each["title"]: each["targets"][0]["expr"] for each in pages if each["type"] == "stat"}

    def all_three(title: str, name: str) -> list[str]:
        shown, report = told("/api/overview")["savings"], told("/api/reports/savings")
        return [
            f"{float(each):.7f}" for each in (shown[name], report[name], evaluated(watched.gateway, queries[title]))
        ]

    for asked in (("List-price savings", "list_savings_usd"), ("Effective savings", "effective_savings_usd")):
        assert soon(partial(lambda asked: len(set(all_three(*asked))) == 1, asked)), all_three(*asked)
        assert float(all_three(*asked)[0]) > 0


def evaluated(gateway: Running, query: str) -> float:
    """`sum(increase(…[$__range])) - sum(increase(…[$__range]))` over all time: the counters as they stand."""
    terms = re.findall(r"(-?) ?sum\(increase\(\s*(\w+)\{(.*?)\}\[\$__range\]\)\)", query)
    assert len(terms) == 2
    total = 0.0
    for sign, name, labels in terms:
        wanted = dict(re.findall(r'(\w+)="(\w+)"', labels))
        total += (-1 if sign else 1) * gateway.metric(name, **wanted)
    return total


def test_a_report_of_many_groups_is_shorter_than_eight_screens(browser):
    row = {"declined": 1, "evaded": 0, "filtered": 2, "blank": 0, "rate": 0.1, "low": 0.05, "high": 0.2, "n": 30}
    rows = [
        row
        | {"model": f"a-model-of-{n}", "operator": f"operator-{n % 7}", "topic": "prc_political", "language": "en"}
        | ({"rate": None, "low": None, "high": None, "n": 3} if n % 3 else {})
        for n in range(200)
    ]
    text = report_page(
        "refusals", {"rows": rows, "requests": 999, "ended_refused": 9}, policy_version="v", made_at="now"
    )
    for width, height in ((1280, 900), (380, 800)):
        context = browser.new_context(viewport={"width": width, "height": height})
        opened = context.new_page()
        opened.set_content(text)
        assert opened.evaluate("document.documentElement.scrollHeight") < 8 * height
        assert opened.evaluate("document.documentElement.scrollWidth") == width
        context.close()


def models_status(house: House, key: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", house.gateway.port, timeout=10)
    connection.request("GET", "/v1/models", headers={"authorization": f"Bearer {key}"})
    status = connection.getresponse().status
    connection.close()
    return status


def soon(told: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 20
    while not told() and time.monotonic() < deadline:
        time.sleep(0.1)
    return told()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 380])
def test_it_fits_the_screen_and_can_be_read(browser, watched, tmp_path, scheme, width):
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    opened = context.new_page()
    opened.route("**/api/budgets", lambda route: route.fulfill(json=BOUNDS))
    opened.goto(f"{watched.gateway.control_url}/?token={TOKEN}")
    expect(figure(opened, "requests")).not_to_have_text("0", timeout=PATIENCE_MS)
    expect(opened.locator("#budgets")).to_contain_text("a-model-with-a-rather-long-name@an-operator")
    assert [each.inner_text() for each in opened.locator("#budgets .tag").all()] == ["used", "nearly used"]

    opened.screenshot(path=tmp_path / f"console-{scheme}-{width}.png", full_page=True)

    assert opened.evaluate("document.documentElement.scrollWidth") == width
    assert opened.evaluate(CONTRAST) >= 4.5
    assert opened.evaluate(CUT) == []
    context.close()


def bound(of: str, id: str, used: float | None, **more: object) -> dict[str, object]:
    money = {"usd": "250", "used_usd": None, "left_usd": None}
    if used is not None:
        money |= {"used_usd": str(250 * used), "left_usd": str(max(0.0, 250 - 250 * used))}
    row = {"of": of, "id": id, "team": None, "per": "month", "when_spent": "reject", "used": used, "ends_at": 1.8e9}
    return row | money | {"written_in": "policy.yaml"} | more


BOUNDS = {
    "budgets": [
        bound("endpoint", "a-model-with-a-rather-long-name@an-operator-with-a-longer-name", 1.02),
        bound("app", "assistant", 0.85, team="research", when_spent="self_only", written_in="callers.yaml"),
        bound("operator", "deepseek", 0.2, per="day"),
        bound("team", "finance", None, team="finance"),
    ],
    "ceilings": [{"endpoint": "glm-5.3@zai", "ceiling": "tokens_per_minute", "most": 2_000_000, "used": 0.4}],
}

# Cells of tables, and parts of them, that reach beyond what can be seen of their table.
CUT = """() => [...document.querySelectorAll("table td *, table td")]
  .filter((each) => each.getClientRects().length)
  .filter((each) => each.getBoundingClientRect().right > each.closest(".scroll").getBoundingClientRect().right + 1)
  .map((each) => each.textContent)"""

CONTRAST = """() => {
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map(Number).map((part) => part / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = light(getComputedStyle(document.querySelector(".card")).backgroundColor);
  return Math.min(...[...document.querySelectorAll("main .quiet, .outcome, .value")].map((element) => {
    const ink = light(getComputedStyle(element).color);
    return (Math.max(ink, ground) + 0.05) / (Math.min(ink, ground) + 0.05);
  }));
}"""


def test_any_worker_tells_of_all_requests(watched, tmp_path):
    started: list[Running] = []
    policies = watched.gateway.state_dir.parents[1] / "policies"
    try:
        running = starter(tmp_path, started)(policies, environment={"GATEWAY_ADMIN_TOKEN": TOKEN}, workers=2)
        sent = send(replace(watched, gateway=running), 16)

        deadline = time.monotonic() + PATIENCE_MS / 1000
        while (told := told_at_once(running)) != {sent} and time.monotonic() < deadline:
            time.sleep(0.5)
    finally:
        for each in started:
            each.stop()

    assert told == {sent}


def told_at_once(running: Running) -> set[int]:
    """How many requests the overview counts, asked over many connections at once, so that every worker is asked."""

    def ask(_: int) -> int:
        headers = {"authorization": f"Bearer {TOKEN}"}
        count: int = json.loads(running.ask_control("GET", "/api/overview", headers=headers)[2])["requests"]
        return count

    with ThreadPoolExecutor(8) as pool:
        return set(pool.map(ask, range(24)))


def test_the_page_runs_no_inline_script_or_style(watched):
    status, headers, body = watched.gateway.ask_control("GET", f"/?token={TOKEN}")

    assert status == 200
    assert "default-src 'none'; script-src 'self'; style-src 'self'" in headers["content-security-policy"]
    assert "unsafe" not in headers["content-security-policy"]
    assert (headers["x-content-type-options"], headers["referrer-policy"]) == ("nosniff", "no-referrer")
    assert b"<style" not in body and b" style=" not in body and b"<script>" not in body and b"http" not in body


@pytest.mark.parametrize(
    ("host", "status"),
    [("localhost", 200), ("[::1]:8080", 200), ("attacker.example", 400), ("127.0.0.1.attacker.example:80", 400)],
)
def test_another_name_for_this_machine_reads_nothing(watched, host, status):
    for path in ("/api/overview", f"/?token={TOKEN}", "/static/console.js"):
        headers = {"host": host, "authorization": f"Bearer {TOKEN}"}
        assert watched.gateway.ask_control("GET", path, headers=headers)[0] == status


def test_a_proxy_s_headers_change_nothing(watched):
    headers = {"host": "attacker.example", "x-forwarded-host": "127.0.0.1", "authorization": f"Bearer {TOKEN}"}

    assert watched.gateway.ask_control("GET", "/api/overview", headers=headers)[0] == 400


def test_only_the_console_s_own_files_are_served(watched):
    connection = http.client.HTTPConnection("127.0.0.1", watched.gateway.control_port)
    for path in ("../index.html", "%2e%2e/index.html", "uplot/LICENSE", ""):
        connection.request("GET", f"/static/{path}")
        reply = connection.getresponse()
        reply.read()
        assert reply.status == 404, path
    connection.close()


ATTACK = "<img src=x onerror='window.attacked=true'><script>window.attacked=true</script>\"'"


def hostile(value: object, name: str = "") -> object:
    """Every word of a reply as somebody might have named a team, an app, a model, a guard or an upstream's failure."""
    if isinstance(value, dict):
        return {key: hostile(each, key) for key, each in value.items()}
    if isinstance(value, list):
        return [hostile(each, name) for each in value]
    figure = isinstance(value, str) and value.replace(".", "").replace("-", "").isdigit()
    return ATTACK + value if isinstance(value, str) and not figure else value


def test_a_name_is_text_wherever_the_console_shows_it(browser, watched):
    context = browser.new_context()
    opened = context.new_page()
    opened.set_default_timeout(PATIENCE_MS)

    def answer(route) -> None:
        reply = route.fetch()
        route.fulfill(response=reply, json=hostile(reply.json()))

    newest = max(ledger(watched), key=lambda row: row["at"])["request_id"]
    headers = {"authorization": f"Bearer {TOKEN}"}
    recorded = json.loads(watched.gateway.ask_control("GET", f"/api/decisions/{newest}", headers=headers)[2])
    opened.route("**/api/overview", answer)
    opened.route("**/api/decisions/**", lambda route: route.fulfill(json=hostile(recorded)))
    opened.route("**/api/policy/explain", answer)
    opened.goto(f"{watched.gateway.control_url}/?token={TOKEN}")
    expect(opened.locator("#health")).to_contain_text("<script>")

    opened.locator(".decisions li button").first.click()
    expect(opened.locator(".decisions .why").first).to_contain_text("<script>")
    opened.fill("#text", QUESTION)
    opened.evaluate("for (const select of document.querySelectorAll('#what-if select')) select.value = ''")
    opened.click("#what-if button")
    expect(opened.locator("#answer")).to_contain_text("<script>", timeout=PATIENCE_MS)

    assert opened.locator("main img, main script").count() == 0
    assert opened.evaluate("window.attacked") is None
    context.close()


def test_another_site_s_page_can_have_the_console_do_nothing(browser, watched):
    """A browser sends no token of the console's by itself; without it nothing is done, and no reply may be read."""
    context = browser.new_context()
    console = context.new_page()
    console.goto(f"{watched.gateway.control_url}/?token={TOKEN}")
    expect(figure(console, "requests")).not_to_have_text("0", timeout=PATIENCE_MS)
    other = context.new_page()
    other.route(
        "http://other.example/**", lambda route: route.fulfill(body="<p>another site", content_type="text/html")
    )
    other.goto("http://other.example/")
    statuses: list[int] = []
    context.on("response", lambda reply: statuses.append(reply.status) if "/api/" in reply.url else None)

    read = other.evaluate(
        """url => fetch(url, {method: "POST", credentials: "include", body: '{"text": "Hi"}'})
          .then((reply) => reply.text()).catch(() => "unread")""",
        f"{watched.gateway.control_url}/api/policy/explain",
    )
    other.evaluate(
        """url => {
          const form = document.createElement("form");
          Object.assign(form, {method: "POST", action: url, enctype: "text/plain"});
          document.body.append(form);
          form.submit();
        }""",
        f"{watched.gateway.control_url}/api/policy/explain",
    )
    expect(other.locator("body")).to_contain_text("the console needs its token", timeout=PATIENCE_MS)

    assert read == "unread"
    assert set(statuses) - {200} == {401}
    context.close()


def test_the_documentation_comes_from_the_package_and_shows_every_operation(browser, watched):
    context = browser.new_context()
    opened = context.new_page()
    asked: list[str] = []
    complaints: list[str] = []
    context.on("request", lambda request: asked.append(request.url))
    opened.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)

    opened.goto(f"{watched.gateway.control_url}/docs")

    expect(opened.locator(".opblock", has_text="/api/policy/explain")).to_be_visible(timeout=PATIENCE_MS)
    expect(opened.locator(".opblock", has_text="/metrics")).to_be_visible()
    own = (watched.gateway.control_url, "data:")
    assert [url for url in asked if not url.startswith(own)] == []
    assert complaints == []
    context.close()
