"""A secret of this gateway alone, made when it is first needed: its workers share the state folder."""

from __future__ import annotations

import os
from pathlib import Path
from secrets import token_bytes
from tempfile import mkstemp

NAME = "secret"
_BYTES = 32


def kept_secret(state_dir: Path) -> bytes:
    """The same for every process of this state folder, whoever asks first. Raises OSError."""
    path = state_dir / NAME
    if not path.exists():
        state_dir.mkdir(parents=True, exist_ok=True)
        handle, made = mkstemp(dir=state_dir, prefix=NAME)  # 0600
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(token_bytes(_BYTES))
                file.flush()
                os.fsync(handle)
            os.link(made, path)  # whole or not at all, and never over another's
        except FileExistsError:
            pass
        finally:
            os.unlink(made)
    secret = path.read_bytes()
    if len(secret) < _BYTES:
        raise OSError(f"{path} holds no secret of {_BYTES} bytes; remove it, and ids sealed with it are void")
    return secret
