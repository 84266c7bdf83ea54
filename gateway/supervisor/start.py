"""From the command to a server that answers: what can be done at once is, and what costs much is begun first."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable
from contextlib import suppress

from gateway.collector import uncollected
from gateway.policy.layout import POLICY
from gateway.processes import core_dumps, logs
from gateway.processes.state_lock import lock
from gateway.processes.tls import callers_tls
from gateway.settings import Settings
from gateway.signals import language
from gateway.supervisor.control_child import RunControl, check_control
from gateway.supervisor.ledger_check import LedgerCheck

_UNREAD = b"record_signals: none"  # of such a policy nobody may want to know the language


def start(
    settings: Settings,
    control: RunControl,
    *,
    console_token: str | None = None,
    begun: Callable[[], None] = lambda: None,
) -> int:
    """Serves until it is told to stop; the exit code. `begun` is called when all processes have been started.

    Raises Problems, StateFolderTaken, LedgerUnusable, BadSetting, OSError for a folder that cannot be used.
    """
    core_dumps.keep_off()
    logs.set_up(settings.log_level, settings.log_format)
    check_control(settings)
    callers_tls(settings)  # said once here, before anything is forked
    with lock(settings.state_dir), uncollected():  # what is forked holds the lock too
        ledger = LedgerCheck(settings)
        models = threading.Thread(target=_read_ahead, args=(settings,), name="models", daemon=True)
        models.start()
        from gateway.supervisor.serve import run  # half a second, in which those two are at work

        token = console_token or settings.admin_token or secrets.token_urlsafe(16)
        return run(settings, control, token, ledger=ledger, read_ahead=models.join, begun=begun)


def _read_ahead(settings: Settings) -> None:
    """The largest model takes longest, outside Python's lock. A guess: what a policy needs is known only later."""
    with suppress(OSError):
        if _UNREAD not in (settings.policies / POLICY).read_bytes():
            language.load()
