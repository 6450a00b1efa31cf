# SPDX-License-Identifier: GPL-2.0-or-later
"""Names for the arrays that travel through the domain."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
