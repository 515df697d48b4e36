"""The command line: arguments, one call, what it says."""

from __future__ import annotations

from calibrate.cli.app import app, main

__all__ = ["app", "main"]
