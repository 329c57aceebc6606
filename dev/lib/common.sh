# shellcheck shell=bash
# Shared by all scripts here: paths, steps with times, digests. To be sourced.
# shellcheck disable=SC2034 # used by those that source it
set -euo pipefail

ROOT=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
CACHE=${BREAKWATER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/breakwater}
LOGS=$CACHE/log
LABEL=io.breakwater.dev # on every container, image, network and volume of these scripts
mkdir -p "$CACHE/bin" "$CACHE/stamp" "$LOGS"
export BREAKWATER_CACHE=$CACHE

exec 3>&1 # for people; a script whose output is for programs redirects it to standard error

say() { printf '%s\n' "$*" >&3; }
die() { printf 'error: %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# usage: prints the comment at the start of the script
usage() { sed -n '2,/^[^#]/{ s/^# \{0,1\}//p; }' "$0"; }

now() { if [[ -n ${EPOCHREALTIME:-} ]]; then printf '%s' "${EPOCHREALTIME/[.,]/}"; else printf '%s000000' "$(date +%s)"; fi; }
since() { awk -v a="$1" -v b="$(now)" 'BEGIN { printf "%.1f s", (b - a) / 1e6 }'; }

# step NAME COMMAND…: runs the command with its output in a log file. After a failure it prints the end of that file and ends
# the script. The command runs in a subshell: it can change files, but no variables.
step() {
  local name=$1 log begin code
  shift
  log=$LOGS/$(printf '%s' "$name" | tr -cs 'A-Za-z0-9' '-' | tr '[:upper:]' '[:lower:]' | sed 's/^-//;s/-$//').log
  printf '  %-44s ' "$name" >&3
  begin=$(now)
  set +e
  (set -e; "$@") >"$log" 2>&1 </dev/null
  code=$?
  set -e
  if ((code == 0)); then
    say "$(since "$begin")"
  else
    say "FAILED after $(since "$begin")"
    tail -n 40 "$log" | sed 's/^/    | /' >&2
    die "$name failed with exit code $code; complete output: $log"
  fi
}

if have sha256sum; then SHA=(sha256sum); else SHA=(shasum -a 256); fi

# digest [FILE|DIRECTORY|=WORD]…: twelve hex digits over names and contents, the same for each copy of the tree
digest() {
  local i
  for i in "$@"; do
    case $i in
      =*) printf '%s\n' "$i" ;;
      *) (cd "$(dirname "$i")" && find "$(basename "$i")" -type f ! -name '*.md' -print0 | LC_ALL=C sort -z | xargs -0 "${SHA[@]}") ;;
    esac
  done | "${SHA[@]}" | cut -c1-12
}

# Only one run at a time prepares in a cache; after that, runs may overlap.
lock() {
  have flock || return 0
  exec 9>"$CACHE/lock"
  flock -n 9 || { say "  waiting for another run to finish its preparation"; flock 9; }
}
unlock() { if have flock; then exec 9>&-; fi; }

# run_id [PID]: the name of a run, which shows later whether the run still exists
run_id() { local pid=${1:-$$}; printf '%s-%s' "$pid" "$(ps -o lstart= -p "$pid" | cksum | cut -d' ' -f1)"; }
run_alive() { [[ $1 == *-* ]] && kill -0 "${1%%-*}" 2>/dev/null && [[ $(run_id "${1%%-*}") == "$1" ]]; }
