"""Chunks: verbatim, whole sentences, in their section, nothing left out."""

from hypothesis import given
from hypothesis import strategies as st

from medrag.chunking import chunk_document, embedding_text
from medrag.text import clean, sentences
from medrag.types import Document, Section

LINES = st.lists(
    st.text(st.sampled_from("abc ABC 0123. \n"), min_size=0, max_size=120), min_size=0, max_size=12
)


def make(text: str, *titles: str) -> Document:
    starts = [(text.index(title), title) for title in titles]
    ends = [start for start, _ in starts[1:]] + [len(text)] * bool(starts)
    sections = tuple(
        Section(title, 1, start, end) for (start, title), end in zip(starts, ends, strict=True)
    )
    return Document("f" * 64, "a.txt", "Title", text, sections=sections)


@given(LINES, st.integers(200, 600), st.integers(0, 3))
def test_every_sentence_is_in_a_chunk_and_every_chunk_is_verbatim(
    lines: list[str], characters: int, overlap: int
) -> None:
    document = make(clean("\n".join(lines)))
    chunks = [chunk for chunk, _ in chunk_document(document, characters, overlap)]
    for chunk in chunks:
        assert document.text[chunk.start : chunk.end] == chunk.text
        assert chunk.text.strip()
    for start, end in sentences(document.text):
        assert any(chunk.start <= start and end <= chunk.end for chunk in chunks)
    assert [chunk.ordinal for chunk in chunks] == list(range(len(chunks)))


def test_a_chunk_does_not_mix_sections() -> None:
    text = "Adults\nGive 500 mg.\n\nChildren\nGive 10 mg/kg."
    chunks = chunk_document(make(text, "Adults", "Children"))
    assert [(c.text, section) for c, section in chunks] == [
        ("Adults\nGive 500 mg.", "Adults"),
        ("Children\nGive 10 mg/kg.", "Children"),
    ]


def test_a_heading_without_text_joins_what_follows() -> None:
    text = "Treatment\n\nFirst line\nGive 500 mg."
    document = Document(
        "0" * 64, "a", "T", text,
        sections=(Section("Treatment", 1, 0, len(text)), Section("First line", 2, 11, len(text))),
    )  # fmt: skip
    ((chunk, section),) = chunk_document(document)
    assert chunk.text == text
    assert section == "Treatment > First line"


def test_a_line_without_end_is_cut_at_spaces_and_kept_whole() -> None:
    text = " ".join(f"word{i}" for i in range(5000))
    chunks = [chunk for chunk, _ in chunk_document(make(text), 900, 1)]
    assert max(len(chunk.text) for chunk in chunks) <= 3600
    assert set(" ".join(chunk.text for chunk in chunks).split()) == set(text.split())


def test_title_and_section_are_embedded_with_a_chunk_but_are_not_its_text() -> None:
    text = "Adults\nGive 500 mg."
    document = make(text, "Adults")
    ((chunk, section),) = chunk_document(document)
    assert embedding_text(document, chunk, section) == "Title\nAdults\nAdults\nGive 500 mg."
    assert chunk.text == text
