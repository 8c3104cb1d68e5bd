"""One frame waits, and it is the newest."""

import asyncio

from streaming.mailbox import Frame, Mailbox


def frame(number: int) -> Frame:
    return Frame(number=number, data=b"", arrived_s=0.0)


def test_newest_frame_wins_and_the_others_are_counted() -> None:
    mailbox = Mailbox()
    for number in (1, 2, 3):
        mailbox.put(frame(number))
    assert mailbox.take().number == 3
    assert mailbox.skipped == 2
    mailbox.put(frame(4))
    assert mailbox.take().number == 4
    assert mailbox.skipped == 2


def test_it_is_filled_until_it_is_emptied() -> None:
    async def scenario() -> None:
        mailbox = Mailbox()
        waiting = asyncio.create_task(mailbox.filled())
        await asyncio.sleep(0)
        assert not waiting.done()
        mailbox.put(frame(1))
        await waiting
        await mailbox.filled()  # still
        mailbox.take()
        waiting = asyncio.create_task(mailbox.filled())
        await asyncio.sleep(0)
        assert not waiting.done()
        waiting.cancel()

    asyncio.run(scenario())
