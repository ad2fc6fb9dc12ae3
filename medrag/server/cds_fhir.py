"""Which drugs an order is for: the one thing that is read of what an EHR sends.

Of a FHIR bundle of draft orders only the medication's name is taken (R4 and R5 forms). Who the
order is for is never looked at, and nothing is kept.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from medrag.drugs import drug_names
from medrag.vocabulary import brand_names

_ORDERS = 100  # of one request, at most so many are looked at
_LONGEST = 60  # characters of a product's names
_WORDS = 4  # of one drug's name: what is longer is more than a name
_UNITS = frozenset(
    "mg g kg mcg ug microgram micrograms milligram milligrams ml l unt unit units iu meq mmol hr"
    " hour hours actuat % ppm mol".split()
)
_FORMS = frozenset(
    """
    tablet tablets tab tabs capsule capsules cap caps caplet caplets pill oral orally injection
    injectable inj solution suspension infusion syrup elixir liquid cream ointment gel lotion foam
    paste shampoo inhaler inhalation inhalant nebuliser nebulizer puff puffs drop drops eye ear
    nasal spray aerosol patch patches transdermal suppository suppositories pessary rectal vaginal
    granules powder sachet sachets ampoule ampoules ampule vial vials prefilled pre-filled syringe
    pen cartridge bag bottle modified-release prolonged-release extended-release sustained-release
    immediate-release delayed-release modified prolonged extended sustained immediate delayed
    release mr sr xr xl er ir ec la cr gastro-resistant enteric coated film-coated dispersible
    orodispersible effervescent chewable soluble disintegrating intravenous intramuscular
    subcutaneous topical sublingual buccal ophthalmic otic iv im sc po for in of per dose doses
    sugar-free pack kit product bp usp
    """.split()
)
_SALTS = frozenset(
    """
    hydrochloride dihydrochloride monohydrochloride hcl sodium disodium potassium dipotassium
    calcium magnesium sulfate sulphate phosphate diphosphate acetate maleate mesilate mesylate
    besilate besylate tosilate tosylate fumarate tartrate bitartrate citrate succinate gluconate
    nitrate chloride bromide hydrobromide propionate dipropionate valerate furoate trihydrate
    dihydrate monohydrate hydrate anhydrous hemihydrate trometamol tromethamine medoxomil axetil
    """.split()
)
# Where the drug is itself a salt, the second word is part of its name: potassium chloride.
_METALS = frozenset(
    "potassium sodium magnesium calcium lithium ferrous ferric iron zinc aluminium aluminum"
    " ammonium barium silver".split()
)
_ASIDE = re.compile(r"\([^()]*\)|\[[^\[\]]*\]|\{[^{}]*\}")
# Between two drugs of one product: " / ", " + ", or a slash between two words.
_JOINT = re.compile(r"\s[/+]\s|(?<=[a-z]{4})/(?=[a-z]{4})")
_WORD = re.compile(r"[\w'’-]+")
_AMOUNT = re.compile(r"[\d.,]+")


@dataclass(frozen=True, slots=True)
class Drug:
    """What is ordered: the names (lower case) of the drugs in one product, mostly one."""

    names: tuple[str, ...]

    @property
    def name(self) -> str:
        """All of them, as a question names them."""
        return " and ".join(self.names)

    def named_in(self, text: str) -> bool:
        """Whether a text names every one of them."""
        low = text.lower()
        return all(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", low) for name in self.names)


def ordered_drugs(context: Mapping[str, Any]) -> list[Drug]:
    """The distinct drugs of the selected draft orders (of all, where no selection is given), in
    their order. What is not as FHIR says is passed over."""
    resources = list(_resources(context.get("draftOrders")))
    wanted = context.get("selections")
    found: dict[Drug, None] = {}
    for resource, full_url in resources[:_ORDERS]:
        if resource.get("resourceType") != "MedicationRequest" or resource.get("doNotPerform"):
            continue
        if isinstance(wanted, list) and not _is_selected(resource, full_url, wanted):
            continue
        drug = _drug_of(_texts(resource, resources))
        if drug is not None:
            found[drug] = None
    return list(found)


def drug_in(text: str) -> Drug | None:
    """The drug in the name of a product, without strength, form and salt: "Metformin
    hydrochloride 500 mg tablet" is metformin."""
    bare = text[:500].lower()
    while (without := _ASIDE.sub(" ", bare)) != bare:
        bare = without
    names = dict.fromkeys(filter(None, map(_bare_name, _JOINT.split(bare))))
    name_length = sum(map(len, names))
    return Drug(tuple(names)) if names and name_length <= _LONGEST else None


