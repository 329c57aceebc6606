# shellcheck shell=bash
# The container engine: the one of the user, or else one that these scripts start. To be sourced after common.sh.

ENGINE_RUN=/run/breakwater-dev
ENGINE_SOCKET=$ENGINE_RUN/docker.sock

engine_answers() { local limit=(); if have timeout; then limit=(timeout 20); fi; "${limit[@]}" docker info >/dev/null 2>&1; }

# engine_find: sets DOCKER_HOST to an engine that answers; false if none answers
engine_find() {
  have docker || return 1
  if [[ -z ${DOCKER_HOST:-} && -S $ENGINE_SOCKET ]] && DOCKER_HOST=unix://$ENGINE_SOCKET engine_answers; then
    export DOCKER_HOST=unix://$ENGINE_SOCKET
    return
  fi
  engine_answers || return 1
  if [[ -z ${DOCKER_HOST:-} ]]; then # Testcontainers does not read the contexts of the docker command
    DOCKER_HOST=$(docker context inspect --format '{{.Endpoints.docker.Host}}' 2>/dev/null) || DOCKER_HOST=unix:///var/run/docker.sock
    export DOCKER_HOST
  fi
}

# engine_up: finds an engine, or installs and starts one. The user's engine is used as it is.
engine_up() {
  if engine_find; then return; fi
  [[ -z ${DOCKER_HOST:-} || $DOCKER_HOST == unix://$ENGINE_SOCKET ]] ||
    die "no container engine answers at DOCKER_HOST=$DOCKER_HOST: start it, or unset DOCKER_HOST, and run this again."
  [[ $(uname -s) == Linux && $(id -u) == 0 ]] ||
    die "no container engine answers (\`docker info\` fails): start Docker, or add this user to the group docker, and run this again."
  if engine_foreign && ! engine_own_pid >/dev/null; then
    die "dockerd runs, but \`docker info\` fails: read its log, or set DOCKER_HOST to its address. A second engine is not started."
  fi
  if ! have dockerd; then
    step "install a container engine" engine_install
    if engine_find; then return; fi # the package has started it
  fi
  step "start a container engine" engine_start
  export DOCKER_HOST=unix://$ENGINE_SOCKET
}

apt_install() {
  have apt-get || die "apt-get is missing: install $* by hand and run this again."
  apt-get update -q
  DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "$@"
}
engine_install() { apt_install docker.io debootstrap debian-archive-keyring iptables ca-certificates procps; }

# is PID PROGRAM: whether the process runs this program. A process id from a file may belong to another process by now, or
# to one that was killed and still has an entry, but no command line.
is() { [[ -n $1 && $(cat "/proc/$1/comm" 2>/dev/null) == "$2" && -n $(tr -d '\0' 2>/dev/null <"/proc/$1/cmdline") ]]; }

# engine_foreign: whether any dockerd runs here
engine_foreign() {
  local pid
  for pid in $(pgrep -x dockerd); do
    if is "$pid" dockerd; then return; fi
  done
  return 1
}

engine_own_pid() {
  local pid
  pid=$(cat "$ENGINE_RUN/docker.pid" 2>/dev/null) || return 1
  is "$pid" dockerd && tr '\0' ' ' <"/proc/$pid/cmdline" | grep -qF "$ENGINE_SOCKET" && printf '%s' "$pid"
}

# Killed runs leave sockets, and files with the ids of processes that no longer exist or are other programs now.
engine_sweep() {
  local file
  for file in "$ENGINE_RUN/docker.pid:dockerd" "$ENGINE_RUN/exec/containerd/containerd.pid:containerd"; do
    is "$(cat "${file%:*}" 2>/dev/null)" "${file##*:}" || rm -f "${file%:*}"
  done
  [[ -e $ENGINE_RUN/exec/containerd/containerd.pid ]] || rm -f "$ENGINE_RUN"/exec/containerd/*.sock*
}

# A machine without CAP_SYS_RESOURCE refuses privileged containers unless runc asks for less. The engine gets a script
# instead of that runc, because on a host without Go this engine is needed to build it.
engine_runtime() {
  cat >"$CACHE/bin/runc.sh" <<EOF
#!/bin/sh
[ -x '$CACHE/bin/runc/runc' ] && exec '$CACHE/bin/runc/runc' "\$@"
exec /usr/sbin/runc "\$@"
EOF
  chmod +x "$CACHE/bin/runc.sh"
}

engine_lacks_capability() { (((0x$(awk '/^CapBnd/ { print $2 }' /proc/self/status) >> 24 & 1) == 0)); }

engine_start() {
  local pid options=()
  if pid=$(engine_own_pid); then # it runs but does not answer
    engine_stop
  fi
  mkdir -p "$ENGINE_RUN" "$CACHE/engine"
  engine_sweep
  echo '{}' >"$CACHE/engine.json" # not the configuration of a user's engine
  if engine_lacks_capability; then
    engine_runtime
    options=(--add-runtime "bounded=$CACHE/bin/runc.sh" --default-runtime bounded)
  fi
  setsid dockerd --host "unix://$ENGINE_SOCKET" --pidfile "$ENGINE_RUN/docker.pid" --exec-root "$ENGINE_RUN/exec" \
    --data-root "$CACHE/engine" --config-file "$CACHE/engine.json" "${options[@]}" </dev/null >>"$LOGS/dockerd.log" 2>&1 3>&- 9>&- &
  pid=$!
  for _ in $(seq 300); do
    if DOCKER_HOST=unix://$ENGINE_SOCKET engine_answers; then return; fi
    kill -0 "$pid" 2>/dev/null || break
    sleep 0.2
  done
  tail -n 30 "$LOGS/dockerd.log"
  return 1
}

# engine_stop: stops the engine that engine_start started, and no other
engine_stop() {
  local pid signal=TERM
  pid=$(engine_own_pid) || return 0
  kill "$pid"
  for i in $(seq 300); do
    engine_own_pid >/dev/null || break
    if ((i == 200)); then signal=KILL; kill -KILL "$pid"; fi
    sleep 0.1
  done
  [[ $signal == TERM ]] || say "  the container engine did not stop within 20 s and was killed"
  # Network namespaces may still be mounted there, some of them by an engine that was killed earlier.
  awk -v dir="$ENGINE_RUN/" 'index($2, dir) == 1 { print $2 }' /proc/mounts | sort -r | xargs -r umount -l
  rm -rf "$ENGINE_RUN"
}

# engine_clean [--all | RUN]: removes containers, networks and volumes of runs that have ended; with --all also those in use;
# with the name of a run only those of that run
engine_clean() {
  local kind id run
  for kind in container network volume; do
    for id in $(engine_ours "$kind"); do
      run=$(engine_run_of "$kind" "$id") || continue
      case ${1:-} in
        --all) ;;
        "") if [[ $run == keep ]] || run_alive "$run"; then continue; fi ;;
        *) if [[ $run != "$1" ]]; then continue; fi ;;
      esac
      if [[ $kind == container ]]; then docker rm -fv "$id"; else docker "$kind" rm "$id"; fi || true
    done
  done
  # Volumes without a name have no label. In the engine of these scripts all may be removed that are not in use.
  if [[ ${DOCKER_HOST:-} == unix://$ENGINE_SOCKET ]]; then docker volume prune -f; fi
}
engine_ours() {
  local options=(-q)
  if [[ $1 == container ]]; then options+=(-a); fi
  docker "$1" ls "${options[@]}" --filter "label=$LABEL"
}
engine_run_of() {
  local labels=.Labels
  if [[ $1 == container ]]; then labels=.Config.Labels; fi
  docker "$1" inspect --format "{{index $labels \"$LABEL.run\"}}" "$2" 2>/dev/null
}
