"""Claims about endpoints whose wire the adapter process speaks: the real one, with the real litellm, by a gateway."""

from __future__ import annotations

import asyncio
import hashlib
import http.client
import json
import os
import signal
import subprocess
import time
from array import array
from base64 import b64decode
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from gateway.processes.adapter_environment import no_adapter
from tests.integration import clouds
from tests.integration.clouds import TEXT
from tests.integration.upstreams import KEY, Act, Line, Upstreams, answer, ask, chat, decision, serving, whole
from tests.running import PATIENCE_S, Running, starter

pytestmark = pytest.mark.services
STARTING_S = 150.0  # litellm takes seconds, on a busy machine many
CANARY = "the-canary-of-this-prompt"
SECRETS = {
    "GATEWAY_KEY_AWS_SECRET_ACCESS_KEY": "aws-secret-of-this-test-1",
    "GEMINI_API_KEY": "gemini-key-of-this-test-2",
    "COHERE_API_KEY": "cohere-key-of-this-test-3",
    "WATSONX_APIKEY": "watsonx-key-of-this-test-4",
}
POLICY = """
version: 1
aliases: {auto: any, hasty: any}
guards: []
defaults: {limits: {first_byte_s: 30, total_s: 60, attempts: 3}, order: listed, affinity: none}
routes:
  - {name: hasty, when: {tag: hasty}, try: [m@bedrock, m@plain], limits: {first_byte_s: 2, whole_s: 2, total_s: 40}}
  - {name: named, when: {model_known: true}, try: [requested]}
  - {name: rest, try: [m@bedrock, m@plain]}
"""
CATALOG = """
labs: [{id: l, name: L, country: US, lists: [], screened: 2026-11-01}]
models:
  - {id: m, lab: l, base: [], open_weights: true, licence: MIT, context_tokens: 900000, kinds: [chat, embedding],
     can: [tools, vision]}
operators: [{OPERATORS}]
endpoints:
"""
PATHS = {"vertex": "v1", "e4": "v1"}  # what the path begins with, where that is not the operator's name
ROWS = {
    "bedrock": """api: bedrock, upstream_model: "eu.amazon.nova-2-lite-v1:0", credentials: {
       aws_access_key_id: {file: "{HOME}/access"}, aws_secret_access_key: {env: GATEWAY_KEY_AWS_SECRET_ACCESS_KEY},
       aws_region_name: eu-central-1}""",
    "titan": """api: bedrock, upstream_model: "amazon.titan-embed-text-v2:0", credentials: {
       aws_access_key_id: {file: "{HOME}/access"}, aws_secret_access_key: {env: GATEWAY_KEY_AWS_SECRET_ACCESS_KEY},
       aws_region_name: eu-central-1}""",
    "gemini": "api: gemini, upstream_model: gemini-3-flash, key_env: GEMINI_API_KEY",
    "cohere": "api: cohere, upstream_model: command-a, credentials: {api_key: {env: COHERE_API_KEY}}",
    "vertex": """api: vertex_ai, upstream_model: gemini-3-flash, credentials: {
       vertex_credentials: {file_env: GOOGLE_APPLICATION_CREDENTIALS}, vertex_location: europe-west1}""",
    "role": """api: bedrock, upstream_model: amazon.nova, credentials: {
       aws_web_identity_token: {file_env: AWS_WEB_IDENTITY_TOKEN_FILE}, aws_role_name: "arn:aws:iam::1:role/a",
       aws_sts_endpoint: "http://127.0.0.1:{PORT}/sts/made", aws_region_name: eu-west-1}""",
    "watsonx": """api: watsonx, upstream_model: ibm/granite-4, credentials: {
       api_key: {env: WATSONX_APIKEY}, project_id: a-project, iam_url: "http://127.0.0.1:{PORT}/iam"}""",
    "plain": "api: openai, upstream_model: up, key_env: null",
    "azure": "api: azure, upstream_model: gpt one, key_env: GEMINI_API_KEY",
}
ROWS |= {
    f"e{number}": ROWS[name]
    for number, name in enumerate("bedrock gemini bedrock cohere vertex bedrock gemini gemini bedrock watsonx".split())
}
CLOUDS: dict[str, Callable[..., Act]] = {
    "bedrock": clouds.bedrock, "gemini": clouds.google, "vertex": clouds.google, "cohere": clouds.cohere,
    "watsonx": clouds.watsonx,
}  # fmt: skip


