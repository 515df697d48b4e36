"""Engines: take tables, run a statement, hand back Arrow."""

from __future__ import annotations

from calibrate.engines.duckdb import DuckDBEngine, quote_identifier

__all__ = ["DuckDBEngine", "quote_identifier"]
