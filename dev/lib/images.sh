# shellcheck shell=bash
# Images: pulled if a registry answers, else built from Debian packages, Go modules and npm. Each is named
# breakwater-dev/NAME:DIGEST after its inputs, and built only if there is no image of that name. To be sourced after tools.sh.

BASE=breakwater-dev/base:trixie
K3S=rancher/k3s:v1.34.1-k3s1
AZURITE_VERSION=3.35.0
AZURITE=mcr.microsoft.com/azure-storage/azurite:$AZURITE_VERSION

image_exists() { docker image inspect "$1" >/dev/null 2>&1; }

# registry_answers IMAGE: whether it can be pulled; a network that drops packets costs seconds, not minutes
registry_answers() {
  image_exists "$1" || timeout 10 docker manifest inspect "$1" >/dev/null 2>&1
}

# ---- base: debian:trixie-slim, from a registry or from the Debian archive

base_up() {
  if image_exists "$BASE"; then return; fi
  if registry_answers debian:trixie-slim; then
    step "pull debian:trixie-slim" base_pull
  else
    step "make debian:trixie-slim from packages" base_bootstrap
  fi
}
base_pull() { printf 'FROM debian:trixie-slim\n' | docker build --label "$LABEL=image" -t "$BASE" -; }

base_bootstrap() {
  local dir=$CACHE/base mirror
  have debootstrap || apt_install debootstrap debian-archive-keyring
  mirror=$(debian_mirror)
  rm -rf "$dir"
  # shellcheck disable=SC2086 # without a mirror debootstrap uses its own
  debootstrap --variant=minbase --keyring=/usr/share/keyrings/debian-archive-keyring.gpg trixie "$dir" $mirror
  rm -rf "$dir"/var/cache/apt/*.bin "$dir"/var/cache/apt/archives/*.deb "$dir"/var/lib/apt/lists/* "$dir"/var/log/*.log \
    "$dir"/usr/share/doc/* "$dir"/usr/share/man/* "$dir"/usr/share/info/* "$dir"/usr/share/locale/*
  printf 'path-exclude /usr/share/%s/*\n' doc man info locale >"$dir/etc/dpkg/dpkg.cfg.d/slim"
  tar -C "$dir" --numeric-owner -c . | docker import --change "LABEL $LABEL=image" --change 'CMD ["bash"]' - "$BASE"
  rm -rf "$dir"
}

# The mirror that apt uses on a Debian host, from either kind of file; nothing on other hosts.
debian_mirror() {
  (. /etc/os-release && [[ $ID == debian ]]) || return 0
  { cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null || true; } |
    awk '/^[[:space:]]*#/ { next }
         /^(deb|URIs:)[[:space:]]/ { for (i = 2; i <= NF; i++) if ($i ~ /^https?:.*debian\/?$/) { if (!n++) print $i } }'
}

# ---- building

# image NAME INPUT…: sets IMAGE. If there is no image of these inputs, calls context_NAME with a directory to fill, and builds.
image() {
  local name=$1 old
  shift
  # The letter: Helm reads a tag of digits as a number.
  IMAGE=breakwater-dev/$name:d$(digest "$@" "=$(docker image inspect --format '{{.Id}}' "$BASE")")
  if ! image_exists "$IMAGE"; then
    step "build image $name" image_build "$name" "$IMAGE"
    # Newest first. Another checkout may use an older image; the fifth and later ones are removed.
    for old in $(docker image ls --filter "label=$LABEL" --format '{{.Repository}}:{{.Tag}}' "breakwater-dev/$name" | grep -v ':dev$' | tail -n +5); do
      docker image rm "$old" >/dev/null 2>&1 || true
    done
  fi
  docker tag "$IMAGE" "breakwater-dev/$name:dev"
}
image_build() {
  local context=$CACHE/context/$1
  rm -rf "$context"
  mkdir -p "$context"
  "context_${1//-/_}" "$context"
  docker build --network host --build-arg "BASE=$BASE" --label "$LABEL=image" -t "$2" "$context"
  rm -rf "$context"
}

# builder NAME: an image to build programs in, for hosts without the compiler
builder() {
  base_up
  image "build-$1" "=$(builder_packages "$1")"
}
builder_packages() {
  case $1 in
    go) echo ca-certificates git golang-go ;;
    node) echo ca-certificates npm ;;
    java) echo ca-certificates git maven openjdk-25-jdk-headless docker-cli procps ;;
  esac
}
# shellcheck disable=SC2016 # a variable of the Dockerfile
context_build() { printf 'ARG BASE\nFROM ${BASE}\nRUN apt-get update -q && apt-get install -y -q --no-install-recommends %s\n' "$2" >"$1/Dockerfile"; }
context_build_go() { context_build "$1" "$(builder_packages go)"; }
context_build_node() { context_build "$1" "$(builder_packages node)"; }
context_build_java() { context_build "$1" "$(builder_packages java)"; }

# in_builder NAME DIRECTORY COMMAND…: as the calling user, with tree and cache at the same paths as on the host.
# IN_BUILDER_ENV is a list of NAME=VALUE, builder_options are further options of docker run.
builder_options=()
in_builder() {
  local name=$1 dir=$2 options=() e
  shift 2
  mkdir -p "$CACHE/home"
  for e in ${IN_BUILDER_ENV:-}; do if [[ -n ${e#*=} ]]; then options+=(-e "$e"); fi; done
  # The host's certificates: its traffic may go through a proxy with its own authority.
  if [[ -f /etc/ssl/certs/ca-certificates.crt ]]; then options+=(-v /etc/ssl/certs/ca-certificates.crt:/etc/ssl/certs/ca-certificates.crt:ro); fi
  for e in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do if [[ -n ${!e:-} ]]; then options+=(-e "$e"); fi; done
  docker run --rm --init --network host --label "$LABEL=build" --label "$LABEL.run=$(run_id)" --user "$(id -u):$(id -g)" \
    -e HOME="$CACHE/home" -v "$ROOT:$ROOT" -v "$CACHE:$CACHE" -w "$dir" "${options[@]}" "${builder_options[@]}" \
    "breakwater-dev/build-$name:dev" "$@"
}

# ---- the node of a cluster

# runc_up: see dev/cluster/runc. Needed in the node image, and by the engine of these scripts if it lacks a capability.
runc_up() {
  local module=$ROOT/dev/cluster
  GOOS=linux GOARCH=$(engine_arch) programs runc dev/cluster "$(digest "$module/runc" "=$LDFLAGS")" ./runc
}

# cluster_key: a digest of what the components of a cluster are built from
cluster_key() {
  local module=$ROOT/dev/cluster
  digest "$module/go.mod" "$module/go.sum" "$module"/*.go "$module/coredns" "$module/pause" "=$LDFLAGS"
}

# control_plane_up: the components of a cluster as a program of this machine, $CACHE/bin/cluster/cluster
control_plane_up() {
  go_on_host || engine_up
  programs cluster dev/cluster "$(cluster_key)" . ./coredns ./pause
}

k3s_up() {
  if [[ -S $ENGINE_SOCKET ]] && engine_lacks_capability; then runc_up; fi
  if registry_answers "$K3S"; then
    image_exists "$K3S" || step "pull $K3S" docker pull -q "$K3S"
    export BREAKWATER_K3S_IMAGE=$K3S
    return
  fi
  local module=$ROOT/dev/cluster key
  runc_up
  key=$(cluster_key)
  GOOS=linux GOARCH=$(engine_arch) programs cluster dev/cluster "$key" . ./coredns ./pause
  image node "=$key" "$module/runc" "$module/node"
  export BREAKWATER_K3S_IMAGE=$IMAGE
}
context_node() {
  local bin=$CACHE/bin/cluster name
  cp -r "$ROOT/dev/cluster/node/." "$1"
  cp "$bin/cluster" "$1/k3s"
  cp "$CACHE/bin/runc/runc" "$1/"
  mkdir "$1/images"
  for name in pause coredns; do
    mkdir "$1/$name"
    cp "$bin/$name" "$1/$name/"
    printf 'FROM scratch\nCOPY %s /%s\nENTRYPOINT ["/%s"]\n' $name $name $name >"$1/$name/Dockerfile"
    docker build -q --label "$LABEL=image" -t "breakwater-dev/$name:1" "$1/$name"
    docker save -o "$1/images/$name.tar" "breakwater-dev/$name:1"
    rm -r "${1:?}/$name"
  done
}

# ---- what runs in the clusters and next to them

csidir_up() {
  local module=$ROOT/dev/cluster key
  key=$(digest "$module/go.mod" "$module/go.sum" "$module/csidir" "=$LDFLAGS")
  GOOS=linux GOARCH=$(engine_arch) programs csi dev/cluster "$key" ./csidir \
    github.com/kubernetes-csi/external-provisioner/v5/cmd/csi-provisioner \
    github.com/kubernetes-csi/external-snapshotter/v8/cmd/csi-snapshotter \
    github.com/kubernetes-csi/external-snapshotter/v8/cmd/snapshot-controller
  image csidir "=$key" "$module/csidir/Dockerfile"
  export BREAKWATER_CSIDIR_IMAGE=$IMAGE
}
context_csidir() { cp "$ROOT/dev/cluster/csidir/Dockerfile" "$CACHE"/bin/csi/* "$1"; }

azurite_up() {
  if registry_answers "$AZURITE"; then
    image_exists "$AZURITE" || step "pull $AZURITE" docker pull -q "$AZURITE"
    export BREAKWATER_AZURITE_IMAGE=$AZURITE
    return
  fi
  if ! have npm; then builder node; fi
  image azurite "$ROOT/dev/azurite"
  export BREAKWATER_AZURITE_IMAGE=$IMAGE
}
context_azurite() {
  cp "$ROOT"/dev/azurite/* "$1"
  local npm=(npm ci --omit=dev --ignore-scripts --no-audit --no-fund --cache "$CACHE/npm")
  if have npm; then
    (cd "$1" && "${npm[@]}")
  else
    IN_BUILDER_ENV="NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt" in_builder node "$1" "${npm[@]}"
  fi
  # Source maps and type declarations are a third of it.
  find "$1/node_modules" \( -name '*.map' -o -name '*.d.ts' -o -name '*.md' \) -type f -delete
}

shop_up() {
  local module=$ROOT/dev/shop key
  key=$(digest "$module/go.mod" "$module/go.sum" "$module"/*.go)
  GOOS=linux GOARCH=$(engine_arch) programs shop dev/shop "$key" .
  image shop "=$key" "$module/image"
  export BREAKWATER_SHOP_IMAGE=$IMAGE
}
context_shop() { cp "$ROOT"/dev/shop/image/* "$CACHE/bin/shop/shop" "$1"; }

# For compatibility tests and benchmarks. The demo does not need it, so it is not part of images_up.
velero_up() {
  local module=$ROOT/dev/tools/velero key
  key=$(digest "$module/go.mod" "$module/go.sum" "$module/objectstore")
  GOOS=linux GOARCH=$(engine_arch) LDFLAGS="-s -w -X github.com/vmware-tanzu/velero/pkg/buildinfo.Version=v1.18.3" \
    programs velero dev/tools/velero "$key" github.com/vmware-tanzu/velero/cmd/velero ./objectstore
  image velero "=$key" "$module/image"
  export BREAKWATER_VELERO_IMAGE=$IMAGE
}
context_velero() { cp "$ROOT"/dev/tools/velero/image/* "$CACHE"/bin/velero/* "$1"; }

# ---- the product

mover_up() {
  image breakwater-mover "$ROOT/images/breakwater-mover"
  export BREAKWATER_MOVER_IMAGE=$IMAGE
}
context_breakwater_mover() { cp "$ROOT"/images/breakwater-mover/* "$1"; }

# After `mvn package`.
operator_up() {
  image breakwater "$ROOT/images/breakwater" "$ROOT/images/breakwater-mover/debian-sbom" "$ROOT/target/quarkus-app"
  export BREAKWATER_IMAGE=$IMAGE
}
context_breakwater() {
  cp "$ROOT/images/breakwater/Dockerfile" "$1"
  mkdir -p "$1/target" "$1/images/breakwater-mover"
  cp -r "$ROOT/images/breakwater" "$1/images/"
  cp "$ROOT/images/breakwater-mover/debian-sbom" "$1/images/breakwater-mover/"
  cp -r "$ROOT/target/quarkus-app" "$1/target/"
  [[ -f $ROOT/target/bom.json ]] || die "target/bom.json is missing: Maven does not write the SBOM with its option -o; run mvn package"
  cp "$ROOT/target/bom.json" "$1/target/"
}

# All images except that of the operator.
images_up() {
  base_up
  k3s_up
  csidir_up
  azurite_up
  shop_up
  mover_up
}
