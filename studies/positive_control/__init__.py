"""Does a learnt RTN help where a transformation must help? A ladder of trials, from a small world to real sentences.

    python -m studies.positive_control.run          measure what results.csv does not have yet
    python -m studies.positive_control.table        write the tables of docs/method.md

On every rung but the last the labels of the source have PER and LOC exchanged, so that joint training is harmed and an
RTN that learns to exchange them back must help. `world` is the first rung, `places` has them all.
"""
