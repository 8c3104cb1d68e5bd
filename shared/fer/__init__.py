"""Facial expressions from pictures: ``from fer import open_recogniser``.

Names are resolved lazily, so importing one part of the package never loads another.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from fer.api import PictureRecogniser, open_recogniser

__all__ = ["PictureRecogniser", "open_recogniser"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from fer import api

    return getattr(api, name)
