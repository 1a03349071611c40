#!/bin/sh
# properties = {properties}
# A signal before the job is ended is for the training, which saves its state. This shell and Snakemake wait for it.
trap : TERM USR1
{exec_job}
