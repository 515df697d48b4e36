"""Histories built by hand."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.handmade import HandAttribute, HandHistory, build, moment


@pytest.fixture(scope="session")
def hand_history() -> Callable[..., HandHistory]:
    return build


@pytest.fixture(scope="session")
def hand_attribute() -> Callable[..., HandAttribute]:
    return HandAttribute


@pytest.fixture(scope="session")
def day() -> Callable[[float], object]:
    return moment
