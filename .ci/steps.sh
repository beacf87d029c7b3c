# Sourced by run and check: steps that go on after a failure, and one screen at the end that says what became of them.

logs=$(mktemp -d)
names=()
seconds=()
ends=()
beside=()

# check WHAT COMMAND...: runs the command; a failure is remembered, and the rest goes on.
check() {
  local what=$1 began=$SECONDS end=passed
  shift
  printf '\n== %s (%s s)\n' "$what" "$SECONDS"
  "$@" 2>&1 | tee "$logs/${#names[@]}" || end=FAILED
  names+=("$what") seconds+=($((SECONDS - began))) ends+=("$end")
}

# begin WHAT COMMAND...: runs the command beside the steps that follow; `meet` prints what it said.
begin() {
  local what=$1 at=${#names[@]}
  shift
  names+=("$what") seconds+=(0) ends+=(FAILED)
  beside+=("$at")
  (
    end=passed SECONDS=0
    "$@" >"$logs/$at" 2>&1 || end=FAILED
    echo "$SECONDS $end" >"$logs/end-$at"
  ) &
}

# meet: waits for all that was begun.
meet() {
  local at
  wait
  for at in "${beside[@]}"; do
    read -r "seconds[at]" "ends[at]" <"$logs/end-$at" || true
    printf '\n== %s (beside others, until %s s)\n' "${names[at]}" "$SECONDS"
    cat "$logs/$at"
  done
  beside=()
}

# steady COMMAND...: runs a command that calls pytest. Where one to three tests failed, those run once more by
# themselves: a fault fails again; a test of real processes, windows or sound that was late on a busy machine passes,
# which the report calls unsteady.
steady() {
  local cache names
  cache=$(mktemp -d "$logs/cache.XXXXXX")
  PYTEST_ADDOPTS="-o cache_dir=$cache" "$@" && return
  names=$(sed -nE 's/^ *"(.*::.*)": true,?$/UNSTEADY \1/p' "$cache/v/cache/lastfailed") || return
  [ -n "$names" ] && [ "$(wc -l <<<"$names")" -le 3 ] || return
  printf '\n== what failed, once more\n'
  PYTEST_ADDOPTS="-o cache_dir=$cache --last-failed" "$@" && echo "$names"
}

# results_of LOG: what pytest counted in it, such as "12 passed, 1 skipped".
results_of() {
  { grep -oE '[0-9]+ (passed|failed|skipped|error).* in [0-9.]+s' "$1" || true; } | tail -n 1 | sed 's/ in [0-9.]*s$//'
}

# skips: why tests were skipped, and how many at most in one step, from pytest's SKIPPED [N] FILE:LINE: REASON.
skips() {
  sed -nE 's/^SKIPPED \[([0-9]+)\] [^ ]+: (.*)/\1 \2/p' "$1" |
    awk '{ n = $1; sub(/^[0-9]+ /, ""); count[$0] += n } END { for (why in count) print count[why] "\t" why }'
}

# report: the last lines of what failed; then why tests were skipped, which failed or are unsteady, and each step with
# its time. False where a step failed.
report() {
  local at failures=0
  for at in "${!names[@]}"; do
    [ "${ends[at]}" = FAILED ] || continue
    failures=$((failures + 1))
    printf '\n== %s failed; its last lines:\n' "${names[at]}"
    tail -n 25 "$logs/$at"
  done
  printf '\n== report\n'
  for at in "${!names[@]}"; do skips "$logs/$at"; done | sort -t $'\t' -k 2 -k 1,1nr | sort -t $'\t' -k 2 -u | sort -nr |
    awk -F '\t' 'NR == 1 { print "skipped tests, by reason:" }
      NR <= 15 { printf "%6d  %.105s\n", $1, $2 }
      END { if (NR > 15) printf "        and %d other reasons\n", NR - 15 }'
  cat "$logs"/[0-9]* | grep -hE '^(FAILED|ERROR|UNSTEADY) ' | sort -u |
    awk 'NR <= 15 { printf "%.115s\n", $0 } END { if (NR > 15) printf "and %d others\n", NR - 15 }' || true
  for at in "${!names[@]}"; do
    printf '%-6s %5d s  %-34s %s\n' "${ends[at]}" "${seconds[at]}" "${names[at]}" "$(results_of "$logs/$at")"
  done
  printf '%-6s %5d s  %d steps, %d failed\n' total "$SECONDS" "${#names[@]}" "$failures"
  [ "$failures" = 0 ]
}
