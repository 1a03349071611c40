#!/usr/bin/env bash
# Print running, success or failed for a SLURM job. The controller knows jobs of the last minutes; accounting, where
# there is any, all. A job that neither knows counts as running while the controller is away, and as failed otherwise.
state=$(squeue --noheader --states=all --format=%T --jobs="$1" 2> /dev/null | head -n 1)
[ -n "$state" ] || state=$(sacct --noheader --allocations --parsable2 --format=State --jobs="$1" 2> /dev/null | head -n 1)
if [ -z "$state" ] && ! scontrol ping 2> /dev/null | grep -q UP; then state=UNREACHABLE; fi
case "$state" in
  COMPLETED) echo success ;;
  PENDING | RUNNING | COMPLETING | CONFIGURING | REQUEUED | RESIZING | SUSPENDED | UNREACHABLE) echo running ;;
  *) echo failed ;; # among them "CANCELLED by <user>"
esac
