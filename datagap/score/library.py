"""The libraries that scoring needs and the rest of datagap does not."""

from __future__ import annotations

from importlib.util import find_spec

from datagap.errors import MisuseError


def require_libraries() -> None:
    """Raise MisuseError if scikit-learn or SciPy is not installed."""
    if any(find_spec(name) is None for name in ("sklearn", "scipy")):
        raise MisuseError("scoring needs scikit-learn and SciPy", hint="run pip install 'datagap[score]'")
