# shellcheck shell=bash
# How a run ends: with numbers, and with nothing of ours left. To be sourced after build.sh.

# verdict DIRECTORY…: adds up JUnit reports and prints the last line of a run; false if a test failed, if none ran, or
# if one was skipped where everything can run (CI)
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
    if [[ ${CI:-} == true ]]; then say "in CI nothing may be skipped: this is a failure"; code=1; fi
  fi
  say "$passed passed, $failed failed, $skipped skipped"
  return "$code"
}

# clean_on_exit: from here on this run's containers go when it ends, however it ends
clean_on_exit() {
  BREAKWATER_RUN=$(run_id)
  export BREAKWATER_RUN
  trap 'code=$?; trap - EXIT; engine_clean "$BREAKWATER_RUN" >"$LOGS/clean.log" 2>&1 || true; exit $code' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

# keep_on_exit: what comes up now stays, whoever looks for left-overs
keep_on_exit() {
  BREAKWATER_RUN=keep
  trap - EXIT
}
