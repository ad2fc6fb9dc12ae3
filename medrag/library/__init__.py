"""The library: documents, chunks and vectors in SQLite, with FAISS as a cache that can be lost."""

from medrag.library.scope import Scope, scope_of
from medrag.library.store import Library
from medrag.library.vectors import VectorCache
from medrag.library.view import View, Views

__all__ = ["Library", "Scope", "VectorCache", "View", "Views", "scope_of"]
