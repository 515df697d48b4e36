"""What the fitted card is measured against, one section a file with ``run(options) -> Study``."""
