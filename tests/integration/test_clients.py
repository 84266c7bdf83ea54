"""Claims about official SDKs, in Python and Node: their scripts of `clients/` against a vendor that plays tools.

Each script is run once; what it tells is judged line by line. `make clients` runs the other clients the same way.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from clients import house, vendor
from clients.checks import Result
from clients.run import run
from clients.table import MAKE_TEST
from tests.running import Running, starter

pytestmark = pytest.mark.services


@pytest.fixture(scope="module")
def played() -> Iterator[vendor.Vendor]:
    with vendor.running() as running:
        yield running


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory, played: vendor.Vendor) -> Iterator[Running]:
    root = tmp_path_factory.mktemp("clients")
    started: list[Running] = []
    yield starter(root, started)(house.write_folder(root / "policies", played.url))
    for each in started:
        each.stop()


@pytest.fixture(scope="module")
def results(running: Running, played: vendor.Vendor) -> Any:
    """What a client's script told, run when it is first asked for."""
    kept: dict[str, dict[tuple[str, str], Result]] = {}

    def of(name: str) -> dict[tuple[str, str], Result]:
        if name not in kept:
            (client,) = (one for one in MAKE_TEST if one.name == name)
            kept[name] = {(one.check, one.model): one for one in run(client, url=running.url, vendor=played)}
        return kept[name]

    return of


@pytest.mark.parametrize(
    ("name", "check", "model"), [(one.name, *expected) for one in MAKE_TEST for expected in one.expected]
)
def test_an_official_sdk_does_what_it_does_with_its_vendor(results, name, check, model):
    result = results(name)[check, model]

    assert not result.wrong, result.wrong


@pytest.mark.parametrize("name", [one.name for one in MAKE_TEST])
def test_a_script_of_a_client_comes_to_its_end_and_tells_nothing_that_is_not_expected(results, name):
    assert [one.wrong for one in results(name).values() if one.wrong] == []
