"""How labels are spelt in common data sets."""

from collections.abc import Collection

from fer.domain import EXPRESSIONS

_SPELLINGS = {
    "angry": ("anger", "ang", "an", "wut"),
    "disgusted": ("disgust", "dis", "di"),
    "fear": ("fearful", "afraid", "scared", "fea", "fe"),
    "happy": ("happiness", "joy", "joyful", "hap", "ha", "smile", "smiling"),
    "sad": ("sadness", "sa"),
    "surprised": ("surprise", "surprising", "sur", "su"),
    "neutral": ("neutrality", "neu", "ne", "calm"),
    "nan": ("none", "none of these", "no expression", "not a face", "noface"),
}
_BY_SPELLING = {spelling: label for label, spellings in _SPELLINGS.items() for spelling in (label, *spellings)}

NUMBERINGS = {
    "fer2013": EXPRESSIONS,
    "rafdb": ("", "surprised", "fear", "disgusted", "happy", "sad", "angry", "neutral"),
    "affectnet": ("neutral", "happy", "sad", "surprised", "fear", "disgusted", "angry", "contempt"),
    "ckplus": ("neutral", "angry", "contempt", "disgusted", "fear", "happy", "sad", "surprised"),
}
"""What the numbers mean in data sets that number their expressions; they contradict each other."""


def label_of(text: str, *, labels: Collection[str], numbering: str | None = None) -> str | None:
    """Return the label that is meant, or None if it is none of ``labels``. Numbers need a ``numbering``."""
    word = " ".join(text.strip().lower().replace("_", " ").replace("-", " ").split())
    if word.isascii() and word.isdecimal():
        names = NUMBERINGS[numbering] if numbering else ()
        word = names[int(word)] if int(word) < len(names) else ""
    label = _BY_SPELLING.get(word)
    return label if label in labels else None
