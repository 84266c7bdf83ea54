"""Addresses of machines and mailboxes: e-mail, IPv4 and IPv6."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from typing import Final

from gateway.signals.pii.finding import Finding

_LETTERS: Final = "A-Za-z0-9\u00c0-\u024f"
_MAILBOX: Final = "".join(chr(c) for c in (*range(33, 127), *range(0xC0, 0x250)) if chr(c) not in '"(),:;<>@[\\]')
_AT: Final = re.compile(
    rf"(?<=[^\s@.\"(),:;<>\[\]\\])@(?=[{_LETTERS}][{_LETTERS}-]{{0,62}}+\.)"
)  # between a mailbox and a domain
_EDGE: Final = "'.#&!$*/=?^`{|}~%-"  # signs that no mailbox starts with in practice
_DOMAIN: Final = re.compile(
    rf"(?:[{_LETTERS}](?:[{_LETTERS}-]{{0,61}}[{_LETTERS}])?\.){{1,8}}[A-Za-z]{{2,24}}(?![{_LETTERS}])"
)
_PASSWORD: Final = re.compile(r"://[^\s/]*\Z")  # of `https://user:password@host`

_IPV4: Final = re.compile(r"(?<![\w.])\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?:/\d{1,2})?(?![\w]|\.\d)", re.ASCII)
_IPV6: Final = re.compile(  # possessive throughout, so that no text makes it go back
    r"(?<![0-9A-Za-z:.-])[0-9A-Fa-f:]{2,45}+(?:\.\d{1,3}){0,3}+(?:%\w{1,16}+)?+(?:/\d{1,3}+)?+(?![\w:-]|\.\d)", re.ASCII
)
_VERSION: Final = re.compile(r"(?:version|release|\bver|\bv|§|section|clause)[ .:]*\Z", re.IGNORECASE)


def emails(text: str) -> Iterator[Finding]:
    """Mailboxes at domains that end in letters."""
    for sign in _AT.finditer(text):
        at = sign.start()
        domain = _DOMAIN.match(text, at + 1)
        if domain:
            before = text[max(0, at - 64) : at]
            mailbox = before[len(before.rstrip(_MAILBOX)) :].lstrip(_EDGE)
            if mailbox and not _PASSWORD.search(before):
                yield Finding("email", at - len(mailbox), domain.end())


def ipv4(text: str) -> Iterator[Finding]:
    for match in _IPV4.finditer(text):
        if _VERSION.search(text, max(0, match.start() - 12), match.start()):
            continue
        try:
            IPv4Address(match[0].partition("/")[0])
        except AddressValueError:
            continue
        yield Finding("ip_address", *match.span())


def ipv6(text: str) -> Iterator[Finding]:
    """Asked only where a text holds `::` or many colons; an address without any digit is a word of a program."""
    for match in _IPV6.finditer(text):
        written = match[0].partition("/")[0].partition("%")[0]
        if written.count(":") < 2 or not any(c.isdigit() for c in written):
            continue
        try:
            IPv6Address(written)
        except AddressValueError:
            continue
        yield Finding("ip_address", *match.span())
