"""The accounts of several processes, in Redis: one atomic script for each step, bounded in time.

If Redis does not answer in time, a caller with a budget or a rate is denied: what cannot be counted is not spent. What
Redis was asked may be carried out all the same, now or later. So a request is settled whatever was heard, by its id,
again and again until Redis says so, and counts once. What Redis does not know, being new or having forgotten, the
ledger says.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from secrets import token_hex

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from gateway.identity import Account, Subject, Team
from gateway.limits import scripts
from gateway.limits.account import (
    MINUTE_S,
    Denial,
    Reservation,
    Settlement,
    SpentSince,
    Used,
    nano,
    over_budget,
    over_rate,
    period,
    share_of,
    unreachable,
)
from gateway.limits.before import SpentBefore
from gateway.limits.settlement_retries import Settling

DEADLINE_S = 1.0  # that a caller waits; a Redis that is well answers in a thousandth of it
_LOOK_S = 1.0  # nobody waits for it
_AWAY = (RedisError, OSError)
_Counted = tuple[Subject, bool, str]  # whose or where, whether policy.yaml says so, per what


class SharedAccounts:
    """One per worker; all that name the same Redis count together."""

    def __init__(
        self, url: str, spent_since: SpentSince, *, reached: Callable[[bool], None], deadline_s: float = DEADLINE_S
    ):
        """`reached` is told after every step whether Redis answered."""
        retry = Retry(NoBackoff(), 1)  # a connection that was closed while it rested
        self._redis = Redis.from_url(url, socket_connect_timeout=1.0, decode_responses=True, retry=retry)
        self._enter = self._redis.register_script(scripts.ENTER)
        self._reserve = self._redis.register_script(scripts.RESERVE)
        self._release = self._redis.register_script(scripts.RELEASE)
        self._begin = self._redis.register_script(scripts.BEGIN)
        self._ledger = SpentBefore(spent_since)
        self._reached = reached
        self._deadline_s = deadline_s
        self._known: dict[_Counted, tuple[str, int]] = {}  # period and nano-dollars
        self._settling = Settling(self._settle)

    async def enter(self, team: Team, tokens: int, at: float) -> Denial | Used | None:
        """See Accounts."""
        rate = team.rate
        if rate is None:
            return None
        minute = int(at // MINUTE_S)
        keys = [_rate_key(team, what, m) for what in ("requests", "tokens") for m in (minute, minute - 1)]
        most = [-1 if limit is None else limit for limit in (rate.requests_per_minute, rate.tokens_per_minute)]
        try:
            async with asyncio.timeout(self._deadline_s):
                verdict, *used = await self._enter(keys=keys, args=[1.0 - at % MINUTE_S / MINUTE_S, tokens, *most])
        except _AWAY:
            return self._unreached(f"team `{team.id}`", "rate")
        self._reached(True)
        if verdict == 1:
            return over_rate(team, "requests", most[0], at)
        return over_rate(team, "tokens", most[1], at) if verdict == 2 else Used(*used)

    async def reserve(self, reservation: Reservation, at: float) -> Denial | None:
        """See Accounts."""
        made: list[Reservation] = []
        for part in _parts(reservation):
            denial = await self._reserve_part(part, at)
            if denial is not None:
                for each in made:
                    await self._give_back(each, at)
                return denial
            made.append(part)
        return None

    async def _reserve_part(self, reservation: Reservation, at: float) -> Denial | None:
        accounts = list(reservation.shares)
        try:
            short, spent = await self._ask(reservation, at)
            if short == -1:
                await self.look(accounts, at)
                short, spent = await self._ask(reservation, at)
        except _AWAY:
            return self._unreached(str(accounts[0]), "budget")
        if short < 0:
            return self._unreached(str(accounts[0]), "budget")
        self._reached(True)
        self._know(accounts, spent, at)
        return over_budget(accounts[short - 1], at) if short else None

    async def _give_back(self, reservation: Reservation, at: float) -> None:
        """What is not given back now is when the request is settled."""
        args: list[str | int] = [reservation.request_id, reservation.attempt]
        with suppress(*_AWAY):
            async with asyncio.timeout(self._deadline_s):
                await self._release(keys=_keys(reservation.shares, at), args=args)

    async def _ask(self, reservation: Reservation, at: float) -> tuple[int, list[str]]:
        args: list[str | int | float] = [reservation.request_id, reservation.attempt, reservation.lease_s]
        for account, share in reservation.shares.items():
            args += [share.amount, share.estimate, nano(account.budget.usd)]
        async with asyncio.timeout(self._deadline_s):
            short, *spent = await self._reserve(keys=_keys(reservation.shares, at), args=args)
        return short, spent

    def settle(self, settlement: Settlement) -> None:
        """See Accounts. Written by a task of its own until Redis has it; a loss is logged with the amount."""
        self._settling.add(settlement)

    async def settle_late(self, settlement: Settlement) -> None:
        """See Accounts. Raises RedisError or OSError where Redis is out of reach: try again later."""
        async with asyncio.timeout(_LOOK_S):
            await self._write([settlement], late=True)

    async def _settle(self, settlements: Sequence[Settlement]) -> None:
        try:
            await self._write(settlements)
        except BaseException:
            self._reached(False)
            raise
        self._reached(True)

    async def _write(self, settlements: Sequence[Settlement], *, late: bool = False) -> None:
        asked: list[tuple[list[Account], float]] = []
        async with self._redis.pipeline(transaction=False) as steps:
            for each in settlements:
                tokens = each.output_tokens if each.team.rate is not None and not late else 0
                for accounts in _by_slot(each.charges, with_team=bool(tokens)):
                    args = [each.request_id, "late" if late else "", str(tokens)]
                    args += [str(each.charges[one]) for one in accounts]
                    keys = _keys(accounts, each.at)
                    if tokens and not (accounts and accounts[0].place):
                        keys.append(_rate_key(each.team, "tokens", int(each.at // MINUTE_S)))
                    steps.eval(scripts.SETTLE, len(keys), *keys, *args)
                    asked.append((accounts, each.at))
            answers = await steps.execute()
        for (accounts, at), spent in zip(asked, answers, strict=True):
            self._know(accounts, spent, at)

    def used_share(self, account: Account, at: float) -> float:
        """See Accounts."""
        name, spent = self._known.get(_counted(account), ("", 0))
        return share_of(account, spent if name == period(account.budget, at)[0] else 0)

    async def look(self, accounts: Iterable[Account], at: float) -> None:
        """See Accounts."""
        asked = list(accounts)
        if not asked:
            return
        word = token_hex(8)
        try:
            async with asyncio.timeout(_LOOK_S), self._redis.pipeline(transaction=False) as steps:
                for account in asked:
                    steps.eval(scripts.LOOK, 2, *_keys([account], at), word)
                spent = await steps.execute()
            for place, account in enumerate(asked):
                if spent[place] is None:
                    spent[place] = await self._begun(account, word, at)
        except _AWAY:
            self._reached(False)
            return
        self._reached(True)
        self._know(asked, spent, at)

    async def _begun(self, account: Account, word: str, at: float) -> str | None:
        """Begins to count an account from what the ledger says of it. None: Redis has forgotten once more."""
        before = await self._ledger.of(account, period(account.budget, at)[1])
        async with asyncio.timeout(_LOOK_S):
            spent: str | None = await self._begin(keys=_keys([account], at)[:1], args=[before, word])
        return spent

    async def close(self) -> None:
        """See Accounts."""
        try:
            await self._settling.close()
        finally:
            await self._redis.aclose()

    def _know(self, accounts: Iterable[Account], spent: Sequence[str | None], at: float) -> None:
        for account, total in zip(accounts, spent, strict=True):
            if total:
                self._known[_counted(account)] = (period(account.budget, at)[0], int(total))

    def _unreached(self, whose: str, by: str) -> Denial:
        self._reached(False)
        return unreachable(whose, by)


def _counted(account: Account) -> _Counted:
    return account.subject, account.by_policy, account.budget.per


def _by_slot(accounts: Iterable[Account], *, with_team: bool = False) -> list[list[Account]]:
    """What one script may touch: those of a team lie in one slot of a cluster, those of each place in another.

    `with_team`: the team's slot is touched though it may have no account.
    """
    slots: dict[object, list[Account]] = {None: []} if with_team else {}
    for account in accounts:
        slots.setdefault(account.place, []).append(account)
    return list(slots.values())


def _parts(reservation: Reservation) -> list[Reservation]:
    if all(account.place is None for account in reservation.shares):
        return [reservation]
    shares = reservation.shares
    return [replace(reservation, shares={one: shares[one] for one in part}) for part in _by_slot(shares)]


def _rate_key(team: Team, what: str, minute: int) -> str:
    return f"entrepot:2:{{{team.id}}}:rate:{what}:{minute}"


def _keys(accounts: Iterable[Account], at: float) -> list[str]:
    """Two each, see `scripts`. `2` is the format: others are not read."""
    keys = []
    for account in accounts:
        whose = f"{{{account.team}}}:" if account.place is None else f"at:{{{':'.join(account.place)}}}:"
        inside = "policy:" if account.by_policy else "" if account.app is None else f"app:{account.app}:"
        name = period(account.budget, at)[0]
        keys += [f"entrepot:2:{whose}{inside}{what}:{name}" for what in ("spent", "leases")]
    return keys
