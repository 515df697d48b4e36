"""Fixtures every room shares; numerical libraries are kept to one thread a process."""

from __future__ import annotations

import os

for _variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")

import subprocess  # noqa: E402  - the caps must stand before numpy is imported
import warnings  # noqa: E402
from collections.abc import Generator, Iterator  # noqa: E402
from pathlib import Path  # noqa: E402
from typing import TYPE_CHECKING  # noqa: E402

import pytest  # noqa: E402
from coverage import Coverage  # noqa: E402

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

PROJECT = Path(__file__).resolve().parents[1]
SET_UP = PROJECT / "tests" / "set_up_engines.sh"


@pytest.fixture(scope="session")
def real_data() -> Path:
    """Folder of the public data sets beside the project, or a skip that says so."""
    folder = PROJECT / ".." / "shared" / "data"
    if not (folder / "README.md").is_file():
        pytest.skip("the public data sets are not beside the project (../shared/data)")
    return folder.resolve()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests that need a server first: the first worker has them all, and one server."""
    items.sort(key=lambda item: not _needs_server(item))


def _needs_server(item: pytest.Item) -> bool:
    fixtures = {"postgres_url", "spark_session"} & set(getattr(item, "fixturenames", ()))
    return bool(fixtures) or item.get_closest_marker("xdist_group") is not None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Generator[None, object, object]:
    """Measure no coverage in tests that take long: tracing makes them take nearly twice as long.

    What they run, the others run, too: ``make test`` holds the others to 95 %.
    """
    is_long = item.get_closest_marker("slow") or item.get_closest_marker("real")
    measured = Coverage.current() if is_long else None
    if measured is None:
        return (yield)
    measured.stop()
    try:
        return (yield)
    finally:
        measured.start()


def set_up(*arguments: str) -> list[str]:
    """Run the script that sets up databases; the lines it prints, or a skip with its reason."""
    done = subprocess.run(["bash", SET_UP, *arguments], capture_output=True, text=True, check=False)
    if done.returncode == 3:
        pytest.skip(f"{done.stderr.strip()}; bash tests/set_up_engines.sh --install installs it")
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """URL of an empty PostgreSQL of our own, in another zone than UTC; one a worker."""
    folder, url = set_up("start")
    yield url
    set_up("stop", folder)


@pytest.fixture(scope="session")
def spark_session(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SparkSession]:
    """Return a small local Spark, in another zone than UTC; one a worker."""
    (java,) = set_up("java")
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.filterwarnings("ignore", "PySpark does not yet fully support", FutureWarning)
        patch.setenv("JAVA_HOME", java)
        patch.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        from pyspark.sql import SparkSession

        settings = {
            "spark.ui.enabled": "false",
            "spark.ui.showConsoleProgress": "false",
            "spark.log.level": "OFF",
            "spark.driver.host": "localhost",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.memory": "1g",
            "spark.driver.extraJavaOptions": (
                "-XX:+UnlockDiagnosticVMOptions -XX:-BytecodeVerificationRemote"
                " -XX:TieredStopAtLevel=1 -XX:+UseSerialGC -Xmn300m"
            ),
            "spark.sql.session.timeZone": "America/New_York",
            "spark.sql.shuffle.partitions": "1",
            "spark.default.parallelism": "1",
            "spark.sql.adaptive.enabled": "false",
            "spark.sql.codegen.wholeStage": "false",
            "spark.sql.warehouse.dir": str(tmp_path_factory.mktemp("spark")),
        }
        builder = SparkSession.builder.master("local[1]").appName("calibrate tests")
        session = builder.config(map=settings).getOrCreate()
        yield session
        session.stop()
