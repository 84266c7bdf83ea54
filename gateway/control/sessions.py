"""Sessions of administrators who signed in: opaque to the browser, kept here alone, over after a while in any case."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import sha256

from gateway.identity import Admin

IDLE_S = 1_800.0  # without a request
LONGEST_S = 43_200.0  # from the sign-in on
MOST = 1_000
Resolve = Callable[[], Admin | None]  # who it is by the policy of now; None: nobody any more


@dataclass(slots=True)
class Session:
    """One browser. `csrf` is what its page knows and a foreign page does not."""

    resolve: Resolve
    way: str  # token or oidc
    began_at: float  # monotonic seconds, as all times here
    seen_at: float
    csrf: str = field(default_factory=lambda: secrets.token_urlsafe(24))

    def is_over(self, at: float) -> bool:
        """By age or by rest."""
        return at >= self.began_at + LONGEST_S or at >= self.seen_at + IDLE_S


@dataclass(slots=True)
class Sessions:
    """Of one control process; what the browser holds is kept as a hash."""

    _kept: dict[str, Session] = field(default_factory=dict)

    def begin(self, resolve: Resolve, way: str, at: float) -> str:
        """What the browser keeps."""
        self._kept = {name: session for name, session in self._kept.items() if not session.is_over(at)}
        while len(self._kept) >= MOST:
            del self._kept[next(iter(self._kept))]
        secret = secrets.token_urlsafe(32)
        self._kept[_hash(secret)] = Session(resolve, way, at, at)
        return secret

    def find(self, secret: str, at: float) -> tuple[Session, Admin] | None:
        """None if it is none, is over, or whose it was is an administrator no more."""
        session = self._kept.get(_hash(secret)) if secret else None
        admin = session.resolve() if session is not None and not session.is_over(at) else None
        if session is None or admin is None:
            self.end(secret)
            return None
        session.seen_at = at
        return session, admin

    def end(self, secret: str) -> None:
        """It opens nothing any more."""
        self._kept.pop(_hash(secret), None)


def _hash(secret: str) -> str:
    return sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
