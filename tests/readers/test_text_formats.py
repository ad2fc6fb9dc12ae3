"""HTML, Markdown, plain text, JSON, XML: structure, encodings, refusals."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from medrag.errors import ReadError
from medrag.readers import read
from medrag.types import Document

One = Callable[[str, bytes | str], Document]
Titles = Callable[[Document, str], list[str]]

HTML = """<!doctype html><html lang="en-GB"><head><title>Site | Sepsis</title></head><body>
<nav>Home Contact</nav><header><nav>x</nav>Trust logo</header>
<main><h1>Sepsis in adults</h1><p>Version: 2.1</p><h2>Treatment</h2>
<p>Give   antibiotics <b>within</b> one hour.<script>track()</script></p>
<table><thead><tr><th>Drug</th><th>Route</th><th>Dose</th></tr></thead>
<tr><td rowspan=2>Gentamicin</td><td>IV</td><td>5 mg/kg</td></tr>
<tr><td>IM</td><td>4 mg/kg</td></tr></table>
<ul><li>Oxygen<ul><li>by mask</li></ul></li><li>Fluids</li></ul>
<p>Platelets 50 x 10<sup>9</sup>/L, CO<sub>2</sub>.</p><p hidden>secret</p></main>
<footer>Cookies</footer></body></html>"""


def test_html_reads_the_article_and_not_the_site(one: One, sections_of: Titles) -> None:
    document = one("a.html", HTML)
    assert document.title == "Sepsis in adults"
    assert document.meta.language == "en-GB"
    assert document.meta.version == "2.1"
    assert sections_of(document, "Give antibiotics within one hour.") == [
        "Sepsis in adults",
        "Treatment",
    ]
    for gone in ("Home", "Cookies", "track", "secret", "Trust logo"):
        assert gone not in document.text
    lines = document.text.split("\n")
    assert "Drug: Gentamicin | Route: IM | Dose: 4 mg/kg" in lines
    assert "- Oxygen\n- by mask\n- Fluids" in document.text
    assert "10⁹/L, CO2." in document.text


def test_html_in_windows_1252(one: One) -> None:
    page = '<meta charset="iso-8859-1"><p>Dose \u2264 is not here, caf\u00e9 \u201cquoted\u201d</p>'
    text = one("a.htm", page.replace("\u2264", "<").encode("cp1252")).text
    assert "café “quoted”" in text


def test_key_value_and_group_rows(one: One) -> None:
    text = one(
        "a.html",
        "<table><tr><td>Owner</td><td>Dr Ali</td></tr>"
        "<tr><td>Version</td><td>2.0</td></tr></table>",
    ).text
    assert text == "Owner: Dr Ali\nVersion: 2.0"
    text = one(
        "a.html",
        "<table><tr><th>Drug</th><th>Dose</th><th>Route</th></tr>"
        "<tr><td colspan=3>Children</td></tr>"
        "<tr><td>Zinc</td><td>10 mg</td><td></td></tr></table>",
    ).text
    assert text.split("\n")[-1] == "Children | Drug: Zinc | Dose: 10 mg"


MARKDOWN = """---
title: Asthma pathway
version: 3.2
date: 2024-06-01
---
# Acute asthma

