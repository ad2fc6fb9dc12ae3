"""Evaluation of retrieval, claims and answerability on files of the usual forms."""
