"""LiteLLM's names, spreads and fallbacks as routes: who is asked first, and who after whom."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from gateway.importing.draft import Draft, Item, Way
from gateway.importing.findings import Section
from gateway.importing.litellm_deployments import Deployment
from gateway.importing.litellm_fallbacks import Fallbacks
from gateway.importing.litellm_names import number, plain
from gateway.importing.litellm_shape import listed

_DEFAULT_TIMEOUT, _DEFAULT_RETRIES, _MOST_ATTEMPTS, _DEEPEST = 600.0, 2, 20, 5
_ORDERS = {
    "simple-shuffle": "weighted",
    "least-busy": "weighted",
    "usage-based-routing": "weighted",
    "usage-based-routing-v2": "weighted",
    "latency-based-routing": "first_byte",
    "cost-based-routing": "price",
}
_EVENLY = "here they share the conversations evenly, whoever is busy; the next one helps when one fails or rests"
_SPREADS = {
    "simple-shuffle": (
        "spread by weight, else by rpm or tpm, else evenly: `order: weighted`, drawn for each conversation (there: for "
        "each request), so that a conversation keeps its endpoint"
    ),
    "least-busy": f"the least busy deployment was asked: {_EVENLY}",
    "usage-based-routing": f"the deployment with the least tokens this minute was asked: {_EVENLY}",
    "usage-based-routing-v2": f"the deployment with the least tokens this minute was asked: {_EVENLY}",
    "latency-based-routing": (
        "by latency: `order: first_byte` inside one item, learned from replies; until there is data, the order listed"
    ),
    "cost-based-routing": "by price: `order: price` inside one item",
}


@dataclass(slots=True)
class Router:
    """What decides between deployments."""

    draft: Draft
    groups: dict[str, list[Deployment]]
    fallbacks: Fallbacks
    strategy: str = "simple-shuffle"
    timeout: float = _DEFAULT_TIMEOUT
    retries: int = _DEFAULT_RETRIES
    tagged: bool = False
    longest: int = 1  # names in one chain
    longest_plain: int = 1  # endpoints of the longest route without bounds of its own
    spread: list[str] = field(default_factory=list)

    def ways(self, name: str) -> list[tuple[str, Way]]:
        """The routes of one name, the more exact first."""
        group = self.groups[name]
        if not self.tagged or not any(deployment.params.get("tags") for deployment in group):
            return [(name, self._way(name, group, ()))]
        return self._by_tag(name, group)

    def _by_tag(self, name: str, group: Sequence[Deployment]) -> list[tuple[str, Way]]:
        sets: dict[tuple[str, ...], list[Deployment]] = {}
        for deployment in group:
            tags = tuple(str(tag) for tag in listed(deployment.params.get("tags")))
            self.draft.findings.carried((*deployment.path, "litellm_params", "tags"))
            sets.setdefault(tags, []).append(deployment)
        rest = [d for tags, found in sets.items() if not tags or "default" in tags for d in found]
        ways = []
        for tags, found in sets.items():
            own = tuple(tag for tag in tags if tag != "default")
            self.draft.tags += [tag for tag in tags if tag not in self.draft.tags]
            if own:
                when = (("tag", own[0] if len(own) == 1 else own),)
                ways.append((f"{name}-{own[0]}", self._way(name, found, when)))
        return [*ways, (name, self._way(name, rest or list(group), ()))]

    def _way(self, name: str, group: Sequence[Deployment], when: tuple[tuple[str, Any], ...]) -> Way:
        items, weights = self._spread(name, group, spread=True)
        self._tell_of_mixture(name, group)
        seen = {handle for item in items for handle in item.handles}
        chain = self._chain(name)
        for later in chain:
            found, more = self._spread(later, self._found(later), spread=False)
            weights += [(handle, weight) for handle, weight in more if handle not in seen]
            for item in found:
                left = tuple(handle for handle in item.handles if handle not in seen)
                seen |= set(left)
                items += [Item(left, together=item.together and len(left) > 1)] if left else []
        served = [*group, *(d for later in chain for d in self._found(later))]
        self.longest = max(self.longest, 1 + len(chain))
        reroute = self._reroute(name, chained=bool(self.fallbacks.failure(name)))
        order = _ORDERS.get(self.strategy) if any(item.together for item in items) else None
        shared = tuple((handle, weight) for handle, weight in weights if order == "weighted")
        return Way(tuple(items), order, self._limits(served, seen), reroute, None, when, shared)

    def _tell_of_mixture(self, name: str, group: Sequence[Deployment]) -> None:
        """Deployments of one name are not tried in the order written, whatever labels say."""
        hostings = {self.draft.wanted[deployment.handle].row["hosting"] for deployment in group}
        if len(hostings) > 1 and not any(deployment.number("order") is not None for deployment in group):
            words = (
                f"`{name}` was spread over own machines and somebody else's: whatever labels say, prompts "
                "left the house from the first on"
            )
            self.draft.findings.say("held_nothing", name, words)

    def _chain(self, name: str) -> list[str]:
        """Names asked after this one: depth first, each once; those for filters and lengths last."""
        found: list[str] = []

        def follow(here: str, deep: int) -> None:
            for later in self.fallbacks.failure(here) if deep < _DEEPEST else ():
                if later not in found and later != name:
                    found.append(later)
                    follow(self.fallbacks.group_of(later), deep + 1)

        follow(name, 0)
        found += [later for later in self.fallbacks.special(name) if later not in found and later != name]
        return found

    def _found(self, name: str) -> list[Deployment]:
        return self.fallbacks.meant(name)

    def _reroute(self, name: str, *, chained: bool) -> tuple[str, ...] | None:
        if self.fallbacks.content is not None:
            return ("filtered",) if self.fallbacks.content.get(name) else ()
        if not self.fallbacks.any:
            return None
        return None if chained else ()

    def _limits(self, served: Sequence[Deployment], seen: set[int]) -> tuple[tuple[str, Any], ...]:
        """The largest timeout bounds an attempt, their sum the request; nothing where only the default holds."""
        said: dict[int, float | None] = {}
        for deployment in served:
            said.setdefault(deployment.handle, deployment.number("timeout"))
        if not any(said.values()):
            self.longest_plain = max(self.longest_plain, len(seen))
            return ()
        each = [value or self.timeout for value in said.values()]
        return bounds(max(each), sum(each))

    def _spread(
        self, name: str, group: Sequence[Deployment], *, spread: bool
    ) -> tuple[list[Item], list[tuple[int, float]]]:
        """One level of `order` after another; inside, as the strategy has it. With the weights of those that share."""
        levels: dict[float, list[Deployment]] = {}
        for deployment in group:
            level = deployment.number("order")
            levels.setdefault(float("inf") if level is None else level, []).append(deployment)
        items: list[Item] = []
        weights: list[tuple[int, float]] = []
        for level in sorted(levels):
            found = levels[level]
            handles = tuple(dict.fromkeys(deployment.handle for deployment in found))
            together = len(handles) > 1 and self.strategy in _ORDERS
            if len(handles) > 1 and spread:
                self.spread.append(name)
            items += [Item(handles, together=True)] if together else [Item((handle,)) for handle in handles]
            if together and self.strategy == "simple-shuffle":
                weights += _weights(found)
        return items, weights


def _weights(found: Sequence[Deployment]) -> list[tuple[int, float]]:
    """By the first of these that any of them has; those that lack it weigh nothing, and without any all weigh alike."""
    for option in ("weight", "rpm", "tpm"):
        said = [(each.handle, max(0.0, each.number(option) or 0.0)) for each in found]
        if any(weight > 0 for _, weight in said):
            return said
    return []


def bounds(attempt: float, total: float) -> tuple[tuple[str, Any], ...]:
    """Of an attempt and of the request, in seconds."""
    each = plain(attempt)
    return (("first_byte_s", each), ("whole_s", each), ("total_s", plain(max(total, attempt))))


def defaults(router: Router) -> dict[str, Any]:
    """What holds for every route."""
    total = router.timeout * router.longest_plain
    limits = dict(bounds(router.timeout, total))
    attempts = min(_MOST_ATTEMPTS, (1 + router.retries) * router.longest)
    limits["attempts"] = max(1, attempts)
    rerouted = router.fallbacks.any or bool(router.fallbacks.content)
    refusal = {"reroute": ["filtered"], "prefer": "listed"} if rerouted else {"reroute": []}
    return {"order": "listed", "affinity": "none", "limits": limits, "on_refusal": refusal}


def router_of(
    draft: Draft, groups: dict[str, list[Deployment]], fallbacks: Fallbacks, data: Mapping[str, Any]
) -> Router:
    """From `router_settings` and `litellm_settings`; what is carried is marked."""
    router, settings = data.get("router_settings") or {}, data.get("litellm_settings") or {}
    made = Router(draft, groups, fallbacks)
    made.strategy = str(router.get("routing_strategy") or "simple-shuffle")
    timeouts = [number(router.get("timeout")), number(settings.get("request_timeout"))]
    made.timeout = next((value for value in timeouts if value and 0 < value < 1e6), _DEFAULT_TIMEOUT)
    retries = [number(router.get("num_retries")), number(settings.get("num_retries"))]
    made.retries = int(min(100, max(0, next((value for value in retries if value is not None), _DEFAULT_RETRIES))))
    made.tagged = router.get("enable_tag_filtering") is True
    draft.findings.carried(
        ("router_settings", "timeout"),
        ("litellm_settings", "request_timeout"),
        ("router_settings", "enable_tag_filtering"),
    )
    return made


def tell_of_spread(router: Router) -> None:
    """What became of the routing strategy, once."""
    path = ("router_settings", "routing_strategy")
    said = bool((router.draft.findings.peer.data.get("router_settings") or {}).get("routing_strategy"))
    names = ", ".join(f"`{name}`" for name in dict.fromkeys(router.spread))
    words = _SPREADS.get(
        router.strategy, "a way to choose that has no word here: deployments are asked in the order listed"
    )
    if names:
        section: Section = "assumed" if router.strategy in _ORDERS else "not_carried"
        router.draft.findings.tell(
            section, path if said else ("model_list",), f"{router.strategy}, for {names}: {words}"
        )
    elif said:
        router.draft.findings.tell("not_carried", path, "no name has several deployments to choose from")
