"""More forms of planted clinical sentences, as in ``planted_phrases``. Data only."""

from __future__ import annotations

from training.planted.family import Family

MORE: tuple[Family, ...] = (
    Family((
        "{drug} was more effective than {other} in {people} with {condition}.",
        "In {people} with {condition}, {drug} worked better than {other}.",
        "{other} was less effective than {drug} in {people} with {condition}.",
    ), {"roles": (
        "{other} was more effective than {drug} in {people} with {condition}.",
        "In {people} with {condition}, {other} worked better than {drug}.",
    ), "conclusion": (
        "{drug} was less effective than {other} in {people} with {condition}.",
        "In {people} with {condition}, {drug} worked worse than {other}.",
    ), "negation": ("{drug} was not more effective than {other} in {people} with {condition}.",)}),
    Family((
        "Patients were switched from {drug} to {other} because of {effect}.",
        "Because of {effect}, {other} replaced {drug}.",
        "{drug} was replaced by {other} because of {effect}.",
    ), {"roles": (
        "Patients were switched from {other} to {drug} because of {effect}.",
        "Because of {effect}, {drug} replaced {other}.",
    )}),
    Family((
        "{drug} is preferred to {other} in {people} with {condition}.",
        "In {people} with {condition}, prefer {drug} to {other}.",
        "Choose {drug} rather than {other} for {people} with {condition}.",
    ), {"roles": (
        "{other} is preferred to {drug} in {people} with {condition}.",
        "Choose {other} rather than {drug} for {people} with {condition}.",
    )}),
    Family((
        "{drug} raises {measure} in {people}.", "In {people}, {drug} increases {measure}.",
        "{measure} rises in {people} who take {drug}.",
    ), {"conclusion": (
        "{drug} lowers {measure} in {people}.", "In {people}, {drug} reduces {measure}.",
        "{measure} falls in {people} who take {drug}.",
    ), "negation": ("{drug} does not raise {measure} in {people}.",)}),
    Family((
        "{drug} reduced {measure} in {people} with {condition} after {span}.",
        "In {people} with {condition}, {measure} was reduced by {drug} after {span}.",
        "After {span}, {drug} reduced {measure} in {people} with {condition}.",
    ), {"conclusion": (
        "{drug} increased {measure} in {people} with {condition} after {span}.",
        "After {span}, {drug} raised {measure} in {people} with {condition}.",
    ), "negation": (
        "{drug} did not reduce {measure} in {people} with {condition} after {span}.",)}),
    Family((
        "{drug} is effective for {condition} in {people}.",
        "In {people}, {condition} responds to {drug}.", "{drug} works for {condition} in {people}.",
    ), {"conclusion": ("{drug} is ineffective for {condition} in {people}.",
                       "{drug} is of no use for {condition} in {people}."),
        "negation": ("{drug} is not effective for {condition} in {people}.",
                     "In {people}, {condition} does not respond to {drug}.")}),
    Family((
        "Check {measure} {often} in {people} taking {drug}.",
        "In {people} on {drug}, {measure} should be checked {often}.",
        "{people} who take {drug} need {measure} measured {often}.",
    )),
    Family((
        "Leave at least {span} between doses of {drug}.",
        "Doses of {drug} should be at least {span} apart.",
        "The interval between doses of {drug} should be no less than {span}.",
    ), {"comparator": (
        "Leave at most {span} between doses of {drug}.",
        "Doses of {drug} should be no more than {span} apart.",
        "The interval between doses of {drug} should be less than {span}.",
    )}),
    Family((
        "Review {people} on {drug} within {span}.",
        "{people} who take {drug} should be seen again within {span}.",
        "A review within {span} is advised for {people} on {drug}.",
    ), {"comparator": (
        "Review {people} on {drug} only after {span}.",
        "{people} who take {drug} should be seen again no sooner than {span}.",
    )}),
    Family((
        "Infuse {drug} {dose} in {volume} of sodium chloride 0.9% over {span}.",
        "Dilute {drug} {dose} in {volume} of sodium chloride 0.9% and infuse it over {span}.",
        "{drug} {dose} is infused over {span} in {volume} of sodium chloride 0.9%.",
    )),
    Family((
        "Some {people} taking {drug} develop {effect}.",
        "{effect} occurs in some {people} on {drug}.",
    ), {"scope": (
        "All {people} taking {drug} develop {effect}.",
        "{effect} occurs in all {people} on {drug}.",
        "{drug} always causes {effect} in {people}.",
        "Most {people} taking {drug} develop {effect}.",
    ), "negation": ("No {people} taking {drug} develop {effect}.",)}),
    Family((
        "{drug} may cause {effect}.", "{effect} may be caused by {drug}.",
        "{drug} can sometimes cause {effect}.",
    ), {"scope": (
        "{drug} always causes {effect}.", "{drug} will always cause {effect}.",
        "{effect} is always caused by {drug}.", "Only {drug} causes {effect}.",
    )}),
    Family((
        "Use of {drug} was associated with {effect} in {people}.",
        "In {people}, {effect} was linked to the use of {drug}.",
        "There was an association between {drug} and {effect} in {people}.",
    ), {"cause": (
        "{drug} caused {effect} in {people}.", "In {people}, {effect} was caused by {drug}.",
        "Use of {drug} was the cause of {effect} in {people}.",
    ), "negation": ("Use of {drug} was not associated with {effect} in {people}.",)}),
    Family((
        "Take {tablets} of {drug} {often}.", "{tablets} of {drug} should be taken {often}.",
        "The dose of {drug} is {tablets} {often}.",
    )),
    Family((
        "{people} are given {drug} {dose} {route} as a single dose.",
        "A single dose of {drug} {dose} {route} is given to {people}.",
        "Give {people} one dose of {drug} {dose} {route}.",
    )),
    Family((
        "{drug} can be given {route} in {people}.", "In {people}, {drug} may be given {route}.",
        "{people} can receive {drug} {route}.",
    ), {"negation": ("{drug} cannot be given {route} in {people}.",
                     "{drug} must not be given {route} in {people}.")}),
    Family((
        "About {percent}% of {people} treated with {drug} recovered within {span}.",
        "Within {span}, about {percent}% of {people} treated with {drug} had recovered.",
        "Recovery within {span} was seen in about {percent}% of {people} treated with {drug}.",
    )),
    Family((
        "The loading dose of {drug} is {dose} {route}, followed by {dose2} {often}.",
        "Load with {drug} {dose} {route}, then give {dose2} {often}.",
        "After a loading dose of {dose} {route}, {drug} is continued at {dose2} {often}.",
    )),
    Family((
        "Reduce the dose of {drug} to {dose} {often} in {people}.",
        "In {people}, the dose of {drug} is reduced to {dose} {often}.",
    ), {"conclusion": (
        "Increase the dose of {drug} to {dose} {often} in {people}.",
        "In {people}, the dose of {drug} is increased to {dose} {often}.",
    ), "negation": ("Do not reduce the dose of {drug} to {dose} {often} in {people}.",)}),
)  # fmt: skip
