"""A process that is killed before the k-th thing it does to the file system."""

from __future__ import annotations

import os
import signal
import sys
import warnings
from collections.abc import Callable, Iterator

__all__ = ["killed_everywhere"]

TOUCHES = ("open", "os.rename", "os.replace", "os.mkdir", "os.remove", "os.rmdir", "os.truncate")


def killed_everywhere(act: Callable[[], object], *, at_most: int = 200) -> Iterator[int]:
    """Do the same in one child process after the other, each killed one step later.

    Yields the number of steps the child came to do; ends with the first child that lives.
    """
    for step in range(at_most):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # forking beside threads
            child = os.fork()
        if child == 0:
            _act_and_die(act, step)
        _, status = os.waitpid(child, 0)
        if os.WIFEXITED(status):
            assert os.WEXITSTATUS(status) == 0, "the child failed before it was killed"
            return
        assert os.WTERMSIG(status) == signal.SIGKILL
        yield step
    raise AssertionError(f"still not done after {at_most} steps")


def _act_and_die(act: Callable[[], object], step: int) -> None:
    done = -1

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal done
        if event not in TOUCHES or (event == "open" and not _writes(arguments)):
            return
        done += 1
        if done == step:
            os.kill(os.getpid(), signal.SIGKILL)

    try:
        sys.addaudithook(watch)
        act()
        os._exit(0)
    except BaseException:
        os._exit(1)


def _writes(arguments: tuple[object, ...]) -> bool:
    flags = arguments[2] if len(arguments) > 2 else 0
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR))