def _bare_name(text: str) -> str:
    """The words up to the strength or the form, without those before ("24 hr metformin")."""
    words: list[str] = []
    for token in text.split():
        token = token.strip(".,;:*®™")
        skipped = not token or token in _UNITS or _AMOUNT.match(token)
        if skipped or token in _FORMS or not (token[:1].isalpha() and _WORD.fullmatch(token)):
            if words:
                break
            continue
        words.append(token)
        if len(words) == _WORDS:
            break
    while len(words) > 1 and words[-1] in _SALTS and words[0] not in _METALS:
        words.pop()
    return " ".join(words)


def _drug_of(texts: Sequence[str]) -> Drug | None:
    """The first name that holds a generic one; else the first that is a name at all."""
    drugs = [drug for drug in map(drug_in, texts) if drug is not None]
    known = (drug for drug in drugs if drug_names(drug.name) - brand_names().keys())
    return next(known, drugs[0] if drugs else None)


def _resources(bundle: Any) -> Iterator[tuple[Mapping[str, Any], str]]:
    """The resources of a bundle, each with its full URL (or "")."""
    for entry in _list(_dict(bundle).get("entry")):
        resource = _dict(_dict(entry).get("resource"))
        if resource:
            yield resource, _text(_dict(entry).get("fullUrl"))


def _is_selected(resource: Mapping[str, Any], full_url: str, wanted: Sequence[Any]) -> bool:
    """Whether a selection is this order: "MedicationRequest/103", its full URL, or its id."""
    identifier = _text(resource.get("id"))
    known = {full_url, identifier, f"MedicationRequest/{identifier}"} - {""}
    ends = f"/MedicationRequest/{identifier}"
    return any(
        isinstance(one, str) and (one in known or (bool(identifier) and one.endswith(ends)))
        for one in wanted
    )


def _texts(
    order: Mapping[str, Any], resources: Sequence[tuple[Mapping[str, Any], str]]
) -> list[str]:
    """The names that an order gives its medication: R4 has medicationCodeableConcept or
    medicationReference, R5 medication.concept or medication.reference."""
    medication = _dict(order.get("medication"))
    texts = _names(order.get("medicationCodeableConcept")) + _names(medication.get("concept"))
    reference = _dict(order.get("medicationReference") or medication.get("reference"))
    target = _text(reference.get("reference"))
    if target:
        texts += _names(_referred(order, target, resources).get("code"))
    return [text for text in [*texts, _text(reference.get("display"))] if text]


def _referred(
    order: Mapping[str, Any], target: str, resources: Sequence[tuple[Mapping[str, Any], str]]
) -> Mapping[str, Any]:
    """The Medication that is meant: contained in the order ("#id"), or beside it in the bundle."""
    if target.startswith("#"):
        inside = [(_dict(one), "") for one in _list(order.get("contained"))]
        target, resources = f"Medication/{target[1:]}", inside
    for resource, full_url in resources:
        name = f"Medication/{_text(resource.get('id'))}"
        known = full_url == target or f"/{target}".endswith(f"/{name}")
        if known and resource.get("resourceType") == "Medication":
            return resource
    return {}


def _names(concept: Any) -> list[str]:
    """The text of a CodeableConcept, then what its codings are displayed as."""
    given = _dict(concept)
    displays = [_dict(one).get("display") for one in _list(given.get("coding"))]
    return [_text(one) for one in [given.get("text"), *displays]]


def _dict(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value[:_ORDERS] if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
