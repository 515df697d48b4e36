"""Engines: take tables, run a statement, hand back Arrow."""

from __future__ import annotations

from calibrate.engines.duckdb import DuckDBEngine, quote_identifier, quote_literal

__all__ = ["DuckDBEngine", "quote_identifier", "quote_literal"]
