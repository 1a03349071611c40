# A SLURM cluster of two nodes on the loopback device, each of two processors and a GPU that is none; to be sourced.
# It needs root, Debian's slurm-wlm and munge, and /etc/slurm/slurm.conf for itself: SLURM's commands within jobs look
# nowhere else. Everything else lies in one folder, $CLUSTER.

# Print why there can be no cluster here; nothing if there can.
cluster_missing() {
  local command
  for command in munged slurmctld slurmd sbatch; do
    command -v "$command" > /dev/null || { echo "$command is missing (apt-get install slurm-wlm munge)"; return; }
  done
  [ "$(id -u)" = 0 ] || { echo "starting SLURM's daemons needs root"; return; }
  foreign_files
}

# Print which files are there that a cluster would write; nothing if none is.
foreign_files() {
  local name
  for name in slurm gres slurmdbd; do
    [ ! -e "/etc/slurm/$name.conf" ] || { echo "/etc/slurm/$name.conf is there: this machine belongs to a cluster"; return; }
  done
}

# Print why the cluster can keep no accounts here; nothing if it can.
accounting_missing() {
  local command
  for command in slurmdbd mariadbd mariadb-install-db; do
    command -v "$command" > /dev/null || { echo "$command is missing (apt-get install slurmdbd mariadb-server)"; return; }
  done
}

# cluster_up [accounting]: bring it up, with a database of accounts or without, as a cluster may be.
cluster_up() {
  local accounts="AccountingStorageType=accounting_storage/none"
  [ -z "$(foreign_files)" ] || { foreign_files; return 1; } # it may have come since the beginning
  mkdir -p "$CLUSTER"/{state,log,run} /etc/slurm
  (set -C && : > /etc/slurm/slurm.conf) 2> /dev/null || { foreign_files; return 1; }
  touch "$CLUSTER/owns"
  head -c 128 /dev/urandom > "$CLUSTER/munge.key"
  chmod 600 "$CLUSTER/munge.key"
  munged --force --key-file="$CLUSTER/munge.key" --socket="$CLUSTER/run/munge.socket" \
    --pid-file="$CLUSTER/run/munged.pid" --log-file="$CLUSTER/log/munged.log" --seed-file="$CLUSTER/run/seed"
  if [ "${1:-}" = accounting ]; then
    accounts="AccountingStorageType=accounting_storage/slurmdbd
AccountingStorageHost=localhost
AccountingStoragePass=$CLUSTER/run/munge.socket"
  fi
  cat > /etc/slurm/slurm.conf << CONF
ClusterName=test
SlurmctldHost=localhost(127.0.0.1)
SlurmctldPort=17000
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
AuthType=auth/munge
AuthInfo=socket=$CLUSTER/run/munge.socket
SlurmUser=root
SlurmdUser=root
StateSaveLocation=$CLUSTER/state
SlurmdSpoolDir=$CLUSTER/spool-%n
SlurmctldPidFile=$CLUSTER/run/slurmctld.pid
SlurmdPidFile=$CLUSTER/run/slurmd-%n.pid
SlurmctldLogFile=$CLUSTER/log/slurmctld.log
SlurmdLogFile=$CLUSTER/log/slurmd-%n.log
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SchedulerParameters=sched_interval=1,bf_interval=2
ReturnToService=2
MinJobAge=3600
SlurmdTimeout=10
KillWait=10
GresTypes=gpu
$accounts
JobCompType=jobcomp/none
MpiDefault=none
NodeName=n1 NodeHostname=localhost NodeAddr=127.0.0.1 Port=17001 CPUs=2 RealMemory=8000 Gres=gpu:1
NodeName=n2 NodeHostname=localhost NodeAddr=127.0.0.1 Port=17002 CPUs=2 RealMemory=8000 Gres=gpu:1
PartitionName=cpu Nodes=n1,n2 MaxTime=60 State=UP
PartitionName=gpu Nodes=n1,n2 MaxTime=60 State=UP
CONF
  cat > /etc/slurm/gres.conf << 'CONF'
AutoDetect=off
NodeName=n1 Name=gpu File=/dev/null
NodeName=n2 Name=gpu File=/dev/zero
CONF
  [ "${1:-}" != accounting ] || accounting_up || return 1
  slurmctld
  slurmd -N n1
  slurmd -N n2
  local try
  for try in $(seq 100); do
    [ "$(timeout 2 sinfo -h -N -p gpu -t idle 2> /dev/null | grep -c .)" = 2 ] && return
    sleep 0.1
  done
  echo "the cluster does not come up; see $CLUSTER/log"
  return 1
}

