#!/usr/bin/env bash
# The demo's Table 3 on a real SLURM through the shipped profile, and what a cluster does to a run: a cancelled job, a
# killed node, a restarted controller, a job that runs into its limit, Snakemake interrupted and killed. In the end every
# result is, byte for byte, that of a local run. Some eight minutes on two cores.
#
#   tests/slurm/run.sh BIN       BIN: the folder of the environment's commands, with envs/cluster.lock installed
set -euo pipefail
BIN=$(cd "$1" && pwd)
ROOT=$(cd "$(dirname "$0")/../.." && pwd)
. "$ROOT/tests/slurm/cluster.sh"
export OMP_NUM_THREADS=1

skip() { echo "SKIPPED, NOT TESTED: make slurm-test: $1."; exit 0; }
fail() {
  tail -n 40 "$WORK"/*.log 2> /dev/null || true
  grep -H "SLURM status is" "$WORK"/*.log 2> /dev/null || true
  echo "FAILED: $1"
  exit 1
}
say() { echo "$(date +%T) $1"; }

reason=$(cluster_missing)
[ -z "$reason" ] || skip "$reason"
[[ "$BIN" != *[[:space:]]* ]] || skip "the environment, $BIN, lies on a path with a space, which the executor does not quote"
"$BIN/python" -c 'import snakemake_executor_plugin_slurm' 2> /dev/null ||
  skip "Snakemake's SLURM executor is missing (pip install -r envs/cluster.lock)"

WORK=$(mktemp -d "${TMPDIR:-/tmp}/slurm-test.XXXXXX")
CLUSTER=$WORK/cluster PROJECT="$WORK/a project" RUN=""
clean_up() {
  local status=$?
  set +e
  [ -z "$RUN" ] || kill -9 -- "-$RUN" 2> /dev/null
  cluster_down
  if [ "$status" = 0 ]; then rm -rf "$WORK"; else echo "What is left to look at: $WORK"; fi
}
trap clean_up EXIT
trap 'exit 143' TERM

# The checkout as it is, a state every three seconds, and an encoder that learns little: what is scored does not matter.
mkdir "$PROJECT"
(cd "$ROOT" && git ls-files -z --cached --others --exclude-standard | { xargs -0 ls -d 2> /dev/null || true; } | tar -cT -) |
  tar -xC "$PROJECT"
cd "$PROJECT"
cat > test.yaml << 'CONF'
checkpoint_minutes: 0.05
encoders: {tiny: {pretrain: {steps: 20}}}
ner: {targets: []}
sentiment: {targets: [{language: te}]}
CONF
mkdir "$WORK/profile"
# The shipped profile, but for times: the long training's first attempt has a minute. (SLURM looks every half minute, and
# warns at the last look that is early enough.) All else has ten, for a busy machine: what ends by itself after its limit
# and before that look is TIMEOUT too.
LIMIT="1 if attempt < 2 and wildcards.method.endswith('.long') else 10"
sed -e "s/^  train: {/  train: {runtime: \"$LIMIT\", /" -e 's/USR1@120/USR1@1/' -e 's/^latency-wait: .*/latency-wait: 15/' \
  workflow/profiles/slurm/config.yaml > "$WORK/profile/config.yaml"
echo 'slurm-init-seconds-before-status-checks: 3' >> "$WORK/profile/config.yaml"
grep -qF "$LIMIT" "$WORK/profile/config.yaml" || fail "the profile's line of train has changed"
snakemake() { "$BIN/snakemake" --configfile test.yaml "$@"; }
# begin NAME COMMAND: in the background, in a group of processes of its own, with a log; finish NAME: wait for it.
begin() {
  local log=$WORK/$1.log
  shift
  set -m
  "$@" >> "$log" 2>&1 &
  RUN=$!
  set +m
}
finish() {
  wait "$RUN" || fail "the run $1; see $WORK/$1.log"
  RUN=""
}
local_run() {
  begin local snakemake --cores 2 "$@"
  finish local
}
# (What a shell starts in the background may have been made deaf to Ctrl-C.)
HEAR='import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])'
on_cluster() {
  exec "$BIN/python" -c "$HEAR" "$BIN/snakemake" --configfile test.yaml --workflow-profile "$WORK/profile" -- table3
}

CELLS=results/demo/cells/tiny/sentiment/te/en
say "how fast this machine is"
local_run -- "$CELLS/metaxl-L2/seed11/scores.json"
# On any machine: a cell that takes longer than its first attempt may, and two that run for some ten seconds, in which
# something can happen to them (they take half as long as MetaXL with as many epochs).
epochs() {
  "$BIN/python" - "$CELLS/metaxl-L2/seed11/scores.json" "$1" << 'SPEED'
import json, math, sys
record = json.load(open(sys.argv[1]))
took = record["resources"]["cpu_seconds"] - record["resources"]["cpu_seconds_before_first_step"]
print(math.ceil(float(sys.argv[2]) * record["last"]["epoch"] / took))
SPEED
}
cat >> test.yaml << CONF
variants:
  long: {methods: [metaxl], tasks: [sentiment], training: {epochs: $(epochs 90)}}
  middle: {methods: [joint, metaxl-frozen], tasks: [sentiment], training: {epochs: $(epochs 30)}}
CONF
say "a local run, for comparison"
local_run --prioritize "$CELLS/metaxl-L2.long/seed11/scores.json" -- table3
cp -a results/demo "$WORK/reference"
rm -rf results/demo/{cells,scores,tables,logs,benchmarks}
# Most clusters keep accounts, some do not: what happens to jobs is tried with them, what happens to Snakemake without.
reason=$(accounting_missing)
if [ -z "$reason" ]; then cluster_up accounting; else
  say "SKIPPED, NOT TESTED: a cluster with accounting: $reason"
  cluster_up
fi || skip "a SLURM does not come up on this machine"

# await SECONDS COMMAND: until it prints something.
await() {
  local end=$((SECONDS + $1)) found
  shift
  while [ "$SECONDS" -lt "$end" ]; do
    found=$("$@" | head -n 1)
    if [ -n "$found" ]; then echo "$found"; return; fi
    sleep 0.5
  done
  return 1
}
# jobs STATE CELL: those of its training that wait (PD) or run (R); saved CELL: its states; resumed CELL: from which step.
jobs() { squeue -h -t "$1" -o '%i %k' | awk -v cell="_$2_" 'index($0, cell) {print $1}'; }
saved() { find results/demo -path "*/$1/*" -name 'state-*.json' 2> /dev/null; }
resumed() {
  "$BIN/python" -c "import json; print(json.load(open('$CELLS/$1/seed11/scores.json'))['resources']['resumed_at_step'] or '')"
}
all_wait() { [ -z "$(jobs PD metaxl-L2.long)" ] || [ -z "$(jobs PD joint.middle)" ] || jobs PD metaxl-frozen-L2.middle; }
# first CELL: its training, which was submitted again, comes before all that waits.
first() { scontrol top "$(await 60 jobs PD,R "$1")" 2> /dev/null || true; }
any_job() { squeue -h -t R -o %i; }
# ended STATE JOB: whether it has ended so.
ended() { squeue -h -t all -j "$2" -o %T | grep -Fx "$1"; }
out_of_time() { grep -o "failed, SLURM status is: 'TIMEOUT'" "$WORK/events.log"; }
down() { scontrol show node "$1" | grep -m 1 -o State=DOWN; }
# Whether every job that runs has started its training.
all_launched() {
  local jobs steps
  jobs=$(squeue -h -t R -o %i | sort) steps=$(squeue -h -s -o %i | sed -n 's/[.]0$//p' | sort)
  [ "$jobs" != "$steps" ] || echo "$jobs"
}

say "Table 3 on the cluster"
scontrol update PartitionName=gpu State=DOWN # until what something will happen to stands in the queue, and is put first
begin events on_cluster
await 120 all_wait > /dev/null || fail "no training is submitted; see $WORK/events.log"
scontrol top "$(jobs PD metaxl-L2.long),$(jobs PD joint.middle),$(jobs PD metaxl-frozen-L2.middle)"
scontrol update PartitionName=gpu State=UP
# (Each node has one GPU, so that what happens to one training spares the others.)
await 120 saved joint.middle > /dev/null || fail "no training; see $WORK/events.log"
say "a job is cancelled"
scancel "$(jobs R joint.middle)"
# The long training's minute is cut a little, so that it need not be still longer: the controller looks every half minute
# only, once to warn it and once to end it.
await 120 saved metaxl-L2.long > /dev/null || fail "no long training; see $WORK/events.log"
scontrol update JobId="$(jobs R metaxl-L2.long)" EndTime=now+32
await 120 saved metaxl-frozen-L2.middle > /dev/null || fail "nothing goes on after a cancelled job"
node=$(squeue -h -j "$(jobs R metaxl-frozen-L2.middle)" -o %N)
say "node $node dies"
kill_node "$node"
first joint.middle
await 90 down "$node" > /dev/null || fail "the controller does not miss node $node"
slurmd -N "$node"
first metaxl-frozen-L2.middle
await 300 out_of_time > /dev/null || fail "the long training did not run into its limit; see $WORK/events.log"
first metaxl-L2.long
# (Not earlier: a controller that is away warns nobody before a limit. Nor while a training is being launched, which
# would then wait for two minutes.)
job=$(await 90 all_launched) || fail "no training goes on after the limit; see $WORK/events.log"
say "the limit of a job was over; the controller restarts"
kill "$(cat "$CLUSTER/run/slurmctld.pid")"
sleep 8
slurmctld
finish events
ended COMPLETED "$job" > /dev/null || fail "job $job did not live through the controller's restart"
for status in CANCELLED NODE_FAIL TIMEOUT; do
  grep -q "SLURM status is: '$status'" "$WORK/events.log" || fail "no job was seen to be $status; see $WORK/events.log"
done
grep -rqs 'SIGUSR1: the state at step' results/demo/logs "$WORK/events.log" || fail "the warning before the limit was not heard"
for cell in joint.middle metaxl-frozen-L2.middle metaxl-L2.long; do
  [ -n "$(resumed "$cell")" ] || fail "$cell began anew"
  say "$cell went on at step $(resumed "$cell")"
done

compare() { "$BIN/python" tests/slurm/compare.py "$WORK/reference" results/demo || fail "$1"; }
compare "the results of the cluster are not those of the local run"

cluster_down
CLUSTER=$WORK/second
cluster_up
say "Snakemake is interrupted, on a cluster without accounting"
rm -rf "$CELLS"/{joint,joint.middle} results/demo/{scores,tables}
begin interrupted on_cluster
await 90 saved joint.middle > /dev/null || fail "no training; see $WORK/interrupted.log"
job=$(jobs R joint.middle)
kill -INT -- "-$RUN" # as Ctrl-C: to Snakemake and all that it has started
wait "$RUN" && fail "an interrupted run tells success"
await 30 ended CANCELLED "$job" > /dev/null || fail "an interrupted run does not cancel its job $job"
say "Snakemake is killed, with jobs in the queue"
begin killed on_cluster
job=$(await 90 jobs R joint.middle) || fail "no training; see $WORK/killed.log"
sleep 2
kill -9 "$RUN"
wait "$RUN" 2> /dev/null || true
[ -n "$(jobs R joint.middle)" ] || fail "no job outlived Snakemake"
workflow/profiles/slurm/cancel.sh
await 30 ended CANCELLED "$job" > /dev/null || fail "cancel.sh does not cancel job $job"
"$BIN/python" -m metaxl unlock > "$WORK/unlock.log" 2>&1 || fail "the lock is not removed; see $WORK/unlock.log"
begin again on_cluster
finish again
[ -n "$(resumed joint.middle)" ] || fail "joint.middle began anew"
compare "the results after a killed run are not those of the local run"

say "one cell by the commands of cluster-generic, cancelled once"
rm -rf "$CELLS/joint" results/demo/{scores,tables}
generic() {
  snakemake --workflow-profile workflow/profiles/cluster-generic --seconds-between-status-checks 2 --latency-wait 15 \
    -- "$CELLS/joint/seed11/scores.json" table3
}
begin generic generic
await 90 any_job > /dev/null || fail "no training; see $WORK/generic.log"
sleep 1
scancel "$(any_job)"
finish generic
grep -q 'Trying to restart' "$WORK/generic.log" || fail "the cancelled job was not submitted again"
compare "the results by cluster-generic are not those of the local run"
say "passed"
