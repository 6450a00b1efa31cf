# SPDX-License-Identifier: GPL-2.0-or-later
"""What can go wrong that a person can mend."""

from __future__ import annotations


class StreetSafeError(Exception):
    """Say in one sentence what is wrong and where, and in another what to do next.

    Anything raised that is not a `StreetSafeError` is a bug and keeps its traceback.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        """Keep `message` (what and where) apart from `hint` (what to do next)."""
        super().__init__(f"{message} {hint}".strip())
        self.message = message
        self.hint = hint


class InputRefused(StreetSafeError):
    """The file, layer or value that was given cannot be used."""


class WriteFailed(StreetSafeError):
    """A result could not be written or did not read back as written; the old file stands."""


class DoesNotAddUp(StreetSafeError):
    """The accounting line of a result does not close, so the result is withheld."""


class Cancelled(StreetSafeError):
    """The user stopped the run; nothing was left behind."""

    def __init__(self) -> None:
        """Take no message: there is only one way to be cancelled."""
        super().__init__("Cancelled.", "Nothing was written.")
