"""What can be counted without reading along: numbers for Prometheus, never a word of a question."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from medrag.types import Answer

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600)


class Metrics:
    """The figures of one server."""

    content_type = CONTENT_TYPE_LATEST

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        given = self._registry
        self.requests = Counter(
            "medrag_requests", "Requests by kind of door and outcome.", ["door", "status"],
            registry=given,
        )  # fmt: skip
        self.seconds = Histogram(
            "medrag_seconds", "How long a kind of work took.", ["work"], buckets=_SECONDS,
            registry=given,
        )  # fmt: skip
        self.answers = Counter(
            "medrag_answers", "Questions by how they ended.", ["outcome"], registry=given
        )
        self.sentences = Counter(
            "medrag_sentences", "Sentences by verdict.", ["verdict", "shown"], registry=given
        )
        self.documents = Counter(
            "medrag_document_changes", "Documents added, updated, removed or failed.", ["change"],
            registry=given,
        )  # fmt: skip
        self.refused = Counter(
            "medrag_refused", "Requests that were refused, by reason.", ["reason"], registry=given
        )
        self.waiting = Gauge("medrag_waiting", "Questions in a queue.", ["queue"], registry=given)
        self.running = Gauge("medrag_running", "Questions at work.", ["queue"], registry=given)
        self.engines = Gauge("medrag_engines_lent", "Engines at work.", registry=given)

    def answered(self, answer: Answer, seconds: float) -> None:
        """An answer was given."""
        self.answers.labels("abstained" if answer.abstained else "answered").inc()
        self.seconds.labels("ask").observe(seconds)
        for claims, shown in ((answer.claims, "yes"), (answer.withheld, "no")):
            for claim in claims:
                self.sentences.labels(claim.verdict.label, shown).inc()

    def text(self) -> bytes:
        """All of it in Prometheus' text form."""
        return generate_latest(self._registry)