def _row(name: str, url: str, home: Path, port: str) -> str:
    return f"""
  - {{id: m@{name}, hosting: self, storage: [], inference: [US], trains_on_data: false, retention_days: 0,
     {ROWS[name].replace("{HOME}", str(home)).replace("{PORT}", port)}, base_url: "{url}",
     prices: [{{since: 2026-01-01, input: 1, output: 2}}]}}"""


def _folder(path: Path, upstreams: Upstreams) -> Path:
    operators = ", ".join(
        f"{{id: {name}, name: {name}, country: US, parent_country: US, lists: [], screened: 2026-11-01}}"
        for name in ROWS
    )
    (path / "catalog").mkdir(parents=True)
    (path / "policy.yaml").write_text(POLICY)
    digest = hashlib.sha256(KEY.encode()).hexdigest()
    team = "teams: {t: {data_class: public}}\ntags: [hasty]\n"
    (path / "callers.yaml").write_text(team + f'keys: [{{id: k, team: t, sha256: "{digest}"}}]\n')
    bases = {name: upstreams.url(name) for name in ROWS}
    bases["vertex"] = bases["e4"] = f"http://127.0.0.1:{upstreams.port}"
    bases["azure"] = f"http://127.0.0.1:{upstreams.port}?api-version=2024-10-21"
    rows = "".join(_row(name, bases[name], path.parent, str(upstreams.port)) for name in ROWS)
    (path / "catalog" / "all.yaml").write_text(CATALOG.replace("{OPERATORS}", operators) + rows)
    return path


def _google_file(path: Path, upstreams: Upstreams) -> Path:
    """Of a service account, with a key that was never used elsewhere."""
    made = subprocess.run(["openssl", "genrsa", "2048"], capture_output=True, text=True, check=True).stdout
    account = {"type": "service_account", "project_id": "a-project", "private_key_id": "1", "private_key": made,
               "client_email": "a@b.example", "token_uri": f"{upstreams.url('token')}/made"}  # fmt: skip
    path.write_text(json.dumps(account))
    return path


@pytest.fixture(scope="module")
def vendors() -> Iterator[Upstreams]:
    with serving() as running:
        yield running


@pytest.fixture(scope="module")
def gateway(vendors: Upstreams, tmp_path_factory) -> Iterator[Running]:
    assert no_adapter() is None, no_adapter()
    home = tmp_path_factory.mktemp("adapter")
    started: list[Running] = []
    (home / "access").write_text("AKIA-OF-THIS-TEST\n")
    (home / "token").write_text("a.token.of-this-pod")
    account = _google_file(home / "google.json", vendors)
    environment = {
        **SECRETS,
        "GOOGLE_APPLICATION_CREDENTIALS": str(account),
        "AWS_WEB_IDENTITY_TOKEN_FILE": str(home / "token"),
        "AWS_PROFILE": "of-nobody",
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "HTTP_PROXY": "http://127.0.0.1:9",
    }
    running = starter(home, started)(_folder(home / "policies", vendors), environment=environment)
    try:
        _until(lambda: "adapter" not in running.ready()["degraded"], running)
        yield running
    finally:
        for each in started:
            each.stop()


@pytest.fixture
def upstreams(vendors: Upstreams) -> Upstreams:
    async def login(line: Line) -> None:
        await line.say(clouds.token(line))

    async def ibm_login(line: Line) -> None:
        await line.say(clouds.ibm_token(line))

    cloud_acts = {PATHS.get(name, name): act() for name, act in CLOUDS.items()}
    vendors.acts = {**cloud_acts, "token": login, "iam": ibm_login}
    vendors.asked.clear()
    return vendors


def _until(so: Callable[[], bool], running: Running) -> None:
    deadline = time.monotonic() + STARTING_S
    while not so():
        assert time.monotonic() < deadline, running.log.read_text()[-4000:]
        time.sleep(0.1)


def _pid(running: Running) -> int:
    try:
        return int((running.state_dir / "adapter.pid").read_text())
    except (OSError, ValueError):
        return 0


