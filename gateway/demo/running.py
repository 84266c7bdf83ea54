"""Everything that the demo runs beside the gateway, started in order and ended together."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from gateway.demo import child, local_model, stage
from gateway.demo.vendors import process
from gateway.settings import Settings, vendor_key

STEPS = ("the local model", "the simulated vendors", "the demo's policies")


@dataclass(frozen=True, slots=True)
class Demo:
    """What runs, and what a caller needs to know of it."""

    settings: Settings  # of the gateway to serve
    keys: dict[str, str]  # by team
    console_token: str
    live: tuple[str, ...]  # real endpoints whose vendor key is set
    model: child.Child
    vendors: process.Vendors

    @property
    def url(self) -> str:
        return f"http://{self.settings.host}:{self.settings.port}"

    @property
    def control_url(self) -> str:
        """Where the console is."""
        host, port = self.settings.control_address
        return f"http://{host}:{port}"


@contextmanager
def running(settings: Settings, home: Path, doing: Callable[[str], None], *, pace: float = 1.0) -> Iterator[Demo]:
    """Starts what stands beside the gateway; `doing` hears each step. Raises child.NotStarted, Problems.

    `home` is this demo's alone, and made anew.
    """
    shutil.rmtree(home, ignore_errors=True)  # addresses and keys are new each time, so nothing kept still fits
    with ExitStack() as stack:
        doing(STEPS[0])
        model = local_model.start(log=home / "local-model.log")
        stack.callback(model.stop)
        doing(STEPS[1])
        vendors = process.start(log=home / "vendors.log", pace=pace)
        stack.callback(vendors.child.stop)
        doing(STEPS[2])
        keys, folder = stage.fresh_keys(), home / "policies"
        stage.write_folder(folder, urls={"self": model.ready["base_url"], **vendors.base_urls}, keys=keys)
        live = stage.add_live(folder, settings.policies / "catalog", lambda name: vendor_key(name) is not None)
        served = _own(settings, home, folder)
        yield Demo(served, keys, settings.admin_token or secrets.token_urlsafe(16), live, model, vendors)


def _own(settings: Settings, home: Path, folder: Path) -> Settings:
    """Nothing simulated reaches a shared ledger or shared budgets, and the screen is for the demo."""
    quiet = "warning" if settings.log_level == "info" else settings.log_level
    return replace(
        settings,
        policies=folder,
        state_dir=home / "state",
        workers=1,
        redis_url=None,
        database_url=None,
        drain_s=min(settings.drain_s, 3.0),
        log_level=quiet,
        tls_cert=None,
        control_tls_cert=None,
    )