See [the chart](http://x.y) ![a picture](p.png) at
once.

| Drug | Dose |
|------|------|
| Salbutamol | 5 mg |

## Doses

<table><tr><th>Age</th><th>Dose</th></tr>

<tr><td>2 to 5</td><td>20 mg</td></tr></table>

1. Sit up
2. Oxygen
"""


def test_markdown(one: One, sections_of: Titles) -> None:
    document = one("a.md", MARKDOWN)
    assert document.title == "Asthma pathway"
    assert document.meta.version == "3.2"
    assert document.meta.effective_date == "2024-06-01"
    assert document.text.startswith("Acute asthma\n\nSee the chart at once.\n\n")
    assert "Drug: Salbutamol | Dose: 5 mg" in document.text.split("\n")
    assert sections_of(document, "Age: 2 to 5 | Dose: 20 mg") == ["Acute asthma", "Doses"]
    assert "1. Sit up\n2. Oxygen" in document.text


WRAPPED = """FEVER IN CHILDREN

A child with a fever of more than three days should be seen by a doctor on the
same day, because a bacterial infec-
tion may be present and may need treatment at once. Every child should also be
weighed.

3. Treatment

Give paracetamol 15 mg/kg every six hours as needed for comfort and do not give
aspirin to any child. Signs of danger are:

- a stiff neck or a rash that does not fade when it is pressed with the bottom of
  a glass
- drowsiness
"""


def test_hard_wrapped_text_is_unwrapped(one: One, sections_of: Titles) -> None:
    document = one("a.txt", WRAPPED)
    assert "seen by a doctor on the same day, because a bacterial infection may be" in document.text
    assert "pressed with the bottom of a glass\n- drowsiness" in document.text
    assert "Give paracetamol" in document.text
    assert sections_of(document, "Give paracetamol")[-1] == "3. Treatment"
    assert document.title == "FEVER IN CHILDREN"


def test_lines_that_are_not_wrapped_stay_lines(one: One) -> None:
    text = one("a.txt", "Take one tablet.\nDo not drink.\nCall us if you feel ill.").text
    assert text == "Take one tablet.\nDo not drink.\nCall us if you feel ill."


def test_lines_that_begin_alike_are_a_list(one: One) -> None:
    text = one(
        "a.txt",
        "Read the glucose every hour, write it on the chart, and set the pump by the\n"
        "rates below until the patient eats again.\n\n"
        "Glucose below 4.0: stop the pump, treat at once, and tell the doctor on call.\n"
        "Glucose 4.1 to 8.0: 1 unit/hour.\n",
    ).text
    assert "tell the doctor on call.\nGlucose 4.1 to 8.0: 1 unit/hour." in text
    assert "set the pump by the rates below" in text


def test_a_numbered_list_is_no_heading(one: One) -> None:
    document = one("a.txt", "First aid\n=========\n\n1. Call for help\n\n2. Stop the bleeding\n")
    assert [s.title for s in document.sections] == ["First aid"]
    assert "1. Call for help\n2. Stop the bleeding" in document.text


def test_encodings_of_plain_text(one: One) -> None:
    document = one("a.txt", "Dose für Säuglinge: 5 µg".encode("cp1252"))
    assert document.text == "Dose für Säuglinge: 5 µg"
    assert "cp1252" in document.meta.warnings[0]
    assert one("a.txt", "Fi\u00e8vre".encode("utf-16")).text == "Fièvre"
    assert one("a.txt", b"\xef\xbb\xbfFever").text == "Fever"
    for data in (b"abc\x00def", bytes(range(1, 32)) * 20, b"\x89PNG\r\n\x1a\n123"):
        with pytest.raises(ReadError):
            one("a.txt", data)


def test_a_text_too_large_is_refused(one: One) -> None:
    with pytest.raises(ReadError, match="larger than 64 MB of text"):
        one("a.txt", b"a" * (64 * 1024**2 + 1))


def test_json_lines() -> None:
    data = (
        '{"_id": "d1", "title": "Asthma", "text": "Give salbutamol."}\n\n'
        '{"_id": "d2", "contents": "Give steroids early in the attack."}\n'
    )
    first, second = read("c.jsonl", data.encode())
    assert (first.path, first.title, first.text) == ("c.jsonl#d1", "Asthma", "Give salbutamol.")
    assert second.path == "c.jsonl#d2"
    assert second.title == "Give steroids early in the attack."
    assert first.id != second.id
    with pytest.raises(ReadError, match="Line 2"):
        list(read("c.jsonl", b'{"text": "a b c"}\n{"text": \n'))


def test_json_values_are_rendered(one: One, sections_of: Titles) -> None:
    data = """[{"condition_name": "Malaria", "condition_slug": "malaria",
      "first_choice": [{"drug": "Artesunate", "dose": "2.4 mg/kg"}],
      "treatment": {"goals": ["Clear the parasites"]}}]"""
    document = one("n.json", data)
    assert document.path == "n.json#malaria"
    assert document.title == "Malaria"
    assert "Drug: Artesunate | Dose: 2.4 mg/kg" in document.text.split("\n")
    assert sections_of(document, "- Clear the parasites") == ["Malaria", "Treatment", "Goals"]
    for bad in (b"{", b"[" * 100_000, b"{}", b'{"a": "\xff"}'):
        with pytest.raises(ReadError):
            list(read("n.json", bad))


JATS = """<?xml version="1.0"?><article xml:lang="en"><front><article-meta>
<title-group><article-title>Zinc in diarrhoea</article-title></title-group>
<pub-date><day>3</day><month>9</month><year>2014</year></pub-date>
<abstract><p>Zinc shortens diarrhoea.</p></abstract></article-meta></front>
<body><sec><title>Results</title><p>It fell by 20%
[<xref ref-type="bibr">3</xref>,<xref ref-type="bibr">4</xref>].</p>
<sec><title>Doses</title><table-wrap><label>Table 1</label><caption><p>Doses by age</p></caption>
<table><thead><tr><th>Age</th><th>Dose</th></tr></thead><tbody><tr><td>under 6 months</td>
<td>10 mg</td></tr></tbody></table></table-wrap></sec></sec></body>
<back><ref-list><ref>Smith 2001</ref></ref-list></back></article>"""


def test_jats(one: One, sections_of: Titles) -> None:
    document = one("a.nxml", JATS)
    assert document.title == "Zinc in diarrhoea"
    assert document.meta.effective_date == "2014-09-03"
    assert document.meta.language == "en"
    assert "It fell by 20%." in document.text
    assert sections_of(document, "Age: under 6 months | Dose: 10 mg") == [
        "Zinc in diarrhoea",
        "Results",
        "Doses",
    ]
    assert "Table 1. Doses by age." in document.text
    assert "Smith" not in document.text


def test_other_xml_and_bombs(one: One, sections_of: Titles) -> None:
    document = one("a.xml", "<r><title>Plan</title><p>Rest <b>and</b> drink.</p></r>")
    assert sections_of(document, "Rest and drink.") == ["Plan"]
    bomb = '<!DOCTYPE a [<!ENTITY b "bbb"><!ENTITY c "&b;&b;">]><a>&c;</a>'
    outside = '<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>'
    for text in (bomb, outside, "<a><b></a>", "<a/>"):
        with pytest.raises(ReadError):
            one("a.xml", text)
    with pytest.raises(ReadError):
        one("a.xml", bomb.encode("utf-16"))


def test_csv(one: One) -> None:
    text = one("a.csv", "Drug,Dose\nZinc,10 mg\nIron,3 mg\n").text
    assert text == "Drug: Zinc | Dose: 10 mg\nDrug: Iron | Dose: 3 mg"


def test_what_was_struck_out_is_not_read() -> None:
    from medrag.readers import read

    markdown = b"The dose of drug A is ~~10 mg~~ 5 mg once daily.\n\nCount 50 x 10<sup>9</sup>/L\n"
    (document,) = read("a.md", markdown)
    assert "10 mg" not in document.text and "5 mg once daily" in document.text
    assert "10⁹/L" in document.text
    html = b"<html><p>The dose of drug A is <del>10 mg</del> <s>20 mg</s> 5 mg.</p></html>"
    (document,) = read("a.html", html)
    assert "10 mg" not in document.text and "20 mg" not in document.text
    assert "5 mg" in document.text


@pytest.mark.parametrize("path", ["a.txt", "a.md"])
@pytest.mark.parametrize(
    "line",
    [
        "Metformin | Trust guideline | Page 3 of 9",
        "Page 3/9 | Metformin",
        "Trust guideline | page 3",
    ],
)
def test_what_runs_over_every_page_is_left_out(one: One, path: str, line: str) -> None:
    text = one(path, f"Give metformin with food.\n\n{line}\n\nStop it below 30.\n").text
    assert text == "Give metformin with food.\n\nStop it below 30."


@pytest.mark.parametrize(
    "line",
    ["Metformin | Version 2.1 | Page 3 of 9", "Metformin | 500 mg", "Home | Formulary | Contact"],
)
def test_other_lines_with_bars_stay(one: One, line: str) -> None:
    assert line in one("a.txt", f"Give metformin with food.\n\n{line}\n").text.split("\n")


def test_a_bar_within_a_cell_makes_no_column(one: One) -> None:
    table = "| Drug | Dose |\n|---|---|\n| Quetiapine \\| Dose: 900 mg | 25 mg |\n"
    assert "Drug: Quetiapine|Dose: 900 mg | Dose: 25 mg" in one("a.md", f"# T\n\n{table}").text
    html = "<table><tr><th>Drug</th><th>Dose</th></tr><tr><td>A | B</td><td>1 g</td></tr></table>"
    assert "Drug: A|B | Dose: 1 g" in one("a.html", f"<h1>T</h1>{html}").text
