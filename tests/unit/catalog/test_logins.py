"""Claims about `credentials:`: what logs in is told by part, secrets stay out, and what is missing has a name."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from gateway.catalog.facts import Credential, Replica
from gateway.policy.analysis.diff import same_door
from gateway.upstreams.fleet import Fleet
from tests.unit.catalog.small import KNOWN, PRICE, complaints, standing

AWS = "https://bedrock-runtime.eu-central-1.amazonaws.com"
GOOGLE = "https://europe-west1-aiplatform.googleapis.com"
KEYS = "aws_access_key_id: {env: AWS_ACCESS_KEY_ID}, aws_secret_access_key: {file: /run/secret}"
ACCOUNT = "vertex_credentials: {file_env: GOOGLE_APPLICATION_CREDENTIALS}"


def row(wire: str) -> str:
    return f"endpoints: [{{id: acorn@mill, hosting: hosted, {KNOWN}, {PRICE}, {wire}}}]"


def test_a_login_is_known_by_part_and_the_host_tells_the_region():
    found = standing(row(f'api: bedrock, base_url: "{AWS}", credentials: {{{KEYS}}}')).endpoints["acorn@mill"]

    assert (found.adapted, found.dialect) == (True, "openai")
    assert found.credentials == (
        Credential("aws_access_key_id", env="AWS_ACCESS_KEY_ID"),
        Credential("aws_secret_access_key", file="/run/secret"),
        Credential("aws_region_name", value="eu-central-1"),
    )


@pytest.mark.parametrize(
    ("wire", "part", "place"),
    [
        (f'api: vertex, base_url: "{GOOGLE}", credentials: {{{ACCOUNT}}}', "vertex_location", "europe-west1"),
        (f'api: vertex_ai, base_url: "https://aiplatform.eu.rep.googleapis.com", credentials: {{{ACCOUNT}}}',
         "vertex_location", "eu"),
        (f'api: vertex, base_url: "https://aiplatform.googleapis.com", credentials: {{{ACCOUNT}}}',
         "vertex_location", "global"),
        ('api: bedrock, base_url: "https://bedrock-runtime-fips.us-gov-west-1.amazonaws.com", key_env: A_API_KEY',
         "aws_region_name", "us-gov-west-1"),
        ('api: bedrock, base_url: "https://p.de/aws", key_env: A_API_KEY, credentials: {aws_region_name: eu-west-3}',
         "aws_region_name", "eu-west-3"),
    ],
)  # fmt: skip
def test_the_place_is_told_by_the_host_or_by_the_row(wire, part, place):
    login = standing(row(wire)).endpoints["acorn@mill"].credentials

    assert [each.value for each in login if each.part == part] == [place]


def test_a_key_of_a_variable_is_the_part_that_the_wire_calls_its_key():
    wires = {"gemini": "api_key", "cohere": "api_key", "vertex": "vertex_credentials"}
    for api, part in wires.items():
        base = GOOGLE if api == "vertex" else "https://x.example"
        found = standing(row(f'api: {api}, base_url: "{base}", key_env: A_API_KEY')).endpoints["acorn@mill"]
        assert Credential(part, env="A_API_KEY") in found.credentials
        assert [(way.base_url, way.key) for way in found.replicas] == [(base, None)]


def test_a_key_may_stand_in_a_file_and_its_address_among_replicas_as_at_any_endpoint():
    wire = 'api: gemini, replicas: [{base_url: "https://x.example/"}], keys: [{file: /run/secrets/gemini}]'
    found = standing(row(wire)).endpoints["acorn@mill"]

    assert found.credentials == found.login == (Credential("api_key", file="/run/secrets/gemini"),)
    assert found.replicas == (Replica("https://x.example"),)


@pytest.mark.parametrize(
    ("wire", "complaint"),
    [
        (f'api: bedrock, base_url: "{AWS}", credentials: {{{KEYS}}}, pin: {{cidr: 10.0.0.0/8}}',
         "`pin` cannot be kept for `api: bedrock`: the adapter process connects there, not this gateway"),
        (f'api: bedrock, base_url: "{AWS}", credentials: {{aws_access_key_id: {{env: AWS_ACCESS_KEY_ID}}}}',
         "nothing logs in at `acorn@mill`: `bedrock` takes api_key or aws_access_key_id + aws_secret_access_key"
         " or aws_role_name + aws_web_identity_token"),
        ('api: gemini, base_url: "https://x.example"', "nothing logs in at `acorn@mill`: `gemini` takes api_key"),
        ('api: gemini, base_url: "https://x.example", credentials: {api_key: sk-a-key-that-stands-here}',
         "`api_key` is a secret, which does not stand in a file of policies"),
        ('api: gemini, base_url: "https://x.example", credentials: {api_kye: {env: A_API_KEY}, api_key: {file: /a}}',
         "`gemini` knows no credential `api_kye`"),
        ('api: gemini, base_url: "https://x.example", credentials: {api_key: {env: HOME}}',
         "`env` cannot be `HOME`: only variables made for keys are read"),
        ('api: gemini, base_url: "https://x.example", credentials: {api_key: {file_env: PATH}}',
         "`file_env` cannot be `PATH`: only variables made for credentials are read"),
        ('api: gemini, base_url: "https://x.example", credentials: {api_key: {file: secrets/a}}',
         "a file of credentials is named by its whole path"),
        ('api: gemini, base_url: "https://x.example", credentials: {api_key: {env: A_API_KEY, file: /a}}',
         "`api_key` is found in one place: `env`, `file` or `file_env`"),
        ('api: gemini, base_url: "https://x.example", credentials: {api_key: {}}',
         "`api_key` is found in one place: `env`, `file` or `file_env`"),
        ('api: openai, base_url: "https://x.example", credentials: {api_key: {env: A_API_KEY}}',
         "`credentials` are for wires that the adapter speaks; `openai` takes one key"),
        ('api: bedrock, base_url: "https://x.example", key_env: A_API_KEY',
         "`base_url` does not tell the place that `bedrock` asks for"),
        ('api: gemini, base_url: "https://x.example", keys: [{env: A_API_KEY}, {env: B_API_KEY}]',
         "`keys` takes one alone for `api: gemini`: the adapter process knows one address and login"),
        ('api: gemini, replicas: [{base_url: "https://x.de"}, {base_url: "https://y.de"}], key_env: A_API_KEY',
         "`replicas` takes one alone for `api: gemini`: the adapter process knows one address and login"),
        ('api: gemini, base_url: "https://x.example", key_env: A_API_KEY, credentials: {api_key: {file: /a}}',
         "`api_key` stands twice: what `key_env`, `key_file` and `keys` name is the same part of the login"),
        (f'api: vertex, base_url: "{GOOGLE}/v1", credentials: {{{ACCOUNT}}}',
         "`base_url` names the host alone for `api: vertex`: project and place are put behind it"),
        ('api: vertex, base_url: "ftp://x", credentials: {vertex_location: eu, vertex_credentials: {file: /a}}',
         "`base_url`: a base URL starts with http:// or https:// and names a host"),
    ],
)  # fmt: skip
def test_what_cannot_log_in_or_would_give_a_secret_away_is_refused_by_name(wire, complaint):
    assert complaints(row(wire)) == [complaint]


def test_another_login_is_another_door():
    wire = 'api: gemini, base_url: "https://x.example", key_env: {}_API_KEY'
    one, other = (standing(row(wire.format(name))) for name in "AB")
    before: Any = SimpleNamespace(catalog=one)

    assert same_door(standing(row(wire.format("A"))).endpoints["acorn@mill"], before) is not None
    assert same_door(other.endpoints["acorn@mill"], before) is None


@pytest.mark.parametrize(
    ("more", "runs", "key", "reached"),
    [
        ("", True, "a-key-of-this-test", True),
        ("", False, "a-key-of-this-test", False),
        ("", True, None, False),
        (", enabled: false", True, "a-key-of-this-test", False),
    ],
)
def test_an_endpoint_is_reached_by_the_adapter_if_it_is_enabled_its_login_there_and_the_process_running(
    tmp_path, more, runs, key, reached
):
    catalog = standing(row(f'api: gemini, base_url: "https://x.example", key_env: A_API_KEY{more}'))
    nothing: Any = None
    fleet = Fleet(catalog, key_of=lambda _: key, client=nothing, in_force=nothing, adapter_socket=tmp_path / "socket")
    if runs:
        (tmp_path / "socket").touch()

    assert fleet.reaches(catalog.endpoints["acorn@mill"]) is reached
    assert len(fleet.replicas(catalog.endpoints["acorn@mill"])) == (key is not None and not more)
