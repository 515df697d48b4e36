"""Peers, each run in an environment of its own: a script and the packages it was measured with."""
