"""Everything that only an export raises on purpose; a runtime never does.

    EdgeError
    ├── CalibrationError (ValueError)         recordings that a model cannot be calibrated with
    ├── BudgetError (ValueError)              an export that cannot be as small, fast and exact as was asked
    └── VerificationError (ValueError)        an export that does not do what its source does

Other errors of an export, such as a damaged source, are the runtime's (`edge.errors`).
"""

from __future__ import annotations

from edge.errors import EdgeError


class CalibrationError(EdgeError, ValueError):
    """Recordings that a model cannot be calibrated with, or a precision that takes no calibration."""


class BudgetError(EdgeError, ValueError):
    """An export that cannot be as small, fast and exact as was asked."""


class VerificationError(EdgeError, ValueError):
    """An export that does not do what its source does."""
