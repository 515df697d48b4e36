"""Where statements are run: the tables [database] and [engine]."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar

from pydantic import Field, field_validator

from calibrate.config.columns import Section

__all__ = ["DatabaseSettings", "EngineSettings"]

_MEMORY = re.compile(r"(\d+(?:\.\d+)?) ?([KMGT]i?B|%)", re.IGNORECASE)
_LEAST = 200  # MB
_MOST_THREADS = 1024  # each is started at once
_OF_ENGINE = 0.25  # the rest is for one row a lead and the arithmetic on it


class DatabaseSettings(Section):
    """Where the tables are, instead of files.

    Parameters
    ----------
    url : str
        ``postgresql://host/database``, ``spark://...``, or ``duckdb:///path/of/a/file``. Never
        shown nor written anywhere.

    Examples
    --------
    >>> DatabaseSettings(url="postgresql://localhost/crm").url
    'postgresql://localhost/crm'
    """

    toml_name: ClassVar[str] = "database"
    url: str = Field(repr=False)


class EngineSettings(Section):
    """What this process may use; a database has its own settings.

    Parameters
    ----------
    memory_limit : str, optional
        About as much as the whole process should take, e.g. ``"4GB"``: the engine gets a quarter
        of it (`memory_of_engine`) and spills more to `temp_directory`. Default: what DuckDB
        takes, 80 % of the machine's.
    threads : int, optional
        At most so many threads; default all cores.
    temp_directory : str, optional
        Where to spill; default DuckDB's choice.

    Examples
    --------
    >>> EngineSettings(memory_limit="4GB", threads=2).memory_of_engine
    '1GB'
    """

    toml_name: ClassVar[str] = "engine"
    memory_limit: str | None = None
    threads: Annotated[int, Field(ge=1, le=_MOST_THREADS)] | None = None
    temp_directory: str | None = None

    @field_validator("memory_limit")
    @classmethod
    def _a_size(cls, value: str | None) -> str | None:
        found = None if value is None else _MEMORY.fullmatch(value.strip())
        if value is not None and not (found and _is_possible(float(found[1]), found[2])):
            raise ValueError(
                f'write it like "4GB" or "60%" (at most 100%, at least {_LEAST} MB), not "{value}"'
            )
        return value

    @property
    def memory_of_engine(self) -> str | None:
        """The part of `memory_limit` that is the engine's; None without a limit."""
        found = _MEMORY.fullmatch((self.memory_limit or "").strip())
        if found is None:
            return None
        part = f"{_OF_ENGINE * float(found[1]):.6f}".rstrip("0").rstrip(".")  # no exponent
        return f"{part}{found[2]}"


def _is_possible(number: float, unit: str) -> bool:
    """Whether a process can be held to it: up to all of the machine, and enough to begin with."""
    if unit == "%":
        return 0 < number <= 100
    megabytes = number * 1000.0 ** ("KMGT".index(unit[0].upper()) - 1)
    return megabytes >= _LEAST