def _events(body: bytes) -> list[Any]:
    return [json.loads(line[6:]) for line in body.split(b"\n") if line.startswith(b"data: {")]


def _text(body: bytes) -> str:
    return "".join(choice["delta"].get("content") or "" for each in _events(body) for choice in each.get("choices", ()))


@pytest.mark.parametrize("name", CLOUDS)
def test_a_whole_reply_comes_back_as_chat_with_its_usage_billed(gateway, upstreams, name):
    status, headers, body = ask(gateway, chat(f"m@{name}", temperature=0.5))

    assert status == 200, body
    said = json.loads(body)
    assert said["object"] == "chat.completion"
    assert said["choices"][0]["message"]["content"] == TEXT
    assert said["choices"][0]["finish_reason"] == "stop"
    assert (said["usage"]["prompt_tokens"], said["usage"]["completion_tokens"]) == (11, 7)
    assert headers["x-gateway-endpoint"] == f"m@{name}"
    assert headers["x-gateway-outcome"] == "answered"
    assert float(headers["x-gateway-cost-usd"]) == pytest.approx(25e-6)


@pytest.mark.parametrize("name", CLOUDS)
def test_a_stream_comes_back_as_chat_events_with_its_usage_recorded(gateway, upstreams, name):
    status, headers, body = ask(gateway, chat(f"m@{name}", stream=True))

    assert status == 200, body
    assert _text(body) == TEXT
    assert body.endswith(b"data: [DONE]\n\n")
    finishes = [choice.get("finish_reason") for each in _events(body) for choice in each["choices"]]
    assert [finish for finish in finishes if finish] == ["stop"]
    assert len({each["id"] for each in _events(body)}) == 1
    attempt = decision(gateway, headers)["attempts"][0]
    assert (attempt["usage"]["input_tokens"], attempt["usage"]["output_tokens"]) == (11, 7)


TIDE = {"type": "function", "function": {"name": "tide", "parameters": {"type": "object", "properties": {}}}}


@pytest.mark.parametrize("name", clouds.CALLS)
def test_a_call_of_a_tool_comes_back_as_chat_has_it(gateway, upstreams, name):
    upstreams.acts[name] = lambda line: line.say(whole(200, clouds.CALLS[name]))

    status, headers, body = ask(gateway, chat(f"m@{name}", tools=[TIDE], tool_choice="auto"))

    assert status == 200, body
    choice = json.loads(body)["choices"][0]
    [call] = choice["message"]["tool_calls"]
    assert (choice["finish_reason"], call["type"], call["function"]["name"]) == ("tool_calls", "function", "tide")
    assert (json.loads(call["function"]["arguments"]), bool(call["id"])) == (clouds.CALL, True)
    usage = decision(gateway, headers)["attempts"][0]["usage"]
    assert (usage["input_tokens"], usage["output_tokens"]) == (15, 7)
    assert usage["cached_tokens"] == (4 if name in ("bedrock", "gemini") else 0)


def test_a_key_of_ibm_is_exchanged_for_a_token_once_and_goes_nowhere_else(gateway, upstreams):
    def seen(name: str) -> int:
        return [each for each, _, _ in upstreams.asked].count(name)

    assert [ask(gateway, chat("m@watsonx"))[0] for _ in range(2)] == [200, 200]
    assert (seen("iam") <= 1, seen("watsonx")) == (True, 2)
    assert not any(
        b"watsonx-key-of-this-test-4" in head + body for name, head, body in upstreams.asked if name != "iam"
    )
    sent = [json.loads(body) for name, _, body in upstreams.asked if name == "watsonx"]
    assert [(body["model_id"], body["project_id"]) for body in sent] == [("ibm/granite-4", "a-project")] * 2


