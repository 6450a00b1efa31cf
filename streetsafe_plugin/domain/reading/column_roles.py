# SPDX-License-Identifier: GPL-2.0-or-later
"""The roles a column can have, and the headings by which each is known."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field

#: What people say about themselves; left out unless asked for.
CHARACTERISTICS = (
    "age_range",
    "sex",
    "gender",
    "ethnicity",
    "religion",
    "sexual_orientation",
    "disability",
)
#: The roles a mapping profile can give to columns.
ROLES = (
    *("report_id", "submitted", "longitude", "latitude", "easting", "northing"),
    *("gridref", "wkt", "latlon", "reasons", "crime_reported", "why_not_reported"),
    *CHARACTERISTICS,
    "free_text",
)
#: The roles that several columns can share.
MANY_COLUMNS = ("reasons", "free_text")

# Headings are compared in lower case without blanks and punctuation, the likeliest first.
ID_NAMES = (
    "reportid reportref reportreference reportnumber reportno streetsafeid streetsaferef"
    " streetsafereference uniquereference uniquereferencenumber uniqueid urn uuid guid uid"
    " reference referencenumber referenceno refno refnumber ref id submissionid responseid recordid"
    " respondentid sourceid caseid caseref casenumber incidentid"
).split()
DATE_NAMES = (
    "submittedat submitted submittedon submitteduk datesubmitted submitteddate submissiondate"
    " submissiontime datetimesubmitted submissiondatetime submissiontimestamp reportedat"
    " datereported reporteddate reportdate dateofreport dateofsubmission createdat created"
    " createddate datecreated createdon datereceived receiveddate received timestamp datetime"
    " date completiontime completedat enddate starttime month"
).split()
LONGITUDE_NAMES = "longitude lon long lng londd longdd wgs84lon wgs84longitude".split()
LATITUDE_NAMES = "latitude lat latdd wgs84lat wgs84latitude".split()
EASTING_NAMES = "easting eastings east osgbeasting bngeasting gridx xbng x27700".split()
NORTHING_NAMES = "northing northings north osgbnorthing bngnorthing gridy ybng y27700".split()
X_NAMES = "x xcoord xcoordinate coordx pointx geox xpos".split()
Y_NAMES = "y ycoord ycoordinate coordy pointy geoy ypos".split()
GRIDREF_NAMES = (
    "gridref gridreference osgridref osgridreference osgr osref osgrid ngr nationalgridref"
    " nationalgridreference bngref gr location place"
).split()
WKT_NAMES = "wkt geometry geom thegeom wktgeom shape geomwkt point location".split()
LATLON_NAMES = (
    "latlon latlong latlng latitudelongitude lonlat longlat coordinates coordinate coords location"
    " geolocation position point pin place gps latlonwgs84"
).split()
REPORTED_NAMES = (
    "crimereported reportedcrime reportedtopolice crimereportedtopolice incidentreported"
    " reportedtothepolice didyoureport didyoureportit didyoureportthis haveyoureportedit"
    " haveyoureportedthis wasitreported wasthisreported reported"
).split()
WHY_NOT_NAMES = (
    "whynotreported whynot whydidyounotreport whydidntyoureport reasonnotreported"
    " reasonsnotreported reasonfornotreporting reasonsfornotreporting whynotreport ifnotwhynot"
    " ifnowhynot ifnotwhy ifnowhy"
).split()
#: What a longer question whether a crime was reported also holds.
TO_WHOM = ("police", "crime", "didyou", "haveyou", "wasthis", "wasit")
REASON_LIST_NAMES = (
    "reasons reason reasonsforfeelingunsafe reasonforfeelingunsafe whyunsafe feltunsafebecause"
    " whydoyoufeelunsafe whydidyoufeelunsafe environmentalreasons environmentreasons"
    " behaviouralreasons behaviourreasons environmental behavioural environment behaviour"
    " environmentalconcerns behaviouralconcerns environmentalissues behaviouralissues"
    " environmentalreason behaviouralreason reasoncode reasoncodes concern concerns"
).split()
STORAGE_NUMBERS = frozenset("fid ogcfid objectid oid gid rowid rownumber unnamed0".split())
CHARACTERISTIC_NAMES: Mapping[str, tuple[str, ...]] = {
    "age_range": (
        *("age", "ages", "agerange", "agegroup", "ageband", "agebracket", "agecategory", "yourage"),
        *("whatisyourage", "whatisyouragegroup", "whatisyouragerange", "howoldareyou"),
    ),
    "sex": ("sex", "yoursex", "sexatbirth"),
    "gender": ("gender",),
    "ethnicity": ("ethnic",),
    "religion": ("religion", "faith"),
    "sexual_orientation": ("sexualorientation", "sexuality"),
    "disability": ("disab", "illness", "longtermcondition"),
}
#: What else describes a person; no field of a report is for it.
PRIVATE_PARTS = (
    "dateofbirth yearofbirth birthdate birthday nationality countryofbirth pregnan maternity"
    " maritalstatus relationshipstatus yearsold mentalhealth occupation reportername homepostcode"
    " homeaddress transgender"
).split()
#: Headings that describe a person as a whole, not as a part.
PRIVATE_NAMES = ("dob",)
FREE_TEXT_PARTS = (
    "comment description describe freetext narrative additionalinfo furtherinfo furtherdetail"
    " moredetail details notes message pleasespecify pleasestate pleasesay specify tellus email"
    " phone mobile fullname firstname surname lastname yourname contactname ipaddress"
).split()
#: Headings that are somebody's name or words as a whole, not as a part.
FREE_TEXT_NAMES = ("name", "names", "reporter", "postcode", "address", "ip")
#: Headings of numbers that are given to cases, not to places.
CASE_PARTS = ("case", "number", "incident", "occurrence", "log", "urn")
DATE_PARTS = ("date", "submit", "created", "received")
NOT_SUBMISSION = ("birth", "update", "modified", "edited", "status", "dob", "closed")

_QUESTION_NUMBER = re.compile(
    r"^\s*q(?:uestion)?\s*\d+(?:[._]\d+)*\w?\s*[.):\-–]*\s*"
    r"|^\s*\d+(?:\.\d+)+\s+|^\s*\d+(?:\.\d+)*\w?\s*[.)]\s*",
    re.I,
)
_IN_BRACKETS = re.compile(r"[\[(][^\])]*[\])]")


@dataclass(frozen=True)
class Mapped:
    """What a mapping profile says of columns: headings by role, reasons and what to ignore."""

    profile: str = ""
    columns: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    ticks: Mapping[str, str] = field(default_factory=dict)
    ignore: tuple[str, ...] = ()


NOTHING_MAPPED = Mapped()


def tidied(name: str) -> str:
    """Return a heading in lower case with single blanks."""
    return " ".join(name.split()).casefold()


def squeezed(name: str) -> str:
    """Return a heading's letters and digits in lower case."""
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(character for character in folded if character.isalnum())


def words_of(heading: str) -> list[str]:
    """Return a heading's words in lower case."""
    return re.findall(r"[^\W_]+", unicodedata.normalize("NFKC", heading).casefold())


def spellings_of(heading: str) -> tuple[str, ...]:
    """Return the ways a heading can be compared, the fullest first.

    Form builders put "Q3." in front, units stand in brackets behind, and questions of several
    parts have the last part behind a colon or dash.
    """
    plain = _QUESTION_NUMBER.sub("", heading)
    bare = _IN_BRACKETS.sub("", plain)
    last = re.split(r":\s|\s-\s", bare.rstrip(" :"))[-1]
    return tuple(dict.fromkeys(filter(None, map(squeezed, (heading, plain, bare, last)))))
