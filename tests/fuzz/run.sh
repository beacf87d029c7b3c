#!/usr/bin/env bash
# Fuzzes the GGUF parser with libFuzzer under ASan, UBSan and LeakSanitizer: bash tests/fuzz/run.sh [EXECUTIONS] [SEED]
# Appends a line to ledger.jsonl, findings included; an input that was found is kept in the current folder.
# Needs clang with libFuzzer, and a Python that has edgewise (PYTHON names it): it writes the seeds.
set -euo pipefail
executions=${1:-5000000}
seed=${2:-$((RANDOM * 32768 + RANDOM))}
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
clang=$(command -v clang || ls /usr/bin/clang-[0-9]* 2>/dev/null | head -n 1) ||
  { echo "clang is missing: apt install clang"; exit 77; }
python=${PYTHON:-$(command -v python || command -v python3)}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$clang" -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
  "$here/fuzz_gguf.c" "$here/mutate_gguf.c" "$root/kernels/gguf/gguf.c" -o "$work/fuzz_gguf"
PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}" "$python" "$here/make_corpus.py" "$work/corpus"

# The parser allocates nothing, so one megabyte at once is a finding, as are five seconds (of a machine that may be busy).
began=$(date +%s)
findings=0
"$work/fuzz_gguf" "$work/corpus" -dict="$here/gguf.dict" -runs="$executions" -seed="$seed" -max_len=4096 \
  -malloc_limit_mb=1 -rss_limit_mb=512 -timeout=5 -detect_leaks=1 -print_final_stats=1 \
  -artifact_prefix="$work/found-" >"$work/log" 2>&1 || findings=1
seconds=$(($(date +%s) - began))
if [ "$findings" != 0 ]; then
  tail -n 40 "$work/log"
  cp "$work"/found-* . 2>/dev/null || true
fi

# last PATTERN: the number that the log gives last.
last() { sed -n "s/$1/\1/p" "$work/log" | tail -n 1; }
line=$(printf '{"target": "gguf", "commit": "%s", "executions": %s, "seconds": %s, "seed": %s, "edges": %s, "findings": %s}' \
  "$(git -C "$root" rev-parse --short HEAD)" "$(last '^stat::number_of_executed_units: *\([0-9]*\)')" "$seconds" \
  "$seed" "$(last '.* cov: \([0-9]*\) .*')" "$findings")
echo "$line" | tee -a "$here/ledger.jsonl"
exit "$findings"
