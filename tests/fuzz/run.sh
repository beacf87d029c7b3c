#!/usr/bin/env bash
# Fuzzes the GGUF parser: bash tests/fuzz/run.sh [EXECUTIONS] [SEED]
# Needs clang with libFuzzer, and edgewise installed (the seeds are written by it). Appends a line to ledger.jsonl.
set -euo pipefail
executions=${1:-5000000}
seed=${2:-$RANDOM$RANDOM}
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
clang=$(command -v clang || ls /usr/bin/clang-[0-9]* 2>/dev/null | head -n 1) ||
  { echo "clang is missing: apt install clang"; exit 77; }
python=$(command -v python || command -v python3)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
"$clang" -g -O1 -fsanitize=fuzzer,address,undefined -fno-sanitize-recover=all \
  "$here/fuzz_gguf.c" "$root/kernels/gguf/gguf.c" -o "$work/fuzz_gguf"
PYTHONPATH="$root${PYTHONPATH:+:$PYTHONPATH}" "$python" "$here/make_corpus.py" "$work/corpus"

# The parser allocates nothing: a malloc of more than a megabyte is a finding, as is a second on 4 KiB.
began=$(date +%s)
"$work/fuzz_gguf" "$work/corpus" -dict="$here/gguf.dict" -runs="$executions" -seed="$seed" -max_len=4096 \
  -malloc_limit_mb=1 -rss_limit_mb=512 -timeout=1 -print_final_stats=1 -artifact_prefix="$work/" >"$work/log" 2>&1 ||
  { tail -n 40 "$work/log"; cp "$work"/crash-* "$work"/oom-* "$work"/timeout-* . 2>/dev/null; exit 1; }
seconds=$(($(date +%s) - began))
done_=$(sed -n 's/^stat::number_of_executed_units: *//p' "$work/log")
covered=$(sed -n 's/.* cov: \([0-9]*\) .*/\1/p' "$work/log" | tail -n 1)
line=$(printf '{"target": "gguf", "commit": "%s", "executions": %s, "seconds": %s, "seed": %s, "edges": %s, "findings": 0}' \
  "$(git -C "$root" rev-parse --short HEAD)" "$done_" "$seconds" "$seed" "$covered")
echo "$line" | tee -a "$here/ledger.jsonl"