@pytest.mark.parametrize("form", ["float", "base64"])
@pytest.mark.parametrize("name", ["titan", "gemini", "cohere"])
def test_a_text_is_embedded_in_the_form_that_was_asked_for(gateway, upstreams, name, form):
    async def act(line: Line) -> None:
        await line.say(clouds.vectors(line))

    upstreams.acts[name] = act
    body = {"model": f"m@{name}", "input": ["Ships float."], "encoding_format": form}
    status, headers, body = gateway.ask("POST", "/v1/embeddings", body, headers={"authorization": f"Bearer {KEY}"})

    assert status == 200, body
    told = json.loads(body)
    vector = told["data"][0]["embedding"]
    assert (vector if form == "float" else list(array("f", b64decode(vector)))) == clouds.VECTOR
    usage = decision(gateway, headers)["attempts"][0]["usage"]
    assert (usage["input_tokens"] > 0, usage["output_tokens"]) == (True, 0)
    assert usage["estimated"] is (name == "gemini")  # which counts no tokens of texts that it embeds
    assert name == "gemini" or usage["input_tokens"] == told["usage"]["prompt_tokens"] == 5


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("name", "act"),
    [
        ("bedrock", clouds.bedrock(stop="guardrail_intervened", text="Sorry, blocked.")),
        ("bedrock", clouds.bedrock(stop="content_filtered", text="")),
        ("gemini", clouds.google(finish="SAFETY", text="")),
        ("gemini", clouds.google(blocked="PROHIBITED_CONTENT")),
        ("vertex", clouds.google(finish="PROHIBITED_CONTENT", text="")),
    ],
)
def test_what_a_clouds_filter_stopped_is_filtered(gateway, upstreams, name, act, stream):
    upstreams.acts[PATHS.get(name, name)] = act

    status, headers, body = ask(gateway, chat(f"m@{name}", stream=stream))

    assert status == 200, body
    assert b"content_filter" in body
    assert decision(gateway, headers)["outcome"] == "filtered"


EXPIRED = {"message": "The security token is invalid"}
QUOTA = {"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "quota"}}
BUSY = {"error": {"code": 503, "status": "UNAVAILABLE", "message": "busy"}}
IBMS = {"errors": [{"code": "invalid_request_entity", "message": "a bad model"}], "trace": "t", "status_code": 400}
WRONG = {"error": {"code": 400, "status": "INVALID_ARGUMENT", "message": "a bad temperature"}}


@pytest.mark.parametrize(
    ("name", "reply", "status", "code"),
    [
        ("e0", (429, {"message": "Too many"}, "retry-after: 7", "x-amzn-errortype: ThrottlingException"),
         429, "rate_limit_exceeded"),
        ("e1", (429, QUOTA, "retry-after: 7"), 429, "rate_limit_exceeded"),
        ("e2", (403, EXPIRED, "x-amzn-errortype: UnrecognizedClientException:x"), 502, "upstreams_exhausted"),
        ("e3", (401, {"message": "invalid api token"}), 502, "upstreams_exhausted"),
        ("e4", (503, BUSY), 503, "overloaded"),
        ("e5", (500, {"message": "internal"}), 502, "upstreams_exhausted"),
        ("e6", (307, {}, "location: http://127.0.0.1:1/elsewhere"), 502, "upstreams_exhausted"),
        ("e7", (400, WRONG), 400, "invalid_request"),
        ("e9", (400, IBMS), 400, "invalid_request_entity"),
    ],
)  # fmt: skip
def test_a_clouds_error_means_what_its_status_and_words_mean(gateway, upstreams, name, reply, status, code):
    async def act(line: Line) -> None:
        await line.say(whole(*reply))

    upstreams.acts[PATHS.get(name, name)] = act
    found, headers, body = ask(gateway, chat(f"m@{name}"))

    error = json.loads(body)["error"]
    assert (found, error["code"]) == (status, code), body
    assert (
        len([each for each in upstreams.asked if each[0] == PATHS.get(name, name)]) == 1
    )  # once, whatever litellm would do
    if status == 429:
        assert headers["retry-after"] == "7"


def test_a_stream_that_the_cloud_cut_off_ends_with_an_error(gateway, upstreams):
    upstreams.acts["e8"] = clouds.bedrock(stop=None)

    _, _, body = ask(gateway, chat("m@e8", stream=True))

    assert _text(body) == TEXT
    assert "error" in _events(body)[-1]
    assert b"[DONE]" not in body


PART = "messages[0].content[1]"


def _remote(part: dict[str, Any]) -> dict[str, Any]:
    content = [{"type": "text", "text": "see https://example.com"}, part]
    return {"model": "m@gemini", "messages": [{"role": "user", "content": content}]}


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (_remote({"type": "image_url", "image_url": {"url": "http://127.0.0.1:9/i.png"}}), f"{PART}.image_url.url"),
        (_remote({"type": "image_url", "image_url": {"url": "gs://bucket/i.png"}}), f"{PART}.image_url.url"),
        (_remote({"type": "image_url", "image_url": "HTTPS://example.com/i.png"}), f"{PART}.image_url"),
        (_remote({"type": "file", "file": {"file_id": "files/one"}}), f"{PART}.file.file_id"),
        (chat("m@bedrock", api_base="http://127.0.0.1:9"), "api_base"),
        (chat("m@bedrock", mock_response="no"), "mock_response"),
        (chat("m@bedrock", aws_role_name="a"), "aws_role_name"),
        (chat("m@bedrock", tools=[{"type": "mcp", "server_url": "http://127.0.0.1:9"}]), "tools[0].type"),
        (chat("m@bedrock", logit_bias={"1": 2}), None),
    ],
)  # fmt: skip
def test_what_leads_elsewhere_or_steers_litellm_is_refused_by_name_and_asks_nobody(gateway, upstreams, body, param):
    status, _, said = ask(gateway, body)

    assert status == 400, said
    if param is not None:
        assert param.startswith(
            json.loads(said)["error"]["param"] or "nothing"
        )  # some are refused before, by the whole
    assert not upstreams.asked