# await_success COMMAND...: until it succeeds, for ten seconds at most.
await_success() {
  local try
  for try in $(seq 100); do
    "$@" > /dev/null 2>&1 && return
    sleep 0.1
  done
  echo "this fails: $*; see $CLUSTER/log"
  return 1
}

# A database of its own, and the daemon that keeps SLURM's accounts there; slurm.conf names it already.
accounting_up() {
  local client=(mariadb --no-defaults -u root -S "$CLUSTER/run/mysql.sock" -e)
  mariadb-install-db --no-defaults --user=root --datadir="$CLUSTER/mysql" --auth-root-authentication-method=normal \
    > "$CLUSTER/log/mysql-install.log" 2>&1
  mariadbd --no-defaults --user=root --datadir="$CLUSTER/mysql" --socket="$CLUSTER/run/mysql.sock" \
    --bind-address=127.0.0.1 --port=17003 --pid-file="$CLUSTER/run/mysql.pid" --innodb-buffer-pool-size=64M \
    --innodb-lock-wait-timeout=900 > "$CLUSTER/log/mysql.log" 2>&1 &
  await_success "${client[@]}" "select 1" || return 1
  "${client[@]}" "create database slurm_acct_db; create user slurm@'%' identified by 'slurm';
    create user slurm@localhost identified by 'slurm'; grant all on slurm_acct_db.* to slurm@'%';
    grant all on slurm_acct_db.* to slurm@localhost;"
  cat > /etc/slurm/slurmdbd.conf << CONF
AuthType=auth/munge
AuthInfo=socket=$CLUSTER/run/munge.socket
DbdHost=localhost
DbdAddr=127.0.0.1
SlurmUser=root
LogFile=$CLUSTER/log/slurmdbd.log
PidFile=$CLUSTER/run/slurmdbd.pid
StorageType=accounting_storage/mysql
StorageHost=127.0.0.1
StoragePort=17003
StorageUser=slurm
StoragePass=slurm
StorageLoc=slurm_acct_db
CONF
  chmod 600 /etc/slurm/slurmdbd.conf
  slurmdbd
  await_success sacctmgr -i show cluster
}

# Print a process and all below it, children first.
process_tree() {
  local child
  for child in $(ps -o pid= --ppid "$1"); do process_tree "$child"; done
  echo "$1"
}

# Print the processes of the jobs that run on a node: their step daemons and all below them.
processes_of_node() {
  local job step
  for job in $(squeue -h -t R,CG -w "$1" -o %i); do
    for step in $(ps -eo pid,args | awk -v job="[$job." '$2 ~ /^slurmstepd/ && index($0, job) {print $1}'); do
      process_tree "$step"
    done
  done
}

# Kill a node's daemon and everything that runs on it at once, as a power cut would: all is stopped first, lest a step's
# daemon still tells the controller that its command was killed, which is a failed job and not a failed node.
kill_node() {
  local pids signal
  pids="$(cat "$CLUSTER/run/slurmd-$1.pid") $(processes_of_node "$1")"
  for signal in STOP KILL; do kill -s "$signal" $pids 2> /dev/null || true; done
}

# End a daemon whose process number stands in a file, and wait for its end, ten seconds at most.
end_daemon() {
  local pid try
  [ -s "$1" ] || return 0
  pid=$(cat "$1")
  kill "$pid" 2> /dev/null || return 0
  for try in $(seq 100); do
    case $(ps -o stat= -p "$pid") in "" | Z*) return 0 ;; esac # in a container nobody may hurry to bury it
    sleep 0.1
  done
}

# End all jobs and daemons of this cluster and remove its files, if it is up; what its folder does not name stays.
cluster_down() {
  local name try
  [ -e "$CLUSTER/owns" ] || return 0
  squeue -h -o %i 2> /dev/null | xargs -r scancel 2> /dev/null || true
  for try in $(seq 150); do
    [ -z "$(squeue -h 2> /dev/null)" ] && break
    sleep 0.1
  done
  for name in slurmd-n1 slurmd-n2 slurmctld slurmdbd mysql munged; do
    end_daemon "$CLUSTER/run/$name.pid"
  done
  rm -f /etc/slurm/{slurm,gres,slurmdbd}.conf "$CLUSTER/owns"
}
