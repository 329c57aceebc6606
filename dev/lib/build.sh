# shellcheck shell=bash
# Maven, and what it builds: its goals and options are only here. To be sourced after images.sh.

# Maven ends too soon for the optimizing JIT compiler to pay.
MAVEN_JVM="-XX:TieredStopAtLevel=1 -XX:+UseSerialGC"

# java_find: sets JAVA_HOME to a JDK 25; false if this machine has none, or has no Maven
java_find() {
  local dir
  have mvn || return 1
  for dir in "${JAVA_HOME:-}" /usr/lib/jvm/*25* "$(/usr/libexec/java_home -v 25 2>/dev/null || true)"; do
    if [[ -x $dir/bin/javac && $("$dir/bin/java" -version 2>&1) == *'version "25'* ]]; then
      export JAVA_HOME=$dir
      return
    fi
  done
  return 1
}

# java_up: a JDK 25 and Maven, on this machine or in an image
java_up() {
  if java_find; then return; fi
  have docker || engine_up
  [[ -n ${DOCKER_HOST:-} ]] || engine_up
  builder java
}

# in_java COMMAND…: with the JDK first in the path; in a container if the host has none
in_java() {
  if java_find; then
    (cd "$ROOT" && PATH="$JAVA_HOME/bin:$PATH" MAVEN_OPTS="$MAVEN_JVM ${MAVEN_OPTS:-}" "$@")
    return
  fi
  local socket=${DOCKER_HOST#unix://} trust=$CACHE/home/trust.p12 environment builder_options=()
  environment=$(compgen -v | grep -E '^(BREAKWATER_|TESTCONTAINERS_|DOCKER_HOST$|CI$)' | while read -r v; do printf '%s=%s ' "$v" "${!v}"; done)
  # A JVM does not read the certificates that the host trusts: it needs a trust store with them.
  IN_BUILDER_ENV='' in_builder java "$ROOT" java dev/lib/TrustStore.java /etc/ssl/certs/ca-certificates.crt "$trust"
  builder_options=(-v "$socket:$socket" --group-add "$(stat -c %g "$socket")"
    -e "MAVEN_OPTS=$MAVEN_JVM -Djavax.net.ssl.trustStore=$trust -Djavax.net.ssl.trustStorePassword=changeit")
  IN_BUILDER_ENV="$environment JAVA_HOME=/usr/lib/jvm/java-25-openjdk-$(engine_arch)" in_builder java "$ROOT" "$@"
}

maven() { in_java mvn -B -ntp "$@"; }

# package: the application, and its image
package() {
  java_up
  step "package the application" maven -DskipTests -DskipITs package
  operator_up
}

# fast_tests, all_tests [MAVEN-ARGUMENT…]: Maven's output goes to the terminal
# Without coverage, the warnings of Error Prone (its errors fail the build) and the S3 server of slow tests. What tests print is
# in target/surefire-reports.
fast_tests() {
  maven test -DexcludedGroups=slow,long -Djacoco.skip -Ds3-server.skip -Derror-prone.option=-XepDisableAllWarnings \
    -Dmaven.test.redirectTestOutputToFile "$@"
}
all_tests() { maven verify -Pcluster "$@"; }
# long_tests GOAL [MAVEN-ARGUMENT…]
long_tests() { maven "$@" '-Dgroups=long|random' -DexcludedGroups= -Djacoco.skip; }

# demo_classpath: the class path of the test classes, which changes only with pom.xml. Packaging compiles the classes.
demo_classpath() {
  local key
  key=$(digest "$ROOT/pom.xml" "=$CACHE")
  if [[ $(cat "$CACHE/stamp/classpath" 2>/dev/null) != "$key" ]]; then
    step "resolve the demo's class path" maven -q dependency:build-classpath -Dmdep.includeScope=test "-Dmdep.outputFile=$CACHE/classpath"
    printf '%s' "$key" >"$CACHE/stamp/classpath"
  fi
}
demo_main() { test_main io.breakwater.it.Demo "$@"; }
# test_main CLASS ARG…: runs a program in the test classes
test_main() { in_java java -Djava.util.logging.manager=org.jboss.logmanager.LogManager --sun-misc-unsafe-memory-access=allow \
    -cp "target/test-classes:target/classes:$(cat "$CACHE/classpath")" "$@"; }
