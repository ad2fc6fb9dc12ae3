"""Forms of planted clinical sentences: each family says one thing in several ways. Data only.

Places: {drug} {other} {dose} {dose2} {route} {often} {people} {people2} {condition} {span} {limit}
{test} {side} {organ} {effect} {measure} {procedure} {percent} {percent2} {age} {volume} {tablets}.
``turned`` holds, by kind, the ways to say the opposite.
"""

from __future__ import annotations

from training.planted.family import Family
from training.planted.phrases_more import MORE

FAMILIES: tuple[Family, ...] = (
    *MORE,
    Family((
        "Give {drug} {dose} {route} {often} to {people} with {condition}.",
        "{people} with {condition} should receive {drug} {dose} {route} {often}.",
        "For {people} with {condition}, the dose of {drug} is {dose} {route} {often}.",
        "{drug} {dose} {route} {often} is recommended for {people} with {condition}.",
        "In {people} with {condition}, {drug} is given {route} at a dose of {dose} {often}.",
        "Treat {condition} in {people} with {drug} {dose} {often}, given {route}.",
    ), {"negation": (
        "Do not give {drug} {dose} {route} {often} to {people} with {condition}.",
        "{drug} {dose} {route} {often} is not recommended for {people} with {condition}.",
        "{people} with {condition} should not receive {drug} {dose} {route} {often}.",
    )}),
    Family((
        "Treat {condition} with {drug} {dose} {often} for {span}.",
        "The usual course for {condition} is {drug} {dose} {often} for {span}.",
        "{condition} is treated with {drug} at {dose} {often} over {span}.",
        "For {condition}, prescribe {drug} {dose} {often} and continue it for {span}.",
        "A course of {span} of {drug}, {dose} {often}, is used for {condition}.",
    )),
    Family((
        "The maximum daily dose of {drug} in {people} is {dose}.",
        "In {people}, {drug} must not exceed {dose} per day.",
        "Do not give {people} more than {dose} of {drug} in 24 hours.",
        "{people} should take no more than {dose} of {drug} a day.",
        "The total daily dose of {drug} for {people} should not be higher than {dose}.",
    ), {"comparator": (
        "The minimum daily dose of {drug} in {people} is {dose}.",
        "In {people}, {drug} must not be below {dose} per day.",
        "{people} should take at least {dose} of {drug} a day.",
        "Do not give {people} less than {dose} of {drug} in 24 hours.",
    )}),
    Family((
        "{drug} is contraindicated in {people} with {condition}.",
        "{drug} must not be given to {people} with {condition}.",
        "Do not use {drug} in {people} with {condition}.",
        "{people} with {condition} should not take {drug}.",
        "Avoid {drug} in {people} with {condition}.",
    ), {"negation": (
        "{drug} is not contraindicated in {people} with {condition}.",
        "{drug} may be given to {people} with {condition}.",
        "{people} with {condition} should take {drug}.",
        "Use {drug} in {people} with {condition}.",
    ), "conclusion": (
        "{drug} is safe in {people} with {condition}.",
        "{drug} is indicated in {people} with {condition}.",
        "{drug} is well suited to {people} with {condition}.",
    )}),
    Family((
        "{drug} is safe in {people} with {condition}.",
        "{people} with {condition} can safely take {drug}.",
        "It is safe to use {drug} in {people} with {condition}.",
    ), {"negation": (
        "{drug} is not safe in {people} with {condition}.",
        "{people} with {condition} cannot safely take {drug}.",
        "It is not safe to use {drug} in {people} with {condition}.",
    ), "conclusion": (
        "{drug} is unsafe in {people} with {condition}.",
        "{drug} is dangerous in {people} with {condition}.",
        "It is harmful to use {drug} in {people} with {condition}.",
    )}),
    Family((
        "Start {drug} if {test} is {limit}.",
        "When {test} is {limit}, {drug} should be started.",
        "{drug} is indicated when {test} is {limit}.",
        "If {test} is {limit}, give {drug}.",
    ), {"negation": (
        "Do not start {drug} if {test} is {limit}.",
        "When {test} is {limit}, {drug} should not be started.",
        "{drug} is not indicated when {test} is {limit}.",
    ), "conclusion": (
        "Stop {drug} if {test} is {limit}.", "When {test} is {limit}, {drug} should be stopped.",
    )}),
    Family((
        "Stop {drug} when {test} is {limit}.",
        "{drug} should be stopped if {test} is {limit}.",
        "If {test} is {limit}, discontinue {drug}.",
    ), {"negation": (
        "Do not stop {drug} when {test} is {limit}.",
        "{drug} should not be stopped if {test} is {limit}.",
    ), "conclusion": (
        "Start {drug} when {test} is {limit}.", "{drug} should be started if {test} is {limit}.",
        "If {test} is {limit}, continue {drug}.",
    )}),
    Family((
        "{drug} is licensed for people aged {age} years or older.",
        "{drug} may be prescribed from the age of {age} years.",
        "People who are {age} years or older may be given {drug}.",
        "{drug} can be used in people of {age} years and over.",
    ), {"comparator": (
        "{drug} is licensed for people aged {age} years or younger.",
        "{drug} may be prescribed up to the age of {age} years.",
        "{drug} can be used only in people under {age} years.",
    ), "negation": (
        "{drug} is not licensed for people aged {age} years or older.",
        "{drug} cannot be used in people of {age} years and over.",
    )}),
    Family((
        "Pain is felt in the {side} {organ}.", "The pain is in the {side} {organ}.",
        "Patients describe pain in the {side} {organ}.",
    )),
    Family((
        "Imaging showed a lesion in the {side} {organ}.",
        "A lesion was seen in the {side} {organ} on imaging.",
        "On imaging there was a lesion of the {side} {organ}.",
        "The scan revealed a lesion in the {side} {organ}.",
    ), {"negation": (
        "Imaging showed no lesion in the {side} {organ}.",
        "No lesion was seen in the {side} {organ} on imaging.",
    )}),
    Family((
        "The {side} {organ} was operated on {span} after the diagnosis of {condition}.",
        "Surgery on the {side} {organ} took place {span} after {condition} was diagnosed.",
        "{span} after the diagnosis of {condition}, the {side} {organ} was operated on.",
    ), {"order": (
        "The {side} {organ} was operated on {span} before the diagnosis of {condition}.",
        "Surgery on the {side} {organ} took place {span} before {condition} was diagnosed.",
    )}),
    Family((
        "Place the patient on the {side} side during {procedure}.",
        "During {procedure} the patient lies on the {side} side.",
        "The patient should lie on the {side} side during {procedure}.",
    ), {"negation": ("The patient should not lie on the {side} side during {procedure}.",)}),
    Family((
        "Weakness of the {side} arm and swelling of the {side} {organ} were noted.",
        "There was weakness of the {side} arm, and the {side} {organ} was swollen.",
    )),
    Family((
        "The dose of {drug} is {dose} {often} in {people} and {dose2} {often} in {people2}.",
        "Give {drug} {dose} {often} to {people}, and {dose2} {often} to {people2}.",
        "{people} take {drug} {dose} {often}; {people2} take {dose2} {often}.",
        "For {drug}, the dose is {dose} {often} ({people}) or {dose2} {often} ({people2}).",
        "{people} receive {dose} of {drug} {often}, whereas {people2} receive {dose2} {often}.",
    ), {}, (
        "The dose of {drug} in {people} is {dose} {often}.", "Give {people} {drug} {dose} {often}.",
        "{people} should take {dose} of {drug} {often}.",
    )),
    Family((
        "{effect} occurred in {percent}% of {people} and in {percent2}% of {people2}.",
        "{effect} was reported by {percent}% of {people}, compared with {percent2}% of {people2}.",
        "Of {people}, {percent}% had {effect}, against {percent2}% of {people2}.",
    ), {}, (
        "{effect} occurred in {percent}% of {people}.", "{percent}% of {people} had {effect}.",
    )),
    Family((
        "Take {drug} {span} before {procedure}.",
        "{drug} should be taken {span} before {procedure}.",
        "Give {drug} {span} before {procedure}.", "{drug} is given {span} prior to {procedure}.",
    ), {"order": (
        "Take {drug} {span} after {procedure}.", "{drug} should be taken {span} after {procedure}.",
        "Give {drug} {span} after {procedure}.",
    )}),
    Family((
        "Stop {drug} {span} before {procedure}.",
        "{drug} must be stopped {span} before {procedure}.",
        "Before {procedure}, {drug} should be withheld for {span}.",
    ), {"order": (
        "Stop {drug} {span} after {procedure}.", "{drug} must be stopped {span} after {procedure}.",
    ), "conclusion": ("Start {drug} {span} before {procedure}.",)}),
    Family((
        "Give {drug} first and {other} {span} later.", "{drug} is given {span} before {other}.",
        "{other} follows {drug} after {span}.", "Start with {drug}; add {other} after {span}.",
    ), {"order": (
        "Give {other} first and {drug} {span} later.", "{drug} is given {span} after {other}.",
        "{drug} follows {other} after {span}.", "Start with {other}; add {drug} after {span}.",
    )}),
    Family((
        "{drug} increases the plasma concentration of {other}.",
        "The plasma concentration of {other} is increased by {drug}.",
        "Plasma levels of {other} rise when {drug} is added.", "{drug} raises levels of {other}.",
    ), {"roles": (
        "{other} increases the plasma concentration of {drug}.", "{other} raises levels of {drug}.",
        "The plasma concentration of {drug} is increased by {other}.",
    ), "conclusion": (
        "{drug} decreases the plasma concentration of {other}.", "{drug} lowers levels of {other}.",
        "The plasma concentration of {other} is reduced by {drug}.",
    ), "negation": (
        "{drug} does not increase the plasma concentration of {other}.",
        "The plasma concentration of {other} is not increased by {drug}.",
    )}),
)  # fmt: skip
