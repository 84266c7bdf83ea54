"""What a worker that counts alone knows of spending before it: the control process's file, and what it wrote since."""

from __future__ import annotations

import logging
import threading
from collections import deque
from decimal import Decimal
from pathlib import Path
from time import time

import msgspec

from gateway.catalog.facts import Endpoint
from gateway.frozen import frozen
from gateway.identity import Account, Caller, Subject
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
    spent: list[tuple[tuple[str, ...], str, int]]  # by whom or where, name of the period: nano-dollars
    positions: Plain


@frozen
class _Note:
    """Of a request that the file may not hold yet; no more than that, so that prompts are not kept for it."""

    journal_place: tuple[int, int]  # in this process's journal
    at: float  # when it was received
    caller: Caller | None  # None: no caller asked it
    usd: Decimal
    attempts: tuple[tuple[Endpoint, Decimal], ...]

    def spent(self, subject: Subject) -> Decimal:
        """US dollars, by that team or app, or at that place."""
        if self.caller is not None and subject in spenders(self.caller.team.id, self.caller.app):
            return self.usd
        usd = Decimal(0)
        for endpoint, cost in self.attempts:
            if subject in places(endpoint.id, endpoint.model.id, endpoint.operator.id):
                usd += cost
        return usd


def spenders(team: str, app: str | None) -> tuple[Subject, ...]:
    """Whose budgets pay for a request."""
    return (("team", team),) if app is None else (("team", team), ("app", team, app))


def places(endpoint: str, model: str, operator: str) -> tuple[Subject, ...]:
    """Where the money of an attempt is spent."""
    return ("endpoint", endpoint), ("model", model), ("operator", operator)


encode = msgspec.msgpack.Encoder().encode
decode = msgspec.msgpack.Decoder(Spending).decode


class SpentBefore:
    """One a worker. A thread follows the file."""

    def __init__(self, state_dir: Path, journal: Writer):
        self._path = state_dir / NAME
        self._journal = journal
        self._started = time()
        # By whom or where and period in nano-dollars, and how far in this process's journal; None: not known yet.
        self._known: tuple[dict[tuple[Subject, str], int], tuple[int, int]] | None = None
        self._notes: deque[_Note] = deque(maxlen=NOTES)  # of this process
        self._as_of = 0.0  # everything that the journals held then is known
        self._closing = threading.Event()
        self._look()
        self._thread = threading.Thread(target=self._run, name="spending", daemon=True)
        self._thread.start()

    def note(self, outcome: Outcome, *, beside: bool = False) -> None:
        """Of a request that was just written to the journal; `beside`: that no caller asked."""
        costs = tuple([(attempt.endpoint, attempt.cost_usd) for attempt in outcome.attempts if attempt.cost_usd])
        if costs:
            caller, at = None if beside else outcome.caller, outcome.request.arrival.received_at
            self._notes.append(_Note(self._journal.place, at, caller, outcome.cost_usd, costs))

    def __call__(self, account: Account, since: float) -> Decimal:
        """US dollars in the period that begins then. Raises OSError if what was spent before is not known yet."""
        if self._known is None:
            raise OSError("what was spent before is not known yet: the control process does not say")
        told, mine = self._known
        name = period(account.budget, since)[0]
        spent = Decimal(told.get((account.subject, name), 0)).scaleb(-9)
        for note in tuple(self._notes):
            if note.journal_place > mine and note.at >= since:
                spent += note.spent(account.subject)
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
        self._known = ({(subject, name): nano for subject, name, nano in file.spent}, read)
        self._as_of = file.at
        while self._notes and self._notes[0].journal_place <= read:
            self._notes.popleft()
