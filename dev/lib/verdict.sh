# shellcheck shell=bash
# The end of a run: its numbers, and the removal of its containers. To be sourced after build.sh.

# verdict DIRECTORY…: adds up JUnit reports and prints the last line of a run; false if a test failed, if none ran, or with
# CI=true if one was skipped
verdict() {
  local passed failed skipped code=0
  read -r passed failed skipped < <(find "$@" -name 'TEST-*.xml' -exec cat {} + 2>/dev/null | awk '
    match($0, /<testsuite [^>]*/) {
      suite = substr($0, RSTART, RLENGTH)
      tests += value("tests"); bad += value("errors") + value("failures"); skip += value("skipped")
    }
    function value(name) { return match(suite, " " name "=\"[0-9]+") ? substr(suite, RSTART + length(name) + 3, RLENGTH - length(name) - 3) + 0 : 0 }
    END { print tests - bad - skip, bad + 0, skip + 0 }')
  if ((failed > 0 || passed == 0)); then code=1; fi
  if ((skipped > 0)); then
    say "skipped:"
    find "$@" -name 'TEST-*.xml' -exec grep -h -B1 '<skipped' {} + 2>/dev/null |
      sed -n 's/.*<testcase name="\([^"]*\)" classname="\([^"]*\)".*/  \2 \1/p; s/.*<skipped message="\([^"]*\)".*/    because \1/p' | sed 's/&quot;/"/g' >&3
    if [[ ${CI:-} == true ]]; then say "with CI=true a skipped test is a failure"; code=1; fi
  fi
  say "$passed passed, $failed failed, $skipped skipped"
  return "$code"
}

# ran DIRECTORY…: prints each test of JUnit reports with its time; the cases of a test are added up
ran() {
  { find "$@" -name 'TEST-*.xml' -exec cat {} + 2>/dev/null || true; } | awk '
    match($0, /<testcase [^>]*/) {
      test = substr($0, RSTART, RLENGTH)
      class = value("classname"); sub(/.*[.]/, "", class)
      method = value("name"); sub(/[^A-Za-z0-9_].*/, "", method)
      cases[class "." method]++; time[class "." method] += value("time")
    }
    function value(name) { return match(test, " " name "=\"[^\"]*") ? substr(test, RSTART + length(name) + 3, RLENGTH - length(name) - 3) : "" }
    END { for (t in cases) printf "  %8.1f s  %s%s\n", time[t], t, (cases[t] > 1 ? ", " cases[t] " cases" : "") }' | sort -k3 >&3
}

# clean_on_exit: from now on the containers of this run are removed when it ends, also after a failure
clean_on_exit() {
  BREAKWATER_RUN=$(run_id)
  export BREAKWATER_RUN
  trap 'code=$?; trap - EXIT; engine_clean "$BREAKWATER_RUN" >"$LOGS/clean.log" 2>&1 || true; exit $code' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

# keep_on_exit: the containers that are started from now on stay until dev/down
keep_on_exit() {
  BREAKWATER_RUN=keep
  trap - EXIT
}
