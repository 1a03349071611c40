"""Does MetaXL help on fourteen real low-resource languages? plan.md was written first; docs/results.md has the answers.

    snakemake --cores 8 --config preset=masakhaner device=gpu -- tables      train and judge it, data from the network
    metaxl keep studies/masakhaner --preset masakhaner                       write its records here, without the data
    python -m studies.masakhaner.render                                      make tables, pictures and pages from them

`pilot` chose rates and steps by the rule of `choice`. `prepared` and `pool` train the same cells on a machine that has
Python, torch and a GPU alone. offline.yaml is the configuration of the records here: they are of an encoder that was
unpacked from 4-bit weights, so a run with the hub's encoder makes records of its own.
"""
