"""Loops over one text that numpy would need dozens of calls for, in Lua that LuaJIT compiles: a tenth of the time.

The one user of lupa. A loop stands in a `.lua` file of the package beside the numpy that says the same; where nothing
can be compiled (no LuaJIT for the platform, no leave to make code at run time) there is none, and numpy does the work.
Loops read arrays by address, of the sizes that their callers give: those answer for both. One runs at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.resources import files
from typing import Any

from numpy.typing import NDArray

Loop = Callable[..., Any]  # text comes and goes as bytes, a number as one

# Whether a loop that has run often was compiled.
_COMPILES = b"""
local trace = require("jit.util").traceinfo
local sum = 0
for i = 1, 1000 do sum = sum + i end
return trace(1) ~= nil
"""


@cache
def _runtime() -> Any:
    """LuaJIT, without a way back into Python; None where it compiles nothing."""
    try:
        from lupa.luajit21 import LuaRuntime
    except ImportError:
        return None
    runtime = LuaRuntime(encoding=None, register_eval=False, register_builtins=False)
    return runtime if runtime.execute(_COMPILES) else None


def loop(package: str, name: str, *given: object) -> Loop | None:
    """What the file `name` of that package makes of `given`; arrays are given by address and must outlive it."""
    runtime = _runtime()
    return None if runtime is None else runtime.execute(_source(package, name))(*given)


@cache
def _source(package: str, name: str) -> bytes:
    return files(package).joinpath(name).read_bytes()


def address(array: NDArray[Any] | None) -> int:
    """Of its first element; 0 for none."""
    assert array is None or array.flags.c_contiguous
    return 0 if array is None else array.ctypes.data
