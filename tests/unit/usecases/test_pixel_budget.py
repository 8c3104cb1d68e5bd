"""Large pictures wait for each other, small ones and refused ones for nobody."""

import threading
from collections.abc import Callable

import numpy as np
import pytest

from fer.errors import Unavailable, UnsupportedType
from fer.usecases.pixel_budget import PixelBudget, Turns
from tests.pictures import encode, png_bomb
from tools.drawn_pictures import drawn, saved

HUNDRED = encode(np.zeros((100, 100, 3), np.uint8), ".png")  # 10,000 pixels
FIFTY = encode(np.zeros((50, 50, 3), np.uint8), ".png")  # 2,500 pixels


def enters_at_once(budget: PixelBudget | Turns, image: bytes, *, max_pixels: int = 100_000) -> Callable[[], bool]:
    """Try to enter on a thread of its own; the result says whether it is inside by now, and waits for it if so."""
    inside = threading.Event()

    def enter() -> None:
        with budget.hold(image, max_pixels=max_pixels):
            inside.set()

    threading.Thread(target=enter, daemon=True).start()
    return lambda: inside.wait(0.2)


def test_pictures_that_fit_together_are_worked_on_together() -> None:
    budget = PixelBudget(12_500)
    with budget.hold(HUNDRED, max_pixels=100_000):
        assert enters_at_once(budget, FIFTY)()


def test_picture_that_does_not_fit_waits_for_its_turn() -> None:
    budget = PixelBudget(12_500)
    with budget.hold(HUNDRED, max_pixels=100_000):
        second = enters_at_once(budget, HUNDRED)
        assert not second()
    assert second()


def test_picture_larger_than_the_budget_has_it_to_itself() -> None:
    budget = PixelBudget(5_000)
    with budget.hold(HUNDRED, max_pixels=100_000):
        second = enters_at_once(budget, FIFTY)
        assert not second()
    assert second()


def test_picture_that_will_be_refused_waits_for_nothing() -> None:
    budget = PixelBudget(10_000)
    with budget.hold(HUNDRED, max_pixels=100_000):
        assert enters_at_once(budget, png_bomb(1_000), max_pixels=100_000)()


def test_a_picture_is_charged_what_it_takes_and_not_only_its_size() -> None:
    gif = saved(drawn((100, 100)), "GIF")  # 10,000 pixels of more than twice the memory
    budget = PixelBudget(30_000)
    with budget.hold(gif, max_pixels=100_000):
        assert enters_at_once(budget, FIFTY)()
        second = enters_at_once(budget, gif)
        assert not second()
    assert second()


def test_a_gif_that_takes_as_much_as_a_large_picture_waits_with_those() -> None:
    turns = Turns()
    gif = saved(drawn((1500, 1000)), "GIF")
    with turns.hold(png_bomb(4_800), max_pixels=25_000_000):
        large = enters_at_once(turns, gif, max_pixels=25_000_000)
        assert not large()
    assert large()


def test_pixels_are_given_back_after_a_fault() -> None:
    budget = PixelBudget(10_000)
    with pytest.raises(UnsupportedType), budget.hold(HUNDRED, max_pixels=100_000):
        raise UnsupportedType("as a decoder might")
    assert enters_at_once(budget, HUNDRED)()


def test_nobody_overtakes_a_picture_that_waits_for_most_of_the_budget() -> None:
    budget = PixelBudget(12_500)
    with budget.hold(FIFTY, max_pixels=100_000):
        large = enters_at_once(budget, encode(np.zeros((110, 110, 3), np.uint8), ".png"))
        assert not large()
        later = enters_at_once(budget, FIFTY)
        assert not later()  # there is room for it, and it came later
    assert large()
    assert later()


def test_waiting_is_bounded_in_number_and_time() -> None:
    budget = PixelBudget(10_000, max_waiting=1, patience_s=0.3)
    with budget.hold(HUNDRED, max_pixels=100_000):
        enters_at_once(budget, HUNDRED)()
        with pytest.raises(Unavailable, match="Too many"), budget.hold(HUNDRED, max_pixels=100_000):
            pass
    hurried = PixelBudget(10_000, patience_s=0.01)
    held, late = hurried.hold(HUNDRED, max_pixels=100_000), hurried.hold(HUNDRED, max_pixels=100_000)
    with held, pytest.raises(Unavailable, match="too long"), late:
        pass
    with hurried.hold(HUNDRED, max_pixels=100_000):  # who gave up is not waited for
        pass


def test_small_pictures_do_not_wait_for_large_ones() -> None:
    turns = Turns()
    large = png_bomb(4_800)
    with turns.hold(large, max_pixels=25_000_000):
        next_large = enters_at_once(turns, large, max_pixels=25_000_000)
        assert not next_large()
        assert enters_at_once(turns, HUNDRED)()
    assert next_large()
