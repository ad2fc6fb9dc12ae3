"""The command line: parse, one call of the engine, one place where errors end."""

from medrag.cli.app import main

__all__ = ["main"]
