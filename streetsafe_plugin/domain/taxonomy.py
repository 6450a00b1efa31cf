# SPDX-License-Identifier: GPL-2.0-or-later
"""The reasons people tick: code, label, group, who can mend it, spellings met in the wild.

StreetSafe asks for one pin and any number of ticks among eight things about the surroundings and
four about behaviour. The codes and their order are fixed; wordings vary from extract to extract.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

ENVIRONMENT, BEHAVIOUR = "environment", "behaviour"
BOTH, UNKNOWN = "both", "unknown"


@dataclass(frozen=True)
class Reason:
    """One box that can be ticked; `owner` is who can usually do something about it."""

    code: str
    label: str
    group: str
    owner: str
    spellings: tuple[str, ...]


REASONS = (
    Reason(
        "env_no_cctv",
        "Absence of CCTV",
        ENVIRONMENT,
        "Council CCTV team",
        (
            "No CCTV",
            "Lack of CCTV",
            "Absent CCTV",
            "No CCTV cameras",
            "Lack of CCTV cameras",
            "Absence of CCTV cameras",
            "No cameras",
            "No visible CCTV",
        ),
    ),
    Reason(
        "env_lighting",
        "Badly lit",
        ENVIRONMENT,
        "Street lighting authority",
        (
            "Badly lit, poor/no street lighting",
            "Badly lit area",
            "Poorly lit",
            "Poorly lit area",
            "Unlit",
            "Too dark",
            "Lighting",
            "Street lighting",
            "Poor lighting",
            "Poor street lighting",
            "Poor or no street lighting",
            "poor/no street lighting",
            "No lighting",
            "No street lighting",
            "No street lights",
            "Lack of lighting",
            "Lack of street lighting",
            "Inadequate lighting",
            "Insufficient lighting",
        ),
    ),
    Reason(
        "env_empty",
        "Empty buildings or isolated places",
        ENVIRONMENT,
        "Council planning and property teams",
        (
            "Empty",
            "Empty building",
            "Empty buildings",
            "Empty buildings, isolated places",
            "Empty buildings and isolated places",
            "Empty or isolated",
            "Isolated",
            "Isolated place",
            "Isolated places",
            "Isolated area",
            "Isolated location",
        ),
    ),
    Reason(
        "env_layout",
        "Poor street layout",
        ENVIRONMENT,
        "Designing-out-crime officer and council planning",
        (
            "Layout",
            "Street layout",
            "Poor layout",
            "Bad layout",
            "Poor street layout: blind spots, hidden areas",
            "Poor layout of streets",
            "Blind spots",
            "Hidden areas",
        ),
    ),
    Reason(
        "env_visibility",
        "Restricted visibility",
        ENVIRONMENT,
        "Grounds maintenance",
        (
            "Visibility",
            "Poor visibility",
            "Limited visibility",
            "Reduced visibility",
            "Restricted view",
            "Restricted visibility: overgrown bushes, trees, walls",
            "Overgrown bushes",
            "Overgrown vegetation",
            "Overgrown trees",
            "Trees",
            "Walls",
        ),
    ),
    Reason(
        "env_rundown",
        "Rundown area",
        ENVIRONMENT,
        "Street cleansing and environmental health",
        (
            "Rundown",
            "Run down",
            "Run down area",
            "Rundown place",
            "Rundown: derelict buildings, abandoned cars, graffiti, fly-tipping",
            "Derelict",
            "Derelict buildings",
            "Abandoned cars",
            "Abandoned vehicles",
            "Graffiti",
            "Vandalism",
            "Litter",
            "Fly-tipping",
            "Flytipping",
        ),
    ),
    Reason(
        "env_drugs_alcohol",
        "Signs of drug or alcohol use",
        ENVIRONMENT,
        "Neighbourhood policing team and drug and alcohol services",
        (
            "Drugs",
            "Alcohol",
            "Drug use",
            "Alcohol use",
            "Drugs alcohol",
            "Drug or alcohol use",
            "Drugs or alcohol",
            "Drugs and alcohol",
            "Drug and alcohol use",
            "Signs of drugs",
            "Signs of alcohol",
            "Signs of drug use",
            "Signs of alcohol use",
            "Signs of drugs/alcohol",
            "Signs of drugs or alcohol",
            "Signs of drugs and alcohol",
            "Signs of drugs/alcohol use",
            "Signs of drug/alcohol use",
            "Signs of drug and alcohol use",
            "Evidence of drug use",
            "Evidence of drug or alcohol use",
        ),
    ),
    Reason(
        "env_other",
        "Other (surroundings)",
        ENVIRONMENT,
        "Neighbourhood policing team, to find out",
        (
            "Other environment",
            "Other environmental",
            "Other environmental issue",
            "Other environmental issues",
            "Other environmental reason",
            "Other environmental reasons",
            "Other environmental concern",
            "Other environmental factor",
            "Other surroundings",
        ),
    ),
    Reason(
        "beh_verbal_single",
        "Verbal harassment by one person",
        BEHAVIOUR,
        "Neighbourhood policing team",
        (
            "Verbal harassment by a single stranger",
            "Verbal harassment from a single stranger",
            "Verbal harassment from an individual",
            "Verbal harassment by an individual",
            "Verbal harassment from one person",
            "Verbal harassment by a stranger",
            "Verbal harassment individual",
            "Verbal harassment single",
            "Verbal harassment single stranger",
            "Verbal abuse from an individual",
        ),
    ),
    Reason(
        "beh_verbal_group",
        "Verbal harassment by a group",
        BEHAVIOUR,
        "Neighbourhood policing team",
        (
            "Verbal harassment from a group",
            "Verbal harassment by a group of strangers",
            "Verbal harassment from a group of strangers",
            "Verbal harassment group",
            "Verbal abuse from a group",
            "Group harassment",
        ),
    ),
    Reason(
        "beh_followed",
        "Feeling of being followed",
        BEHAVIOUR,
        "Neighbourhood policing team",
        (
            "Feeling followed",
            "Feeling followed / previously followed",
            "Feeling followed or previously followed",
            "Feeling of being followed or previously followed",
            "Felt followed",
            "Being followed",
            "Was followed",
            "Previously followed",
        ),
    ),
    Reason(
        "beh_other",
        "Other forms of harassment",
        BEHAVIOUR,
        "Neighbourhood policing team",
        (
            "Other harassment",
            "Other form of harassment",
            "Other types of harassment",
            "Other behaviour",
            "Other behavioural",
            "Other behavioural issue",
            "Other behavioural issues",
            "Other behavioural reason",
            "Other behavioural reasons",
            "Other behavioural concern",
        ),
    ),
)

#: The twelve codes in the order in which they are always given.
REASON_CODES = tuple(reason.code for reason in REASONS)

_BY_CODE = {reason.code: reason for reason in REASONS}
_PLAIN_OTHER = frozenset(("other", "others", "other reason", "other reasons", "something else"))
_NO_REASON = frozenset(
    (
        "",
        "none",
        "none of the above",
        "none of these",
        "nothing",
        "no reason",
        "no reason given",
        "not stated",
        "not specified",
        "not answered",
        "prefer not to say",
        "n a",
        "na",
        "nil",
        "null",
        "nan",
        "no",
    )
)
_GROUP_WORDS = re.compile(
    r"(?P<group>environment(?:al)?|env|behaviou?r(?:al)?|beh)"
    r"(?: (?:issue|reason|concern|factor|problem|aspect)s?)?\b ?"
)
#: How forms number questions and answers; no wording begins with a number itself.
_NUMBER = re.compile(r"^(?:q(?:uestion)? ?)?(?:\d+[a-z]? )+")
_TAIL = re.compile(r"\s*(?::|\(|\[|\s-\s|–|—).*", re.DOTALL)


def reason(code: str) -> Reason:
    """Return the reason with this code."""
    return _BY_CODE[code]


def reason_for(text: str, group: str | None = None) -> str | None:
    """Return the code that a wording means, None where it is not known.

    Case, blanks, invisible characters, dashes and other punctuation make no difference, and an
    explanation after a colon, dash or bracket is passed over. `group` (`environment` or
    `behaviour`) says which list the wording stood in. A bare "Other" outside any list is the
    environmental one: the behavioural one reads "Other forms of harassment".
    """
    return exact_reason_for(text, group) or exact_reason_for(_TAIL.sub("", text), group)


@lru_cache(maxsize=4096)
def exact_reason_for(text: str, group: str | None = None) -> str | None:
    """Return the code of a wording that is known as a whole."""
    key = _NUMBER.sub("", wording_key(text))
    if key in _CODE_BY_KEY:
        return _CODE_BY_KEY[key]
    prefix = _GROUP_WORDS.match(key)
    if prefix:
        group = group_of_words(prefix["group"])
        key = key[prefix.end() :]
    if key in _PLAIN_OTHER:
        return "beh_other" if group == BEHAVIOUR else "env_other"
    return _CODE_BY_KEY.get(key)


def group_of_words(text: str) -> str | None:
    """Return the group that a heading such as "Environmental reasons" names, if it names one."""
    key = wording_key(text)
    environment = re.search(r"\benv(ironment(al)?)?\b", key) is not None
    behaviour = re.search(r"\bbeh(aviou?r(al)?)?\b", key) is not None
    if environment == behaviour:
        return None
    return ENVIRONMENT if environment else BEHAVIOUR


def means_no_reason(text: str) -> bool:
    """Tell whether a wording says that nothing was ticked."""
    return wording_key(text) in _NO_REASON


def in_order(codes: Iterable[str]) -> tuple[str, ...]:
    """Return the codes once each, in the fixed order."""
    held = set(codes)
    return tuple(code for code in REASON_CODES if code in held)


def concern_of(codes: Iterable[str]) -> str:
    """Return `environment`, `behaviour`, `both`, or `unknown` where nothing is ticked."""
    groups = {_BY_CODE[code].group for code in codes}
    if len(groups) > 1:
        return BOTH
    return groups.pop() if groups else UNKNOWN


def wording_key(text: str) -> str:
    """Return a wording's letters and digits in lower case, words parted by single blanks."""
    folded = unicodedata.normalize("NFKC", text).casefold().replace("&", " and ")
    seen = "".join(
        character
        for character in folded
        if unicodedata.category(character) != "Cf" and character not in "'’`"
    )
    return " ".join(re.findall(r"[^\W_]+", seen))


def _spellings(entry: Reason) -> Iterable[str]:
    yield from (entry.code, entry.label, *entry.spellings)
    without_group = entry.code.split("_", 1)[1]
    if without_group != "other":
        yield without_group


_CODE_BY_KEY = {
    wording_key(spelling): entry.code for entry in REASONS for spelling in _spellings(entry)
}
