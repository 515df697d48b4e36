"""One Chromium for all tests of pages, without a network."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.report.hostile_run import hostile_run
from tests.report.invented_run import sample_run

sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")

SET_UP = Path(__file__).parents[1] / "set_up_browser.sh"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]


@dataclass
class Opened:
    """A page in the browser, and what happened on it."""

    page: Any
    asked: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the browser in one process."""
    for item in items:
        if Path(item.path).parent == Path(__file__).parent:
            item.add_marker(pytest.mark.xdist_group("browser"))


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    where = subprocess.run(["bash", SET_UP, "find"], capture_output=True, text=True, check=False)
    if where.returncode:
        pytest.skip(f"{where.stderr.strip()}; make browser installs it")
    with sync_api.sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=where.stdout.strip(), args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def open_page(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Opened]]:
    """Open a page from disk, with the network off, and take down what it does."""
    contexts = []

    def opened(text: str, **how: Any) -> Opened:
        path = tmp_path / f"page{len(contexts)}.html"
        path.write_text(text, encoding="utf-8")
        context = browser.new_context(offline=True, **how)
        contexts.append(context)
        told = Opened(page=context.new_page())
        told.page.on("request", lambda request: told.asked.append(request.url))
        told.page.on("console", lambda message: told.complaints.append(message.text))
        told.page.on("pageerror", lambda error: told.complaints.append(str(error)))
        told.page.on(
            "dialog", lambda dialog: (told.dialogs.append(dialog.message), dialog.accept())
        )
        told.page.goto(path.as_uri())
        return told

    yield opened
    for context in contexts:
        context.close()


@pytest.fixture
def run() -> dict[str, Any]:
    return sample_run()


@pytest.fixture(name="hostile_run")
def _hostile_run() -> dict[str, Any]:
    return hostile_run()
