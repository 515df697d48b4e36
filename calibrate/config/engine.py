"""Where statements are run: the tables [database] and [engine]."""

from __future__ import annotations

import re
from typing import Annotated, ClassVar

from pydantic import Field, field_validator

from calibrate.config.columns import Section

__all__ = ["DatabaseSettings", "EngineSettings"]

_MEMORY = re.compile(r"(\d+(?:\.\d+)?) ?([KMGT]i?B|%)", re.IGNORECASE)
_OF_ENGINE = 0.4  # the rest is for one row a lead and the arithmetic on it


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
        About as much as the whole process should take, e.g. ``"4GB"``: the engine gets two fifths
        of it (`memory_of_engine`) and spills more to `temp_directory`. Default: what DuckDB
        takes, 80 % of the machine's.
    threads : int, optional
        At most so many threads; default all cores.
    temp_directory : str, optional
        Where to spill; default DuckDB's choice.

    Examples
    --------
    >>> EngineSettings(memory_limit="4GB", threads=2).memory_of_engine
    '1.6GB'
    """

    toml_name: ClassVar[str] = "engine"
    memory_limit: str | None = None
    threads: Annotated[int, Field(ge=1)] | None = None
    temp_directory: str | None = None

    @field_validator("memory_limit")
    @classmethod
    def _a_size(cls, value: str | None) -> str | None:
        if value is not None and not _MEMORY.fullmatch(value.strip()):
            raise ValueError(f'write it like "4GB" or "60%", not "{value}"')
        return value

    @property
    def memory_of_engine(self) -> str | None:
        """The part of `memory_limit` that is the engine's; None without a limit."""
        found = _MEMORY.fullmatch((self.memory_limit or "").strip())
        if found is None:
            return None
        return f"{_OF_ENGINE * float(found[1]):g}{found[2]}"
