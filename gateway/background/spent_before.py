"""What a worker that counts alone knows of spending before it: the control process's file, and what it wrote since."""

from __future__ import annotations

import logging
import threading
from collections import deque
from decimal import Decimal
from pathlib import Path
from time import time

import msgspec

from gateway.identity import Account
from gateway.limits.account import period
from gateway.outcome.outcome import Outcome
from gateway.record import files
from gateway.record.journal.writer import Writer
from gateway.record.positions import Plain

NAME = "spending"  # in the state folder
LOOK_S = 0.5
FRESH_S = 4.0  # the control process writes twice a second
NOTES = 100_000  # of requests that the file may not hold yet
_log = logging.getLogger(__name__)


class Spending(msgspec.Struct, array_like=True):
    """The file."""

    at: float  # everything that the journals held then is in it
    spent: list[tuple[str, str | None, str, int]]
    positions: Plain


encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(Spending).decode


class SpentBefore:
    """One a worker. A thread follows the file."""

    def __init__(self, state_dir: Path, journal: Writer):
        self._path = state_dir / NAME
        self._journal = journal
        self._started = time()
        # By team, app and period in nano-dollars, and how far in this process's journal; None: not known yet.
        self._known: tuple[dict[tuple[str, str | None, str], int], tuple[int, int]] | None = None
        # Of this process: place in its journal, team, app, when, US dollars.
        self._notes: deque[tuple[tuple[int, int], str, str | None, float, Decimal]] = deque(maxlen=NOTES)
        self._as_of = 0.0  # everything that the journals held then is known
        self._closing = threading.Event()
        self._look()
        self._thread = threading.Thread(target=self._run, name="spending", daemon=True)
        self._thread.start()

    def note(self, outcome: Outcome) -> None:
        """Of a request that was just written to the journal."""
        if outcome.cost_usd:
            caller, at = outcome.caller, outcome.request.arrival.received_at
            self._notes.append((self._journal.place, caller.team.id, caller.app, at, outcome.cost_usd))

    def __call__(self, account: Account, since: float) -> Decimal:
        """US dollars in the period that begins then. Raises OSError if what was spent before is not known yet."""
        if self._known is None:
            raise OSError("what was spent before is not known yet: the control process does not say")
        told, mine = self._known
        name = period(account.budget, since)[0]
        spent = Decimal(told.get((account.team, account.app, name), 0)).scaleb(-9)
        for place, team, app, at, usd in tuple(self._notes):
            if place > mine and team == account.team and account.app in (None, app) and at >= since:
                spent += usd
        return spent

    def fresh(self, account: Account, since: float) -> Decimal:
        """The same with what other workers had spent when this was called. Blocks; raises OSError after FRESH_S.

        Of a Redis that has forgotten: what another worker spent a moment ago is in no file yet.
        """
        called = time()
        while self._as_of < called and not self._closing.wait(0.05):
            if time() > called + FRESH_S:
                raise OSError("the control process does not say what was spent by now")
        return self(account, since)

    def is_known(self) -> bool:
        """False until the control process has said what was spent before this one began."""
        return self._known is not None

    def close(self) -> None:
        self._closing.set()
        self._thread.join(LOOK_S)

    def _run(self) -> None:
        while not self._closing.wait(LOOK_S if self._known else 0.05):
            self._look()

    def _look(self) -> None:
        data = files.read(self._path)
        if data is None:
            return
        try:
            file = decode(data)
        except msgspec.DecodeError:
            _log.warning("%s cannot be read", self._path)
            return
        if file.at < self._started:
            return
        read = file.positions.get(self._journal.uuid, (0, 0, 0))[:2]
        self._known = ({(team, app, name): nano for team, app, name, nano in file.spent}, read)
        self._as_of = file.at
        while self._notes and self._notes[0][0] <= read:
            self._notes.popleft()