def test_a_caller_who_leaves_a_stream_ends_it_at_the_cloud(gateway, upstreams):
    ended: list[float] = []

    async def act(line: Line) -> None:
        writing = asyncio.ensure_future(clouds.bedrock(text="word " * 9_000, gap_s=0.02)(line))
        with suppress(ConnectionError):
            await line.reader.read()  # until the other side closes
        ended.append(time.monotonic())
        writing.cancel()

    upstreams.acts["bedrock"] = act
    connection = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=PATIENCE_S)
    body = json.dumps(chat("m@bedrock", stream=True)).encode()
    connection.request("POST", "/v1/chat/completions", body, {"authorization": f"Bearer {KEY}"})
    reply = connection.getresponse()
    assert reply.status == 200
    assert reply.read(64)
    reply.close()
    connection.close()

    _until(lambda: bool(ended), gateway)  # of the three minutes that the vendor would write


def test_azure_is_asked_natively_by_deployment_version_and_its_own_header(gateway, upstreams):
    upstreams.acts["openai"] = answer()

    status, _, body = ask(gateway, chat("m@azure"))

    assert status == 200, body
    _, head, _ = upstreams.asked[0]
    assert head.startswith(b"POST /openai/deployments/gpt%20one/chat/completions?api-version=2024-10-21 ")
    assert b"api-key: gemini-key-of-this-test-2" in head
    assert b"authorization" not in head.lower()


def test_each_cloud_gets_its_own_login_and_nothing_of_ours(gateway, upstreams):
    for name in CLOUDS:
        assert ask(gateway, chat(f"m@{name}"))[0] == 200

    heads = {name: head.decode().lower() for name, head, _ in upstreams.asked}
    assert "credential=akia-of-this-test/" in heads["bedrock"]
    assert "/eu-central-1/bedrock/aws4_request" in heads["bedrock"]
    assert "x-goog-api-key: gemini-key-of-this-test-2" in heads["gemini"]
    assert "authorization: bearer cohere-key-of-this-test-3" in heads["cohere"]
    assert "authorization: bearer ya29.a-token-of-google" in heads["v1"]
    assert "authorization: bearer ibm-token-of-this-test" in heads["watsonx"]
    assert "/v1/projects/a-project/locations/europe-west1/" in heads["v1"]
    assert not any(KEY in head for head in heads.values())


