"""Tables and report wait for the facts that they tell, and for those of no other table."""

from __future__ import annotations

from experiments import plan_of

from metaxl.planning.evidence import evidence_encoders, report_facts, report_inputs, table_facts

ENCODERS = {"tiny": {"folder": "here"}, "other": {"folder": "there"}}


def names(paths):
    return {path.as_posix().removeprefix("results/demo/") for path in paths}


def test_a_table_waits_for_the_facts_of_its_own_tasks_data_and_encoders():
    """Each split, plain and encoded, of each fold too; what sources were drawn from, and what was drawn."""
    own = {"ner": {"gn": {"path": "gn.tsv", "folds": 3}}}
    plan = plan_of(encoders=ENCODERS, files=own, sentiment={"encoder": "other"}, ner={"source_size": 5})
    codes = ("qu", "gn-fold1", "gn-fold2", "gn-fold3")
    splits = [f"ner/{code}/{split}.facts.json" for code in codes for split in ("train", "dev", "test")]
    expected = {f"data/{name}" for name in splits} | {f"encoded/tiny/{name}" for name in splits}
    expected |= {f"data/ner/{code}/train.facts.json" for code in ("en", "es")}
    expected |= {f"encoded/tiny/ner/{code}-5.facts.json" for code in ("en", "es")}
    assert names(table_facts(plan, 2)) == expected | {"encoders/tiny/sha256.json"}
    sentiment = names(table_facts(plan, 3))
    assert all("/sentiment/" in name or name == "encoders/other/sha256.json" for name in sentiment)
    without_related = {name for name in names(table_facts(plan, 2)) if "/es" not in name}
    assert names(table_facts(plan, 5)) == without_related | sentiment
    checksums = {number: names(evidence_encoders(plan, number)) for number in (2, 3, 5)}
    tiny, other = "encoders/tiny/sha256.json", "encoders/other/sha256.json"
    assert checksums == {2: {tiny}, 3: {other}, 5: {tiny, other}}


def test_the_report_waits_for_the_facts_of_all_that_it_describes():
    plan = plan_of(figure=None)
    paths = report_facts(plan)
    assert len(paths) == len(set(paths))
    described = {path.with_suffix(".facts.json") for path in report_inputs(plan)["encoded"]}
    assert described <= set(paths)
    read = {path.with_suffix(".facts.json") for path in report_inputs(plan)["data"] if "/sources/" not in str(path)}
    assert read <= set(paths)
    pools = {f"data/{place}/train.facts.json" for place in ("ner/en", "ner/es", "sentiment/en")}
    assert names(set(paths) - described - read) == pools
