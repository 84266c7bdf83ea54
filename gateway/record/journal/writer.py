"""A worker's journal: one append a request, and a thread that makes room and syncs."""

from __future__ import annotations

import fcntl
import logging
import os
import threading
import uuid
from contextlib import suppress
from pathlib import Path

from gateway.outcome.outcome import Outcome
from gateway.record.journal.encode import payloads
from gateway.record.journal.layout import FOLDER, LOCK, bytes_in
from gateway.record.journal.segment import Segment

MOST_SEGMENT_BYTES = 4 << 20
LEAST_SEGMENT_BYTES = 256 << 10  # the longest record, with the words that it needs, has room in it
SEGMENTS = 64  # at least so many fill the bound
SYNC_S = 1.0
_log = logging.getLogger(__name__)


class Writer:
    """One a worker process. Only one thread may append."""

    def __init__(self, state_dir: Path, *, most_bytes: int, segment_bytes: int | None = None):
        """`most_bytes`: of all journals of the state folder together."""
        self.accepted = 0  # records
        self.dropped = 0
        self.obstacle: str | None = None  # why the last segment could not be made; None: there is room
        self._folder = state_dir / FOLDER
        self._most_bytes = most_bytes
        self._segment_bytes = segment_bytes or max(LEAST_SEGMENT_BYTES, min(MOST_SEGMENT_BYTES, most_bytes // SEGMENTS))
        self.uuid = uuid.uuid4().hex
        self._journal = self._folder / self.uuid
        self._lock: int | None = None
        self._making = threading.Lock()
        self._made = 0
        self._spare: Segment | None = None
        self._segment: Segment | None = None
        self._wake = threading.Event()
        self._closing = False
        self._make_spare()
        self._next()
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    @property
    def place(self) -> tuple[int, int]:
        """Number of the segment, and how many frames it holds, the last record's included."""
        segment = self._segment
        return (0, 0) if segment is None else (segment.number, segment.accepted)

    def append(self, outcome: Outcome, *, beside: str = "") -> bool:
        """False if there is no room: the record is dropped, and counted. Awaits nothing, and asks the disk nothing.

        `beside`: shadow, judge or probe, for what no caller asked.
        """
        segment = self._segment
        if segment is not None:
            if segment.append(payloads(outcome, segment.words, beside=beside)):
                self.accepted += 1
                return True
            segment.words.forget()
        segment = self._next()
        if segment is not None and segment.append(payloads(outcome, segment.words, beside=beside)):
            self.accepted += 1
            return True
        self.dropped += 1
        if self._segment is not None:
            self._segment.tell_dropped(self.dropped)
        return False

    def close(self) -> None:
        """Syncs; the journal is readable to its end, and whoever looks sees that its worker is gone."""
        self._closing = True
        self._wake.set()
        self._thread.join(SYNC_S)
        with self._making:
            for segment in (self._segment, self._spare):
                if segment is not None:
                    self._sync(segment)
                    with suppress(OSError):
                        segment.close()
            self._segment = self._spare = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def _run(self) -> None:
        synced = 0
        while not self._closing:
            self._wake.wait(SYNC_S)
            self._wake.clear()
            self._make_spare()
            segment, accepted = self._segment, self.accepted
            if segment is not None and accepted != synced:
                self._sync(segment)
                synced = accepted

    def _next(self) -> Segment | None:
        """The segment that follows becomes the one that is written; None if there is no room for it."""
        if self._spare is None and self.obstacle is None:
            self._make_spare()  # the thread has not come to it
        with self._making:
            spare, self._spare = self._spare, None
        if spare is None:
            self._wake.set()
            return None
        before = self._segment
        try:
            spare.begin(dropped=self.dropped)
        except OSError as wrong:
            self._stumble(wrong)
            return None
        self._segment = spare
        self._wake.set()
        if before is not None:
            threading.Thread(target=self._finish, args=(before,), name="journal-end", daemon=True).start()
        return spare

    def _finish(self, segment: Segment) -> None:
        self._sync(segment)
        with suppress(OSError):
            segment.close()

    def _make_spare(self) -> None:
        with self._making:
            if self._spare is not None or self._closing:
                return
            try:
                self._open_journal()
                taken = bytes_in(self._folder)
                if taken + self._segment_bytes > self._most_bytes:
                    self.obstacle = f"the journal is at its bound of {self._most_bytes:,} bytes"
                    return
                self._spare = Segment(self._journal, self._made + 1, self._segment_bytes)
                self._made += 1
                self.obstacle = None
            except OSError as wrong:
                self._stumble(wrong)

    def _open_journal(self) -> None:
        """Locked before it has its name: whoever finds it unlocked knows that its worker is gone. Raises OSError."""
        if self._lock is not None:
            return
        unnamed = self._folder / f"{self.uuid}.new"
        unnamed.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = os.open(unnamed / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.rename(unnamed, self._journal)
        except OSError:
            os.close(lock)
            raise
        self._lock = lock

    def _sync(self, segment: Segment) -> None:
        try:
            segment.sync()
        except OSError as wrong:
            self._stumble(wrong)

    def _stumble(self, wrong: OSError) -> None:
        said = f"the journal cannot be written: {wrong.strerror}"
        if said != self.obstacle:
            _log.error("%s; requests are served on, and what finds no room is not recorded", said)
        self.obstacle = said
