"""Names and forms that a stranger sends."""

from __future__ import annotations

import tempfile
import unicodedata
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medrag.errors import UsageError
from medrag.readers import SUPPORTED
from medrag.server.intake_delivery import Delivery, Form
from medrag.server.intake_job import part_of
from medrag.server.intake_names import MAX_BYTES, check_collection, safe_name


@pytest.mark.parametrize(
    ("raw", "kept"),
    [
        ("../../etc/passwd.txt", "passwd.txt"),
        ("..\\..\\x.md", "x.md"),
        ("a/b.md", "b.md"),
        ("C:\\Users\\me\\Dose sheet.PDF", "Dose sheet.PDF"),
        ("con.pdf", "_con.pdf"),
        ("COM\u00b9 .txt", "_COM\u00b9 .txt"),
        ("invoice\u202efdp.md", "invoicefdp.md"),
        ("a\x00b\r\n.md", "ab.md"),
        ("~$open.docx", "open.docx"),
        ("...hidden.md", "hidden.md"),
        ("sheet.md. . ", "sheet.md"),
        ('a<b>:"|?*#c.md', "a_b_______c.md"),
        ("U\u0308bersicht.md", "Übersicht.md"),
        ("x" * 300 + ".pdf", "x" * 176 + ".pdf"),
        ("\U0001f48a" * 100 + ".html", "\U0001f48a" * 43 + ".html"),
    ],
)
def test_a_name_is_kept_as_one_that_is_safe(raw: str, kept: str) -> None:
    assert safe_name(raw) == kept
    assert safe_name(kept) == kept


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        ("", "without a name"),
        ("../..", "without a name"),
        ("\u202e\u200b", "without a name"),
        (".md", "Files without a suffix"),
        ("NUL", "Files without a suffix"),
        ("../../etc/passwd", "Files without a suffix"),
        ("letter.doc", "Save it as .docx"),
        ("virus.exe", "medrag reads PDF"),
        ("sheet.md/", "without a name"),
    ],
)
def test_a_name_that_cannot_be_is_refused_with_what_to_do(raw: str, said: str) -> None:
    with pytest.raises(UsageError) as caught:
        safe_name(raw)
    assert said in str(caught.value)


@given(
    st.text(max_size=300)
    | st.lists(st.sampled_from(["..", ".", "/", "\\", "nul", " ", "x"])).map("".join),
    st.sampled_from(sorted(SUPPORTED)),
)
def test_a_kept_name_lies_inside_the_folder_on_every_system(raw: str, suffix: str) -> None:
    try:
        name = safe_name(raw + suffix)
    except UsageError:
        return
    assert PurePosixPath("/library/ward", name).parent == PurePosixPath("/library/ward")
    windows = PureWindowsPath("C:\\library\\ward", name)
    assert windows.parent == PureWindowsPath("C:\\library\\ward") and windows.name == name
    assert not windows.is_reserved()
    assert name == name.strip(". ") and not set(name) & set('<>:"|?*#/\\\0')
    assert len(name.encode()) <= MAX_BYTES
    assert unicodedata.is_normalized("NFC", name)
    assert PurePosixPath(name).suffix.lower() in SUPPORTED
    assert safe_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", "..", ".incoming", "a/b", "a\\b", "nul", "Com1.x", "ward.", "ward ", "ward\n", "x" * 65],
)
def test_a_collection_that_is_no_folder_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        check_collection(name)


@pytest.mark.parametrize("name", ["default", "Ward 3.1", "Über-uns", "内科"])
def test_a_collection_that_is_a_folder_is_taken(name: str) -> None:
    assert check_collection(name) == name


# Forms


def body(parts: list[tuple[str, str | None, bytes]], boundary: str = "XyZ") -> bytes:
    out = b""
    for name, file, data in parts:
        head = f'Content-Disposition: form-data; name="{name}"'
        head += f'; filename="{file}"' if file is not None else ""
        out += f"--{boundary}\r\n{head}\r\n\r\n".encode() + data + b"\r\n"
    return out + f"--{boundary}--\r\n".encode()


@given(
    st.lists(
        st.tuples(st.sampled_from(["a.md", "b.pdf", ""]), st.binary(max_size=200)), max_size=4
    ),
    st.integers(1, 64),
)
def test_a_form_comes_out_as_it_was_sent_however_it_is_cut(
    files: list[tuple[str, bytes]], size: int
) -> None:
    parts: list[tuple[str, str | None, bytes]] = [("files", name, data) for name, data in files]
    sent = body([*parts, ("collection", None, "Übung".encode())])
    with tempfile.TemporaryDirectory() as folder, Delivery(Path(folder) / "in") as delivery:
        delivery.folder.mkdir()
        form = Form("multipart/form-data; boundary=XyZ", delivery)
        for start in range(0, len(sent), size):
            form.write(sent[start : start + size])
        form.finish()
        assert form.fields == {"collection": "Übung"}
        read = [
            (one.name, part_of(delivery.folder, one.number).read_bytes()) for one in delivery.files
        ]
    assert read == [(name, data) for name, data in files if name or data]


@given(
    st.binary(max_size=300)
    | st.binary(max_size=100).map(lambda junk: body([("files", "a.md", b"x")])[:-9] + junk)
)
def test_a_torn_form_is_refused_in_words_and_leaves_nothing(junk: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "in"
        place.mkdir()
        with pytest.raises(UsageError), Delivery(place) as delivery:
            form = Form("multipart/form-data; boundary=XyZ", delivery)
            form.write(junk)
            form.finish()
        assert not place.exists()
