#!/usr/bin/env bash
# Cancel the jobs that a killed Snakemake left in the queue: this user's, named as the profile does, of this folder.
set -euo pipefail
squeue --me --noheader --format '%i|%j|%Z' |
  awk -F '|' -v folder="$PWD" '$2 ~ /^metaxl_/ && $3 == folder {print $1}' | xargs --no-run-if-empty scancel
