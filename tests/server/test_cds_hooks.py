"""The CDS Hooks door: an order goes in, the guidelines' own sentences come out."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import parse_qs

import pytest
from hypothesis import given
from hypothesis import strategies as st

from medrag.server.cds_fhir import Drug, drug_in, ordered_drugs
from tests.server.conftest import Running

SERVICE = "/cds-services/medrag-guidelines"
PATIENT = {"family": "Zweistein", "birth": "1961-04-30"}


def order(name: str, number: int = 1, **more: Any) -> dict[str, Any]:
    return {
        "resourceType": "MedicationRequest",
        "id": f"m{number}",
        "status": "draft",
        "subject": {"reference": "Patient/7", "display": PATIENT["family"]},
        "medicationCodeableConcept": {"text": name},
    } | more


def bundle(*resources: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "entry": [{"resource": one} for one in resources]}


def call(server: Running, *orders: dict[str, Any], who: str | None = "reader", **more: Any) -> Any:
    body = {
        "hook": "order-select",
        "hookInstance": str(uuid.uuid4()),
        "context": {
            "userId": "Practitioner/1",
            "patientId": "7",
            "draftOrders": bundle(*orders),
            "selections": [f"MedicationRequest/{one['id']}" for one in orders],
        },
        "prefetch": {"patient": {"resourceType": "Patient", "birthDate": PATIENT["birth"]}},
    } | more
    with server.client(who) as http:
        return http.post(SERVICE, json=body)


def cards(server: Running, *names: str) -> list[dict[str, Any]]:
    reply = call(server, *(order(name, number) for number, name in enumerate(names)))
    assert reply.status_code == 200, reply.text
    found: list[dict[str, Any]] = reply.json()["cards"]
    return found


# The service


def test_discovery_offers_one_service_on_order_select(server: Running) -> None:
    with server.client() as http:
        services = http.get("/cds-services").json()["services"]
    assert [(one["id"], one["hook"]) for one in services] == [("medrag-guidelines", "order-select")]
    assert "prefetch" not in services[0]
    assert services[0]["title"] and services[0]["description"]


def test_a_contraindication_comes_first_and_as_a_warning(server: Running) -> None:
    found = cards(server, "Metformin hydrochloride 500 mg tablet")
    first = found[0]
    assert first["indicator"] == "warning"
    assert first["summary"] == "Metformin: Stop metformin when eGFR is below 30 mL/min/1.73 m2."
    assert first["source"]["label"].startswith("Type 2 diabetes: metformin and renal function")
    assert "version 2.0" in first["source"]["label"], "not the superseded one"
    assert "- Stop metformin when eGFR is below 30 mL/min/1.73 m2. (p. " in first["detail"]
    assert uuid.UUID(first["uuid"])
    assert all(len(card["summary"]) < 140 for card in found)


def test_a_card_links_the_page_of_its_quote(server: Running) -> None:
    card = cards(server, "metformin")[0]
    url = card["links"][0]["url"]
    assert card["links"][0]["type"] == "absolute"
    place, query = url.split("?")
    assert place.startswith(f"{server.address}/#/source/")
    span = parse_qs(query)
    with server.client() as http:
        document = place.rsplit("/", 1)[1]
        given = {"start": span["start"][0], "end": span["end"][0]}
        page = http.get(f"/v1/documents/{document}/text", params=given).json()["pages"][0]
    start, end = (int(given[name]) - page["start"] for name in ("start", "end"))
    assert page["text"][start:end] in card["detail"]


def test_a_dose_alone_is_information(server: Running) -> None:
    card = cards(server, "Morphine sulfate 10 mg/mL injection")[0]
    assert card["indicator"] == "info"
    assert card["summary"].startswith("Morphine: see "), "a dose is not read without its table"
    assert "0.1 mg/kg" in card["detail"] or "5 to 10 mg" in card["detail"]
    assert "was due for review on 2025" in card["detail"]
    assert "Only the name of the drug was read" in card["detail"]


def test_every_sentence_is_about_the_drug_that_is_ordered(server: Running) -> None:
    for name in ("gentamicin", "apixaban", "salbutamol", "enoxaparin"):
        found = cards(server, name)
        assert found
        for card in found:
            assert name in card["detail"].lower()
            assert "breakthrough dose" not in card["detail"], "that is of opioids"


def test_for_whom_a_dose_is_stands_beside_it(server: Running) -> None:
    found = [c for c in cards(server, "ipratropium") if "asthma" in c["source"]["label"]]
    lines = found[0]["detail"].splitlines()
    for dose, whom in (("500", "Adults (16 years or over)"), ("250", "Children (2 to 15 years)")):
        said = next(line for line in lines if f"{dose} micrograms by nebuliser" in line)
        assert said.endswith(f"(p. 2, {whom} &gt; Treatment)")
    assert found[0]["summary"].startswith("Ipratropium: see ")


def test_what_no_document_names_gives_no_card(server: Running) -> None:
    assert cards(server, "Zoledronic acid 4 mg infusion") == []
    assert cards(server, "Simvastatin") == []
    reply = call(server, {"resourceType": "ServiceRequest", "id": "x", "code": {"text": "MRI"}})
    assert reply.json() == {"cards": []}


def test_every_drug_of_an_order_is_looked_at_or_it_is_said(server: Running) -> None:
    names = ["metformin", "enoxaparin", "gentamicin", "apixaban"]
    told = str(cards(server, *names))
    assert all(f"{name.title()}:" in told for name in names) and "not looked up" not in told
    unknown = [f"wardol{letter}" for letter in "abcdefghij"]
    (last,) = cards(server, *unknown, "metformin")
    assert last["summary"] == "1 more drug was not looked up"


def test_of_a_combination_its_parts_are_looked_at(server: Running) -> None:
    told = str(cards(server, "Metformin 1 g / Sitagliptin 50 mg tablet"))
    assert "Metformin:" in told and "eGFR" in told


def test_a_key_for_another_collection_sees_none_of_it(server: Running) -> None:
    closed = call(server, order("metformin"), who="closed").json()["cards"]
    assert "eGFR" not in str(closed)
    assert call(server, order("metformin"), who=None).status_code == 401
    with server.client(None) as http:
        assert http.get("/cds-services").status_code == 401


@pytest.mark.parametrize(
    "change",
    [
        {"hook": "patient-view"},
        {"hookInstance": ""},
        {"context": {}},
        {"context": {"draftOrders": []}},
        {"context": {"draftOrders": {}, "selections": "MedicationRequest/1"}},
    ],
)
def test_bad_input_is_400_in_one_line(server: Running, change: dict[str, Any]) -> None:
    reply = call(server, order("metformin"), **change)
    assert reply.status_code == 400
    assert set(reply.json()) == {"error", "remedy"}
    assert "\n" not in reply.json()["error"]


def test_feedback_is_taken(server: Running) -> None:
    body = {
        "feedback": [
            {
                "card": str(uuid.uuid4()),
                "outcome": "overridden",
                "outcomeTimestamp": "2026-01-01T00:00:00Z",
                "overrideReason": {"userComment": f"{PATIENT['family']} had it before"},
            }
        ]
    }
    with server.client() as http:
        assert http.post(f"{SERVICE}/feedback", json=body).status_code == 200
        assert http.post(f"{SERVICE}/feedback", json={"feedback": 1}).status_code == 400
    assert_nothing_of_the_patient_is_kept(server)


def test_nothing_of_the_patient_is_kept(server: Running) -> None:
    cards(server, "metformin")
    assert_nothing_of_the_patient_is_kept(server)


def assert_nothing_of_the_patient_is_kept(server: Running) -> None:
    written = [path for path in server.library.rglob("*") if path.is_file()] + [server.log]
    for path in written:
        data = path.read_bytes()
        for secret in PATIENT.values():
            assert secret.encode() not in data, path.name


# The names of drugs


@pytest.mark.parametrize(
    ("product", "names"),
    [
        ("Metformin hydrochloride 500 MG Oral Tablet", ("metformin",)),
        ("24 HR metformin hydrochloride 500 MG Extended Release Oral Tablet", ("metformin",)),
        ("1 ML enoxaparin sodium 100 MG/ML Prefilled Syringe", ("enoxaparin",)),
        (
            "Amoxicillin 120 MG/ML / clavulanate potassium 8.58 MG/ML Oral Suspension",
            ("amoxicillin", "clavulanate"),
        ),
        ("Co-amoxiclav 500mg/125mg tablets", ("co-amoxiclav",)),
        ("Potassium chloride 20 mmol in 500 mL", ("potassium chloride",)),
        ("paracetamol (Acme brand) 500mg", ("paracetamol",)),
        ("insulin glargine 100 UNT/ML pen", ("insulin glargine",)),
        ("vitamin B12 injection", ("vitamin b12",)),
        ("Gentamicin", ("gentamicin",)),
    ],
)
def test_strength_form_and_salt_are_stripped(product: str, names: tuple[str, ...]) -> None:
    assert drug_in(product) == Drug(names)


@pytest.mark.parametrize("product", ["", "0.5 mg", "tablet", "<b>", "((((", "¼", "_" * 500])
def test_what_is_no_name_is_no_drug(product: str) -> None:
    assert drug_in(product) is None


def test_only_selected_orders_count() -> None:
    orders = [order("metformin", 1), order("warfarin", 2), order("aspirin", 3, doNotPerform=True)]
    given = {"draftOrders": bundle(*orders)}
    assert [d.name for d in ordered_drugs(given)] == ["metformin", "warfarin"]
    for selected in ("MedicationRequest/m2", "https://ehr/fhir/MedicationRequest/m2", "m2"):
        assert ordered_drugs(given | {"selections": [selected]}) == [Drug(("warfarin",))]
    for other in ([], ["MedicationRequest/m22"], ["MedicationRequest/2"], [""]):
        assert ordered_drugs(given | {"selections": other}) == []


def test_every_form_of_a_medication_is_read() -> None:
    concept = {"coding": [{"display": "Apixaban 5 mg tablet", "code": "1"}]}
    bare = order("")
    del bare["medicationCodeableConcept"]
    contained = bare | {
        "contained": [{"resourceType": "Medication", "id": "a", "code": concept}],
        "medicationReference": {"reference": "#a"},
    }
    beside = [
        bare | {"medicationReference": {"reference": "Medication/9"}},
        {"resourceType": "Medication", "id": "9", "code": concept},
    ]
    r5 = bare | {"medication": {"concept": concept}}
    shown = bare | {"medicationReference": {"reference": "Medication/0", "display": "Apixaban"}}
    for entries in ([contained], beside, [r5], [shown]):
        assert ordered_drugs({"draftOrders": bundle(*entries)}) == [Drug(("apixaban",))]


def test_a_known_drug_goes_before_a_brand() -> None:
    concept = {"text": "Eliquis 5", "coding": [{"display": "apixaban 5 MG Oral Tablet"}]}
    given = bundle(order("", medicationCodeableConcept=concept))
    assert ordered_drugs({"draftOrders": given}) == [Drug(("apixaban",))]


def test_a_drug_is_named_as_a_whole_word() -> None:
    assert Drug(("iron",)).named_in("Give IRON, 200 mg.")
    assert not Drug(("iron",)).named_in("Give spironolactone.")
    assert not Drug(("amoxicillin", "clavulanate")).named_in("Amoxicillin 1 g.")


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=12),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(
            ["entry", "resource", "resourceType", "id", "medicationCodeableConcept", "text",
             "coding", "display", "medicationReference", "reference", "contained", "medication"]
        ), inner, max_size=4),
    max_leaves=20,
)  # fmt: skip


@given(ANYTHING, ANYTHING)
def test_whatever_an_ehr_sends_is_survived(orders: Any, selections: Any) -> None:
    for drug in ordered_drugs({"draftOrders": orders, "selections": selections}):
        assert drug.name and len(drug.name) <= 200


@given(st.text(max_size=80))
def test_a_name_is_short_and_plain(text: str) -> None:
    drug = drug_in(text)
    if drug is not None:
        assert all(c.isalnum() or c in " -'’_" for c in drug.name)
        assert len(drug.names[0].split()) <= 4
