"""Which files make a policy folder, and where the layers of its catalogue stand."""

from __future__ import annotations

from dataclasses import dataclass

from gateway.source import read

POLICY = "policy.yaml"
CALLERS = "callers.yaml"
SHIPPED = "shipped"  # the word for the catalogue inside the package, and what its files' names begin with
OWN = "catalog"


@dataclass(frozen=True, slots=True)
class Layer:
    """A part of a folder's catalogue: later ones override earlier ones."""

    prefix: str  # of its files' names: `catalog/labs.yaml`
    path: str | None  # relative to the policy's folder; None: inside the package


def catalog_layers(policy: bytes) -> tuple[Layer, ...]:
    """What `catalog:` names, else `catalog` alone; what is no name there is left out."""
    document, _ = read(policy, POLICY)
    named = document.data.get("catalog") if isinstance(document.data, dict) else None
    words = named if isinstance(named, list) else [named]
    layers: list[Layer] = []
    for word in dict.fromkeys(word for word in words if isinstance(word, str) and word):
        paths = sum(layer.path is not None for layer in layers)
        prefix = OWN if not paths else f"{OWN}{paths + 1}"
        layers.append(Layer(SHIPPED, None) if word == SHIPPED else Layer(prefix, word))
    return tuple(layers) or (Layer(OWN, OWN),)


def own_catalog(policy: bytes) -> str:
    """The folder for rows of one's own: the last that `catalog:` names, relative to the policy's."""
    return next((layer.path for layer in reversed(catalog_layers(policy)) if layer.path is not None), OWN)


def of_catalog(name: str, layers: tuple[Layer, ...]) -> bool:
    """True for the name of a catalogue's file."""
    return name.partition("/")[0] in {layer.prefix for layer in layers}
