"""TLS made from files that change: contexts of connections to endpoints, and of our own listeners.

A file is read again when it changes. What cannot be read then leaves what was made of it before in use, and the log
says so: between two files that are swapped one after the other stands a moment in which they do not belong together.
"""

from __future__ import annotations

import logging
import os
import ssl
import stat
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from gateway.catalog.facts import Endpoint
from gateway.catalog.rows import TlsFiles
from gateway.settings import BadSetting, Settings

MOST_BYTES = 4_000_000  # of one file
_OPENED = os.O_RDONLY | os.O_CLOEXEC | getattr(os, "O_NONBLOCK", 0)  # a pipe without a writer is not waited for
_Stamp = tuple[object, ...]
_log = logging.getLogger("gateway")


class Unusable(Exception):
    """Why no context can be made; names a file, and nothing that stands in it."""


def client_context(files: TlsFiles) -> ssl.SSLContext:
    """For connections to an endpoint. Raises Unusable."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    if files.authorities is None:
        context.load_default_certs()
    else:
        _trust(context, files.authorities)
    if files.certificate is not None:
        _present(context, files.certificate, files.key)
    return context


def server_context(files: TlsFiles) -> ssl.SSLContext:
    """For a listener; `files.authorities`: of callers, who have to show a certificate then. Raises Unusable."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    context.options |= ssl.OP_NO_RENEGOTIATION
    _present(context, str(files.certificate), files.key)
    if files.authorities is not None:
        _trust(context, files.authorities)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


def _trust(context: ssl.SSLContext, path: str) -> None:
    try:
        context.load_verify_locations(cadata=_text(path))
    except ssl.SSLError:
        raise Unusable(f"{path} holds no certificates (PEM)") from None


def _present(context: ssl.SSLContext, certificate: str, key: str | None) -> None:
    for path in (certificate, key or certificate):
        _text(path)
    try:
        context.load_cert_chain(certificate, key, password=_no_password)
    except (OSError, ValueError) as wrong:  # among them all of OpenSSL's
        reason = getattr(wrong, "reason", None) or "it is locked by a password, or no key"
        raise Unusable(f"{certificate} with {key or 'itself'} is no certificate with its key (PEM): {reason}") from None


def _no_password() -> str:
    raise ValueError  # OpenSSL would ask at the terminal


def _text(path: str) -> str:
    """Of a plain file. Raises Unusable."""
    try:
        number = os.open(path, _OPENED)
        with os.fdopen(number, "rb") as file:
            if not stat.S_ISREG(os.fstat(number).st_mode):
                raise Unusable(f"{path} is no plain file")
            data = file.read(MOST_BYTES + 1)
    except (OSError, ValueError) as wrong:
        raise Unusable(f"{path} cannot be read: {getattr(wrong, 'strerror', None) or 'no such name'}") from None
    if len(data) > MOST_BYTES:
        raise Unusable(f"{path} is too long")
    return data.decode("ascii", "replace")


@dataclass(slots=True)
class Contexts:
    """What was made of files when they were looked at last; `make` makes one."""

    make: Callable[[TlsFiles], ssl.SSLContext]
    use: str  # in words, for the log: what is done with what cannot be used
    _made: dict[TlsFiles, ssl.SSLContext] = field(default_factory=dict)
    _seen: dict[TlsFiles, _Stamp] = field(default_factory=dict)

    def look(self, wanted: Iterable[TlsFiles]) -> bool:
        """Reads what has changed; True if any context is another now. Blocks on the disk, never raises."""
        return sum([self._look(files) for files in wanted]) > 0

    def of(self, files: TlsFiles) -> ssl.SSLContext | None:
        """None: none could be made yet."""
        return self._made.get(files)

    def _look(self, files: TlsFiles) -> bool:
        stamp = _stamp(files)  # before the files are read: a change meanwhile is seen the next time
        if self._seen.get(files) == stamp:
            return False
        first = files not in self._seen
        self._seen[files] = stamp
        try:
            made = self.make(files)
        except Unusable as wrong:
            _log.error("%s; %s", wrong, self.use if files not in self._made else "what was there before stays in use")
            return False
        if not first:
            _log.info("%s has changed, and is used from now on", files.certificate or files.authorities)
        self._made[files] = made
        return True


def _stamp(files: TlsFiles) -> _Stamp:
    return tuple(_of_file(path) for path in (files.authorities, files.certificate, files.key) if path is not None)


def _of_file(path: str) -> object:
    try:
        now = os.stat(path)
    except (OSError, ValueError) as wrong:
        return str(wrong)
    return now.st_dev, now.st_ino, now.st_mtime_ns, now.st_size


def endpoint_contexts() -> Contexts:
    """Of one worker."""
    return Contexts(client_context, "its endpoints are passed over")


def context_now(files: TlsFiles) -> ssl.SSLContext | None:
    """Of the files as they are; None if they cannot be used."""
    try:
        return client_context(files)
    except Unusable:
        return None


def tls_of(endpoints: Iterable[Endpoint]) -> tuple[TlsFiles, ...]:
    """What endpoints name, each once."""
    return tuple({each.tls: None for each in endpoints if each.tls is not None and each.enabled})


class ListenerTls:
    """Of one of our listeners in one process; read again by `look` when its files change."""

    def __init__(self, files: TlsFiles):
        """Raises BadSetting."""
        self._files = files
        self._contexts = Contexts(server_context, "callers cannot connect")
        try:
            server_context(files)
        except Unusable as wrong:
            raise BadSetting(f"no TLS with callers: {wrong}") from None
        self.look()

    @property
    def context(self) -> ssl.SSLContext:
        """For the next caller."""
        context = self._contexts.of(self._files)
        if context is None:  # it was there a moment ago
            raise ssl.SSLError("the certificate cannot be read")
        return context

    def look(self) -> None:
        """Blocks on the disk."""
        self._contexts.look([self._files])


def callers_tls(settings: Settings) -> ListenerTls | None:
    """Of the data listener; None: it speaks plain http. Raises BadSetting."""
    return _listener(settings.tls_cert, settings.tls_key, settings.tls_client_ca)


def control_tls(settings: Settings) -> ListenerTls | None:
    """Of the control listener. Raises BadSetting."""
    return _listener(settings.control_tls_cert, settings.control_tls_key, settings.control_tls_client_ca)


def _listener(certificate: str | None, key: str | None, authorities: str | None) -> ListenerTls | None:
    return ListenerTls(TlsFiles(authorities, certificate, key)) if certificate is not None else None
