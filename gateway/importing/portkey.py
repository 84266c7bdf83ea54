"""A Portkey configuration, strategies and targets, becomes a Draft with one route for whatever is asked for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from gateway.errors import Problem, Problems
from gateway.importing.caching import portkey_cache
from gateway.importing.data import table
from gateway.importing.draft import Draft, Handle, Item, Way
from gateway.importing.litellm_names import number
from gateway.importing.litellm_routes import bounds
from gateway.importing.portkey_targets import Config, snake, target_of, timeout_of
from gateway.source.peer import Path

_SHARED = (
    "shared by weight, drawn for each conversation (there: for each request); one that fails is followed by the others "
    "(there: by none)"
)
_WAITS_S, _MOST_ATTEMPTS = 600.0, 20
_TOLD = {
    "retry": (
        "not_carried",
        "the same target was asked again: each endpoint is asked once here; `retry-after` rests it",
    ),
    "forward_headers": ("not_carried", "no header of a caller is passed on"),
    "metadata": ("not_carried", "labels for logs"),
    "passthrough": ("not_carried", "only the gateway's own interfaces are served"),
    "name": ("not_carried", "a label"),
    "id": ("not_carried", "a label"),
    "index": ("not_carried", "a label"),
    **{
        name: (
            "lost",
            (
                "looked at texts before or after a request; nothing does so here: guards are told by "
                "signals (`pii`, `topic`, `data_class`)"
            ),
        )
        for name in (
            "input_guardrails",
            "output_guardrails",
            "before_request_hooks",
            "after_request_hooks",
            "default_input_guardrails",
            "default_output_guardrails",
        )
    },
}


def read_portkey(draft: Draft) -> None:
    """Raises Problems for what is no configuration of Portkey."""
    peer = draft.findings.peer
    if not isinstance(peer.data, dict) or not _looks_right(peer.data):
        help = "a configuration is `{strategy: {mode: …}, targets: […]}`, or one target with `provider`"
        raise Problems([Problem("this is no configuration of Portkey", peer.place(()), help)])
    reading = _Reading(draft)
    items = reading.read((), peer.data, Config())
    if not items:
        return
    handles = list(dict.fromkeys(handle for item in items for handle in item.handles))
    total = sum(reading.seconds.get(handle, _WAITS_S) for handle in handles)
    limits = bounds(max(reading.seconds.get(handle, _WAITS_S) for handle in handles), total)
    draft.every_name = True
    draft.names = {"*": "Portkey sent every name to the targets of its config"}
    for route, when, way_items in reading.conditional:
        draft.ways.append((route, f"*{route}", reading.way(way_items, when)))
    draft.ways.append(("config", "*", reading.way(items, ())))
    refusal = {"reroute": ["filtered"], "prefer": "listed"} if reading.filters_move_on else {"reroute": []}
    attempts = min(_MOST_ATTEMPTS, max(3, len(handles)))
    draft.defaults = {
        "order": "listed",
        "affinity": "none",
        "limits": {**dict(limits), "attempts": attempts},
        "on_refusal": refusal,
    }


def _looks_right(data: Mapping[str, Any]) -> bool:
    return bool({snake(key) for key in data} & {"targets", "strategy", "provider", "virtual_key"})


class _Reading:
    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.seconds: dict[Handle, float] = {}
        self.weights: dict[Handle, float] = {}  # of endpoints that share
        self.filters_move_on = False
        self.conditional: list[tuple[str, tuple[tuple[str, Any], ...], list[Item]]] = []

    def way(self, items: list[Item], when: tuple[tuple[str, Any], ...]) -> Way:
        """A route through these, which shares where an item holds several."""
        sharing = [handle for item in items if item.together for handle in item.handles]
        weights = tuple((handle, self.weights[handle]) for handle in dict.fromkeys(sharing) if handle in self.weights)
        return Way(tuple(items), "weighted" if weights else None, when=when, weights=weights)

    def read(self, path: Path, raw: Mapping[str, Any], above: Config) -> list[Item]:
        """The entries of `try` that a config or a target stands for."""
        data = {snake(key): (key, value) for key, value in raw.items()}
        here = above.under({name: value for name, (_, value) in data.items()})
        self._tell(path, data)
        targets = data.get("targets", ("", None))[1]
        if not isinstance(targets, list):
            return self._target(path, data, here)
        mode, strategy = self._strategy(path, data)
        inner = [(number, target) for number, target in enumerate(targets) if isinstance(target, dict)]
        if mode == "loadbalance":
            return self._loadbalance(path, inner, here)
        if mode == "conditional":
            return self._conditional(path, strategy, inner, here)
        if mode == "fallback":
            self._fallback(path, strategy)
        found = [item for number, target in inner for item in self.read((*path, "targets", number), target, here)]
        return found if mode == "fallback" else found[:1]

    def _strategy(self, path: Path, data: Mapping[str, tuple[str, Any]]) -> tuple[str, Mapping[str, Any]]:
        key, strategy = data.get("strategy", ("strategy", None))
        strategy = strategy if isinstance(strategy, dict) else {}
        self.draft.findings.carried((*path, key, "mode"), (*path, key, "default"))
        mode = str(strategy.get("mode") or "single")
        if mode not in ("fallback", "loadbalance", "conditional", "single"):
            self.draft.findings.tell(
                "error",
                (*path, key, "mode"),
                "no mode that is known (fallback, loadbalance, conditional, single): the first target is taken",
            )
        for option in strategy:
            if option not in ("mode", "default", "conditions", "on_status_codes", "onStatusCodes"):
                self.draft.findings.tell("not_carried", (*path, key, option), "has no word here")
        return mode, strategy

    def _fallback(self, path: Path, strategy: Mapping[str, Any]) -> None:
        option = next((name for name in ("on_status_codes", "onStatusCodes") if strategy.get(name)), None)
        if option is None:
            self.filters_move_on = True
            return
        codes = strategy[option] if isinstance(strategy[option], list) else []
        self.filters_move_on = self.filters_move_on or 400 in codes
        shown = ", ".join(str(code) for code in codes if isinstance(code, int))
        words = (
            f"only {shown} moved on, not even Portkey's own timeout (408) unless it is among them; here "
            "every failure that is not the caller's fault does: the later targets are reached more often"
        )
        self.draft.findings.tell("lost", (*path, "strategy", option), words)

    def _loadbalance(self, path: Path, inner: list[tuple[int, Any]], here: Config) -> list[Item]:
        """The first endpoints of the branches share by weight; what else the branches try follows."""
        branches = []
        for place, target in inner:
            where = (*path, "targets", place)
            items = self.read(where, target, here)
            weight = number(target.get("weight"))
            if items:
                branches.append((1.0 if weight is None else max(0.0, weight), items))
            self.draft.findings.carried((*where, "weight"))
        ranked = sorted(branches, key=lambda branch: branch[0], reverse=True)
        if len(ranked) < 2:
            return ranked[0][1] if ranked else []
        heads: dict[Handle, float] = {}
        for weight, items in ranked:
            for handle in items[0].handles:
                heads[handle] = heads.get(handle, 0.0) + weight / len(items[0].handles)
        self.weights |= heads
        self.draft.findings.tell("assumed", (*path, "targets"), _SHARED)
        later = [item for _, items in ranked for item in items[1:] if not set(item.handles) <= set(heads)]
        return [Item(tuple(heads), together=len(heads) > 1), *later]

    def _conditional(
        self, path: Path, strategy: Mapping[str, Any], inner: list[tuple[int, Any]], here: Config
    ) -> list[Item]:
        """By the name that is asked for; what else a condition looks at is told."""
        made = {
            str(target.get("name")): self.read((*path, "targets", number), target, here) for number, target in inner
        }
        conditions = strategy.get("conditions")
        for place, condition in enumerate(conditions if isinstance(conditions, list) else ()):
            where = (*path, "strategy", "conditions", place)
            items = made.get(str(condition.get("then"))) if isinstance(condition, dict) else None
            when = _when(condition.get("query")) if isinstance(condition, dict) else None
            if items and when is not None and path == ():
                self.conditional.append((f"config-{place + 1}", when, items))
                self.draft.findings.carried(where)
            else:
                words = (
                    "a condition on metadata or several values: no signal says that; a caller's "
                    "`x-gateway-tag`, its team or app do: write a route by hand"
                )
                self.draft.findings.tell("lost", where, words)
        default = made.get(str(strategy.get("default")))
        if default is None:
            self.draft.findings.tell(
                "error",
                (*path, "strategy"),
                "no `default` that is one of the targets: what meets no condition has nowhere to go",
            )
        return default or []

    def _target(self, path: Path, data: Mapping[str, tuple[str, Any]], here: Config) -> list[Item]:
        handle = target_of(self.draft, path, data, here)
        if handle is None:
            return []
        self.seconds[handle] = max(self.seconds.get(handle, 0.0), timeout_of(here) or _WAITS_S)
        return [Item((handle,))]

    def _tell(self, path: Path, data: Mapping[str, tuple[str, Any]]) -> None:
        fields = table("portkey.yaml")["fields"]
        for name, (key, value) in data.items():
            here = (*path, key)
            if name == "cache":
                portkey_cache(self.draft, value, here)
            elif name in _TOLD:
                section, words = _TOLD[name]
                self.draft.findings.tell(section, here, words)  # type: ignore[arg-type]
            elif name not in fields:
                self.draft.findings.tell(
                    "error",
                    here,
                    "no field of Portkey's configuration: it did nothing there, or made its requests fail",
                )


def _when(query: object) -> tuple[tuple[str, Any], ...] | None:
    """Only the name of the model, equal to one or one of several."""
    if not isinstance(query, dict) or len(query) != 1:
        return None
    ((name, test),) = query.items()
    if not re.fullmatch(r"params\.model", str(name)):
        return None
    wanted = (
        test.get("$eq", test.get("$in"))
        if isinstance(test, dict) and len(test) == 1
        else test
        if isinstance(test, str)
        else None
    )
    if isinstance(wanted, list) and wanted and all(isinstance(one, str) for one in wanted):
        return (("model", tuple(wanted)),)
    return (("model", wanted),) if isinstance(wanted, str) else None
