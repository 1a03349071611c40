# Sourced before every command of the rules; its first argument is a folder to find Python in, which may be empty.
# Jobs run this checkout's package, wherever Snakemake's --directory points.
export PYTHONPATH="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
if [ -n "$1" ]; then export PATH="$1:$PATH"; fi
export TOKENIZERS_PARALLELISM=false PYTHONHASHSEED=0

# Freed memory is kept for the next step's tensors instead of going back to the system, which costs a tenth to a fifth of
# a step's time; blocks above 32 MiB come from the system one by one, so that holes of their size cannot pile up.
export MALLOC_TRIM_THRESHOLD_="${MALLOC_TRIM_THRESHOLD_:-9223372036854775807}"  # never trim
export MALLOC_MMAP_THRESHOLD_="${MALLOC_MMAP_THRESHOLD_:-33554432}"
# oneDNN keeps a kernel, and torch its arguments, for each shape of a product: by default 1,024 of each, which batches of
# varied length fill. A step uses fewer than this many.
export ONEDNN_PRIMITIVE_CACHE_CAPACITY="${ONEDNN_PRIMITIVE_CACHE_CAPACITY:-64}"
export LRU_CACHE_CAPACITY="${LRU_CACHE_CAPACITY:-64}"

# Only what downloads may use the network, unless the user forbids that too.
users_offline="${HF_HUB_OFFLINE:-0}"
export HF_HUB_OFFLINE=1
online() { HF_HUB_OFFLINE="$users_offline" "$@"; }

# What a command says goes to its log; if it fails, also to the screen, and its last line if a signal asked it to end (HUP,
# INT, TERM). Its exit status is passed on, so that a scheduler can tell want of memory (137) from other faults.
logged() {
  local log="$1" status=0
  shift
  "$@" > "$log" 2>&1 || status=$?
  if [ "$status" -eq 137 ]; then
    echo "Killed by the system, for want of memory as a rule: give the job more (mem_mb), or run fewer at once." >> "$log"
  fi
  case "$status" in
    0) ;;
    129 | 130 | 143) tail -n 1 "$log" >&2 ;;
    *) cat "$log" >&2 ;;
  esac
  return "$status"
}
