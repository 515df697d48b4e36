"""One study a file, each with ``run(*, quick=False) -> Study``."""
