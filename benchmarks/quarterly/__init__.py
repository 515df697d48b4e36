"""The sections of `benchmarks.quarter`."""
