# shellcheck shell=bash
# Programs: built from Go modules by the host's Go, or in a container. To be sourced after engine.sh.

# Without these, clients would read version v0.0.0.
KUBERNETES=1.34.4
LDFLAGS="-s -w -X k8s.io/component-base/version.gitVersion=v$KUBERNETES -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=34"

go_on_host() {
  local version
  version=$(cd / && go env GOVERSION 2>/dev/null) || return 1
  version=${version#go1.}
  ((${version%%[^0-9]*} >= 24))
}

# go_build MODULE OUTDIR PACKAGE…: builds into OUTDIR, all of them or none. The caller sets GOOS and GOARCH.
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

# programs NAME MODULE KEY PACKAGE…: builds them in $CACHE/bin/NAME if their inputs (KEY, a digest) have changed
programs() {
  local name=$1 module=$2 key=$3
  shift 3
  if [[ $(cat "$CACHE/stamp/$name" 2>/dev/null) == "$key" && -d $CACHE/bin/$name ]]; then return; fi
  if ! go_on_host; then builder go; fi
  step "build $name" go_build "$module" "$CACHE/bin/$name" "$@"
  printf '%s' "$key" >"$CACHE/stamp/$name"
}

# The engine may run on a machine of another architecture.
engine_arch() { docker version --format '{{.Server.Arch}}'; }

# debian_program NAME PACKAGE…: extracts the program from the first of these Debian packages that contains it, and installs
# nothing. If no package contains it, there is no program afterwards.
debian_program() {
  local name=$1 out=$CACHE/bin/$1 package
  shift
  if [[ $(id -u) == 0 ]]; then apt-get update -q || true; fi
  rm -rf "$out" "$out.new"
  mkdir -p "$out.new/files"
  cd "$out.new"
  for package; do
    apt-get download -q "$package" && dpkg-deb -x "$package"_*.deb files && [[ -x files/usr/bin/$name ]] || continue
    mv "files/usr/bin/$name" .
    rm -rf files ./*.deb
    mv "$out.new" "$out"
    return
  done
  rm -rf "$out.new"
}

# tool NAME MODULE PACKAGE [DEBIAN-PACKAGE…]: sets TOOL to the host's own program, to the one of a Debian package, or else
# to one that is built
tool() {
  local name=$1 module=$2 package=$3 key stamp
  shift 3
  if TOOL=$(command -v "$name"); then return; fi
  TOOL=$CACHE/bin/$name/$name
  key=$(digest "$ROOT/$module/go.mod" "$ROOT/$module/go.sum")
  stamp=$(cat "$CACHE/stamp/$name" 2>/dev/null || true)
  if [[ -x $TOOL && ($stamp == "$key" || $stamp == debian) ]]; then return; fi
  if (($#)) && have apt-get && have dpkg-deb; then
    step "extract $name from a Debian package" debian_program "$name" "$@"
    if [[ -x $TOOL ]]; then
      printf debian >"$CACHE/stamp/$name"
      return
    fi
  fi
  programs "$name" "$module" "$key" "$package"
}

# test_tools_there: the test tools that exist already
test_tools_there() {
  local name
  for name in promtool versitygw; do
    TOOL=$(command -v "$name") || TOOL=$CACHE/bin/$name/$name
    if [[ -x $TOOL ]]; then export "BREAKWATER_$(printf %s "$name" | tr '[:lower:]' '[:upper:]')=$TOOL"; fi
  done
}

# test_tools_up: what tests need and the demo does not
test_tools_up() {
  # Debian 13 has it in promtool, earlier releases in prometheus; 2.42 is the oldest that was seen to run the rule tests.
  tool promtool dev/tools/prometheus github.com/prometheus/prometheus/cmd/promtool promtool prometheus
  export BREAKWATER_PROMTOOL=$TOOL
  tool versitygw dev/tools/s3 github.com/versity/versitygw/cmd/versitygw
  export BREAKWATER_VERSITYGW=$TOOL
}
