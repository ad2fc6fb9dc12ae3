"""The library: documents, chunks and vectors in SQLite, with FAISS as a cache that can be lost."""

from medrag.library.store import Library
from medrag.library.vectors import VectorCache

__all__ = ["Library", "VectorCache"]
