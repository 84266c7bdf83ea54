"""When the opening of a reply is enough to tell a refusal from an answer. Pure: time is an argument."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.outcome.reading import Reading
from gateway.policy.rules import OnRefusal

HELD_BYTES = 262_144  # an opening longer than this is committed as it is


@dataclass(slots=True)
class Hold:
    """Decides after every chunk whether to wait for more. With no rules nothing is held beyond the first event."""

    rules: OnRefusal | None
    choices: int
    only_blank: bool = False  # a refusal would stand: no text needs to be told, and anything shown ends the hold
    only_breaks: bool = False  # a refusal would stand, but a reply that breaks is asked for again: thinking is shown
    keeps: bool = False  # nobody else can be asked: what came before an error is handed out, however both came
    thinking_since: float | None = None
    text_since: float | None = None

    def more(self, reading: Reading, *, held_bytes: int, at: float) -> bool:
        """True if the opening must grow before it can be judged; `at` is monotonic seconds."""
        if reading.complaint is not None or reading.finished >= self.choices:
            return False
        if self.rules is None:
            return not reading.events and held_bytes <= HELD_BYTES
        if reading.other_parts or held_bytes > HELD_BYTES:
            return False
        if self.only_blank and (reading.told or reading.thinks):
            return False
        if self.only_breaks and reading.thinks:
            return False
        if reading.told:
            self.text_since = at if self.text_since is None else self.text_since
            return not self._enough_text(reading) and at < self.text_since + self.rules.hold_seconds
        if reading.events:  # whether it shows its thinking or is silent
            self.thinking_since = at if self.thinking_since is None else self.thinking_since
            return at < self.thinking_since + self.rules.thinking_s
        return True

    @property
    def tells(self) -> bool:
        """The opening's text is held to be judged."""
        return self.rules is not None and not self.only_blank

    def until(self) -> float | None:
        """Monotonic seconds when waiting ends whatever comes; None while only the deadlines bound it."""
        if self.rules is None:
            return None
        if self.text_since is not None:
            return self.text_since + self.rules.hold_seconds
        if self.thinking_since is not None:
            return self.thinking_since + self.rules.thinking_s
        return None

    def _enough_text(self, reading: Reading) -> bool:
        assert self.rules is not None
        chars = self.rules.hold_chars
        return sum(said.finish is not None or said.told >= chars for said in reading.said) >= self.choices
