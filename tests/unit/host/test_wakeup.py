"""No event is lost between a look at the world and the wait for the next one."""

import threading

from zc.zkdeployment.host.wakeup import Wakeup


def test_an_event_between_look_and_wait_ends_the_wait_at_once() -> None:
    wakeup = Wakeup()
    seen = wakeup.count
    wakeup.set()
    wakeup.wait(seen)  # would hang


def test_two_waits_take_nothing_from_each_other() -> None:
    """A lock that waits must not swallow the event that tells of a new version."""
    wakeup = Wakeup()
    outer = wakeup.count
    inner = wakeup.count
    wakeup.set()
    wakeup.wait(inner)
    wakeup.wait(outer)  # would hang


def test_a_waiting_thread_is_woken() -> None:
    wakeup = Wakeup()
    waiter = threading.Thread(target=wakeup.wait, args=(wakeup.count,), daemon=True)
    waiter.start()
    wakeup.set()
    waiter.join(10)
    assert not waiter.is_alive()


def test_a_wait_can_be_bounded() -> None:
    wakeup = Wakeup()
    wakeup.wait(wakeup.count, 0.01)
    assert wakeup.count == 0


def test_who_waits_for_what_did_not_come_is_idle() -> None:
    """The watchdog must not end an agent that has nothing to do, nor spare one that hangs."""
    wakeup = Wakeup()
    assert not wakeup.is_idle
    waiter = threading.Thread(target=wakeup.wait, args=(wakeup.count,), daemon=True)
    waiter.start()
    while wakeup.waits == 0 or not wakeup.is_idle:
        waiter.join(0.001)
    wakeup.set()
    assert not wakeup.is_idle
    waiter.join(10)
    assert (wakeup.waits, wakeup.is_idle) == (1, False)
