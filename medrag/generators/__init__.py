"""Who writes an answer. One file an engine, all behind ``types.Generator``."""
