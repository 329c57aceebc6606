# shellcheck shell=bash source-path=SCRIPTDIR
# Everything, in the order of need.
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

# environment: what the Java side reads, as shell commands
environment() {
  local name
  export TESTCONTAINERS_RYUK_DISABLED=true TESTCONTAINERS_CHECKS_DISABLE=true
  # Where this machine is itself a container, Testcontainers would look for the engine's address by an image that it cannot pull,
  # for two minutes. Our own engine is here.
  if [[ $DOCKER_HOST == unix://$ENGINE_SOCKET ]]; then export TESTCONTAINERS_HOST_OVERRIDE=localhost; fi
  for name in DOCKER_HOST $(compgen -v | grep -E '^(BREAKWATER|TESTCONTAINERS)_'); do
    printf 'export %s=%q\n' "$name" "${!name}"
  done
}
