# shellcheck shell=bash source-path=SCRIPTDIR
# All parts, each after those that it needs.
lib=$(dirname "${BASH_SOURCE[0]}")
. "$lib/common.sh"
. "$lib/engine.sh"
. "$lib/tools.sh"
. "$lib/images.sh"
. "$lib/build.sh"
. "$lib/verdict.sh"

# prepare: an engine that answers, without the containers of a killed run, and all images but the product's
prepare() {
  engine_up
  engine_clean "" >"$LOGS/clean.log" 2>&1
  images_up
}

# environment: what the Java programs read, as shell commands
environment() {
  local name
  export TESTCONTAINERS_RYUK_DISABLED=true TESTCONTAINERS_CHECKS_DISABLE=true
  # If this machine is itself a container, Testcontainers looks for the engine's address with an image that it cannot pull,
  # which takes two minutes. The engine of these scripts is on this machine.
  if [[ $DOCKER_HOST == unix://$ENGINE_SOCKET ]]; then export TESTCONTAINERS_HOST_OVERRIDE=localhost; fi
  for name in DOCKER_HOST $(compgen -v | grep -E '^(BREAKWATER|TESTCONTAINERS)_'); do
    printf 'export %s=%q\n' "$name" "${!name}"
  done
}
