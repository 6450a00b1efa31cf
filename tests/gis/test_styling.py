# SPDX-License-Identifier: GPL-2.0-or-later
"""The colours of heat maps keep their order for every eye."""

from __future__ import annotations

import numpy as np
import pytest

from streetsafe_plugin.gis.styling import _BEYOND_COLOUR, _DENSITY_COLOURS

# Machado, Oliveira and Fernandes (2009), severity 1, for linear RGB
EYES = {
    "usual": np.eye(3),
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}


@pytest.mark.parametrize("eye", EYES)
def test_every_step_is_clearly_darker_than_the_one_before(eye: str) -> None:
    """Lightness L* of CIE alone, which is also what is left of them in grey."""
    codes = ("#ffffff", *_DENSITY_COLOURS, _BEYOND_COLOUR)
    rgb = np.array([[int(code[i : i + 2], 16) for i in (1, 3, 5)] for code in codes]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(linear @ np.array(EYES[eye]).T, 0, 1)
    luminance = seen @ [0.2126, 0.7152, 0.0722]
    lightness = np.where(luminance > 0.008856, 116 * np.cbrt(luminance) - 16, 903.3 * luminance)
    assert (-np.diff(lightness) > 5).all()
