# shellcheck shell=bash
# Programs: built from Go modules by the host's Go, or by one in a container. To be sourced after engine.sh.

# The version goes where clients read it; without it they see v0.0.0.
KUBERNETES=1.34.4
LDFLAGS="-s -w -X k8s.io/component-base/version.gitVersion=v$KUBERNETES -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=34"

go_on_host() {
  local version
  version=$(cd / && go env GOVERSION 2>/dev/null) || return 1
  version=${version#go1.}
  ((${version%%[^0-9]*} >= 24))
}

# go_build MODULE OUTDIR PACKAGE…: into OUTDIR, as a whole or not at all. GOOS and GOARCH are the caller's.
go_build() {
  local module=$1 out=$2
  shift 2
  rm -rf "$out.new"
  mkdir -p "$out.new"
  if go_on_host; then
    (cd "$ROOT/$module" && CGO_ENABLED=0 go build -trimpath -ldflags "$LDFLAGS" -o "$out.new/" "$@")
  else
    IN_BUILDER_ENV="CGO_ENABLED=0 GOOS=${GOOS:-} GOARCH=${GOARCH:-} GOTOOLCHAIN=${GOTOOLCHAIN:-auto} GOPROXY=${GOPROXY:-} GOFLAGS=-buildvcs=false GOMODCACHE=$CACHE/go/mod GOCACHE=$CACHE/go/build" \
      in_builder go "$ROOT/$module" go build -trimpath -ldflags "$LDFLAGS" -o "$out.new/" "$@"
  fi
  rm -rf "$out"
  mv "$out.new" "$out"
}

# programs NAME MODULE KEY PACKAGE…: builds them when their inputs (KEY, a digest) changed; they are then in $CACHE/bin/NAME
programs() {
  local name=$1 module=$2 key=$3
  shift 3
  if [[ $(cat "$CACHE/stamp/$name" 2>/dev/null) == "$key" && -d $CACHE/bin/$name ]]; then return; fi
  if ! go_on_host; then builder go; fi
  step "build $name" go_build "$module" "$CACHE/bin/$name" "$@"
  printf '%s' "$key" >"$CACHE/stamp/$name"
}

# For the engine's machine, which need not be this one's kind.
engine_arch() { docker version --format '{{.Server.Arch}}'; }

# tool NAME MODULE PACKAGE: sets TOOL to the host's own program, else builds it
tool() {
  if TOOL=$(command -v "$1"); then return; fi
  programs "$1" "$2" "$(digest "$ROOT/$2/go.mod" "$ROOT/$2/go.sum")" "$3"
  TOOL=$CACHE/bin/$1/$1
}

# tools_there: those that need not be built
tools_there() {
  local name
  for name in helm promtool versitygw; do
    TOOL=$(command -v "$name") || TOOL=$CACHE/bin/$name/$name
    if [[ -x $TOOL ]]; then export "BREAKWATER_$(printf %s "$name" | tr '[:lower:]' '[:upper:]')=$TOOL"; fi
  done
}

tools_up() {
  tool helm dev/tools/helm helm.sh/helm/v4/cmd/helm
  export BREAKWATER_HELM=$TOOL
  tool promtool dev/tools/prometheus github.com/prometheus/prometheus/cmd/promtool
  export BREAKWATER_PROMTOOL=$TOOL
  tool versitygw dev/tools/s3 github.com/versity/versitygw/cmd/versitygw
  export BREAKWATER_VERSITYGW=$TOOL
}
