#!/usr/bin/env python3
"""Makes crates/trunkline-core/src/base/area_codes.txt from the tables of the PyPI package `phonenumbers`.

Run with that package on the path; prints the table. Needed again only when area codes were added.
"""

import re
from collections import Counter

import phonenumbers
from phonenumbers.geodata import GEOCODE_DATA
from phonenumbers.tzdata import TIMEZONE_DATA

STATES = {
    "Alabama": "AL", "Alaska": "AK", "Arizona": "AZ", "Arkansas": "AR", "California": "CA", "Colorado": "CO",
    "Connecticut": "CT", "Delaware": "DE", "Washington D.C.": "DC", "Florida": "FL", "Georgia": "GA", "Hawaii": "HI",
    "Idaho": "ID", "Illinois": "IL", "Indiana": "IN", "Iowa": "IA", "Kansas": "KS", "Kentucky": "KY",
    "Louisiana": "LA", "Maine": "ME", "Maryland": "MD", "Massachusetts": "MA", "Michigan": "MI", "Minnesota": "MN",
    "Mississippi": "MS", "Missouri": "MO", "Montana": "MT", "Nebraska": "NE", "Nevada": "NV", "New Hampshire": "NH",
    "New Jersey": "NJ", "New Mexico": "NM", "New York": "NY", "North Carolina": "NC", "North Dakota": "ND",
    "Ohio": "OH", "Oklahoma": "OK", "Oregon": "OR", "Pennsylvania": "PA", "Rhode Island": "RI",
    "South Carolina": "SC", "South Dakota": "SD", "Tennessee": "TN", "Texas": "TX", "Utah": "UT", "Vermont": "VT",
    "Virginia": "VA", "Washington State": "WA", "Washington": "WA", "West Virginia": "WV", "Wisconsin": "WI",
    "Wyoming": "WY", "Alberta": "AB", "British Columbia": "BC", "British Colombia": "BC", "Manitoba": "MB",
    "New Brunswick": "NB", "Newfoundland and Labrador": "NL", "Nova Scotia": "NS", "Ontario": "ON", "Quebec": "QC",
    "Saskatchewan": "SK", "Prince Edward Island": "PE",
}
CITY = re.compile(r"^(.*), ([A-Z]{2})$")


def state_and_place(code):
    """The state of an area code and the place most of its exchanges belong to."""
    own = GEOCODE_DATA.get(code, {}).get("en", "")
    exchanges = Counter(
        names["en"] for prefix, names in GEOCODE_DATA.items()
        if prefix.startswith(code) and len(prefix) > 4 and CITY.match(names.get("en", ""))
    )
    place = CITY.match(own) or (exchanges and CITY.match(max(sorted(exchanges), key=exchanges.get)))
    state = CITY.match(own).group(2) if CITY.match(own) else STATES.get(own.strip(), "")
    state = state or (place.group(2) if place else "")
    city = place.group(1) if place and place.group(2) == state else ""
    return state, city


def main():
    print(f"# code|state or province|main place|zones. Facts of libphonenumber {phonenumbers.__version__}, Apache-2.0;")
    print("# made by xtask/scripts/area_codes.py.")
    for code in sorted(k for k in TIMEZONE_DATA if len(k) == 4 and k.startswith("1")):
        zones = TIMEZONE_DATA[code]
        if len(zones) > 12:
            continue
        state, city = state_and_place(code)
        print(f"{code[1:]}|{state}|{city}|{' '.join(sorted(zones))}")


main()
