"""Labels and languages are known by what they mean, never by how they are spelt."""

from __future__ import annotations

import re

import pytest
import yaml

from metaxl.planning.meanings import LANGUAGES, mapping_of, same_language, usual_name


@pytest.mark.parametrize(
    ("label", "name"),
    [
        ("PERSON", "PER"),
        ("PERS", "PER"),
        ("PSN", "PER"),
        ("person", "PER"),
        ("LOCATION", "LOC"),
        ("ORGANISATION", "ORG"),
        ("ORGANIZATION", "ORG"),
        ("GPE", "GPE"),
        ("NORP", "NORP"),
        ("FAC", "FAC"),
        ("OTH", "OTH"),
        ("PERCENT", "PERCENT"),
    ],
)
def test_a_type_has_another_name_only_where_it_means_the_same(label, name):
    """A country is no person and a nationality no organisation, however near the letters."""
    assert usual_name(label, has_words=True) == name


@pytest.mark.parametrize(
    ("label", "name"), [("POS", "positive"), ("Negative", "negative"), ("1", "1"), ("post", "post")]
)
def test_a_class_has_another_name_only_where_it_means_the_same(label, name):
    assert usual_name(label, has_words=False) == name


def test_a_mapping_is_proposed_only_where_names_differ():
    """Then for every label with a usual name, for one half of a pair alone would be odd; what is mapped stays."""
    assert mapping_of({"lug": ["PERSON"], "en": ["PERSON"]}, True) == {}
    assert mapping_of({"lug": ["PERSON", "LOCATION", "CROP"], "en": ["PER"]}, True) == {
        "LOCATION": "LOC",
        "PERSON": "PER",
    }
    assert mapping_of({"lug": ["NEG", "POS"], "en": ["positive"]}, False) == {"NEG": "negative", "POS": "positive"}
    assert mapping_of({"lug": ["PERSON"], "en": ["PER"]}, True, kept=["PERSON"]) == {}


@pytest.mark.parametrize(
    ("code", "known", "same"),
    [
        ("swa", ["en", "sw"], "sw"),
        ("sw", ["swh"], "swh"),
        ("lg", ["lug"], "lug"),
        ("eng_Latn", ["en-latn"], "en-latn"),
        ("sw", ["sv", "swb", "ss"], ""),
        ("sw", ["sw"], ""),
        ("zh-Hant", ["zh"], ""),
        ("xx", ["xy"], ""),
    ],
)
def test_the_same_language_is_found_under_its_other_codes_alone(code, known, same):
    assert same_language(code, known) == same


def test_no_code_names_two_languages():
    codes = yaml.safe_load(LANGUAGES.read_text(encoding="utf-8"))
    longer = [other for others in codes.values() for other in others.split()]
    assert len(longer) == len(set(longer))
    assert all(re.fullmatch("[a-z]{2}", code) for code in codes)
    assert all(re.fullmatch("[a-z]{3}", code) for code in longer)
    assert len(codes) > 180
