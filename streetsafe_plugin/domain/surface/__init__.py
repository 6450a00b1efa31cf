# SPDX-License-Identifier: GPL-2.0-or-later
"""How a density surface is added up, on behalf of `density`: its grid, its kernels, its classes."""