def test_a_role_is_assumed_by_workload_identity_once_and_its_keys_sign(gateway, upstreams):
    async def made(line: Line) -> None:
        await line.say(whole(200, clouds.ASSUMED))

    upstreams.acts |= {"sts": made, "role": clouds.bedrock()}

    assert [ask(gateway, chat("m@role"))[0] for _ in range(2)] == [200, 200]

    names = [name for name, _, _ in upstreams.asked]
    assert names == ["sts", "role", "role"]
    assert b"WebIdentityToken=a.token.of-this-pod" in upstreams.asked[0][2]
    assert b"Credential=ASIA-OF-THE-ROLE/" in upstreams.asked[1][1]
    assert b"session-token-of-the-role" in upstreams.asked[1][1]


def test_nothing_of_a_prompt_an_answer_or_a_login_is_written_anywhere(gateway, upstreams):
    upstreams.acts["gemini"] = clouds.google(text=f"answer {CANARY}")
    ask(gateway, chat("m@gemini", text=CANARY))
    ask(gateway, chat("m@gemini", text=CANARY, stream=True))
    upstreams.acts["bedrock"] = lambda line: line.say(
        whole(400, {"message": f"no: {CANARY} {SECRETS['GEMINI_API_KEY']}"})
    )
    ask(gateway, chat("m@bedrock", text=CANARY))
    ask(gateway, chat("m@bedrock", text=CANARY, logit_bias={"1": 2}))

    pid = _pid(gateway)
    outside = Path(f"/proc/{pid}/environ").read_bytes() + Path(f"/proc/{pid}/cmdline").read_bytes()
    names = {line.partition(b"=")[0] for line in Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")}
    written = gateway.log.read_bytes()
    written += b"".join(path.read_bytes() for path in gateway.state_dir.rglob("*") if path.is_file())
    for word in (CANARY, *SECRETS.values(), "AKIA-OF-THIS-TEST"):
        assert word.encode() not in written
        assert word.encode() not in outside
    assert not {name for name in names if b"PROXY" in name.upper() or name in (b"AWS_PROFILE", b"GEMINI_API_KEY")}


def test_the_adapters_socket_is_this_users_alone(gateway):
    from gateway.upstreams.adapter import socket_path

    path = socket_path(gateway.state_dir)

    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_an_adapter_that_is_killed_costs_its_requests_alone(gateway, upstreams):
    pid = _pid(gateway)
    reached: list[bytes] = []

    async def kill(line: Line) -> None:
        reached.append(line.body)
        os.kill(pid, signal.SIGKILL)

    upstreams.acts |= {"plain": answer(), "bedrock": kill}
    status, headers, _ = ask(gateway, chat("auto"))

    assert (status, headers["x-gateway-endpoint"]) == (200, "m@plain")
    assert len(reached) == 1
    told = decision(gateway, headers)["attempts"][0]
    assert (told["endpoint"], told["failure"]) == ("m@bedrock", "adapter")
    _until(lambda: _pid(gateway) != pid, gateway)


@pytest.mark.slow  # it waits for litellm twice more: `make adapter-tests`
def test_an_adapter_that_was_killed_or_hangs_is_started_again(gateway, upstreams):
    upstreams.acts["plain"] = answer()
    _until(lambda: "adapter" not in gateway.ready()["degraded"], gateway)  # of the test above
    pid = _pid(gateway)
    os.kill(pid, signal.SIGSTOP)

    status, headers, _ = gateway.ask(
        "POST", "/v1/chat/completions", chat("hasty"),
        headers={"authorization": f"Bearer {KEY}", "x-gateway-tag": "hasty"},
    )  # fmt: skip
    assert (status, headers["x-gateway-endpoint"], headers["x-gateway-attempts"]) == (200, "m@plain", "2")

    _until(lambda: _pid(gateway) not in (0, pid), gateway)  # nothing was heard of it: it was ended
    assert "does not answer any more" in gateway.log.read_text()
    assert "adapter" in gateway.ready()["degraded"]
    status, headers, _ = ask(gateway, chat("auto"))
    assert (status, headers["x-gateway-endpoint"]) == (200, "m@plain")
    status, headers, body = ask(gateway, chat("m@bedrock"))
    assert status == 503
    assert b"adapter process does not run" in body
    assert headers["retry-after"]

    _until(lambda: "adapter" not in gateway.ready()["degraded"], gateway)
    status, headers, _ = ask(gateway, chat("m@bedrock"))
    assert (status, headers["x-gateway-endpoint"]) == (200, "m@bedrock")
