"""Writes arrays as .npz whose bytes depend on nothing but the arrays."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np


def write(path: Path, **arrays: np.ndarray) -> None:
    """Compressed, without time stamps."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as file:
        for name, array in arrays.items():
            packed = io.BytesIO()
            np.save(packed, np.asarray(array, order="C"), allow_pickle=False)
            file.writestr(zipfile.ZipInfo(f"{name}.npy"), packed.getvalue(), zipfile.ZIP_DEFLATED)
