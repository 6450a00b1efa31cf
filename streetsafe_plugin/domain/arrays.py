# SPDX-License-Identifier: GPL-2.0-or-later
"""Names for the arrays that travel through the domain."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Union

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
Bytes = NDArray[np.uint8]
Complexes = NDArray[np.complex128]
#: Texts; equal ones of a column are best the same object.
Texts = NDArray[np.object_]
#: A column of a layer: an array, or any list of values.
Values = Union[NDArray[Any], Sequence[Any]]
#: Local civil time, `datetime64[s]`, NaT where there is none.
Moments = NDArray[np.datetime64]
