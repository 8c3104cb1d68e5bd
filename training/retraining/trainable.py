"""Which champions this training can go on from."""

from training.data.fer2013 import LABELS, SIDE_PX


def check_trainable(card: dict) -> None:
    """Raises ValueError for a champion that takes other faces than this training makes."""
    found = (
        tuple(card["labels"]),
        (card["input"]["height"], card["input"]["width"]),
        card["output"],
        round(card["preprocessing"]["scale"] * 255, 6),
        card["preprocessing"]["offset"],
    )
    expected = (LABELS, (SIDE_PX, SIDE_PX), "logits", 1.0, 0.0)
    if found != expected:
        raise ValueError(
            f"expected a champion with labels, input, output, scale × 255, offset {expected}, got {found}"
        )
