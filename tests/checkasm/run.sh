#!/usr/bin/env bash
# Builds the kernel checks under the address and undefined-behaviour sanitizers and runs them on every level that this
# processor has, then shows that planted bugs are found. Arguments go to checkasm (--seed, --rounds, --kernel, ...).
#
#   BUILD_DIR  where to build (build/checkasm)      CC  compiler (gcc)
set -euo pipefail
cd "$(dirname "$0")/../.."

build=${BUILD_DIR:-build/checkasm}
cmake -S kernels -B "$build" -DEDGE_CHECKASM=ON -DEDGE_SANITIZE=ON -DCMAKE_C_COMPILER="${CC:-gcc}" >/dev/null
cmake --build "$build" --parallel 2 >"$build/build.log" || { cat "$build/build.log"; exit 1; }

# All levels in one process, whatever EDGE_CPU says; then each through EDGE_CPU, as a user forces it.
EDGE_CPU="" "$build/checkasm/checkasm" "$@"
"$build/checkasm/checkasm" --list | sed -n 's/^level //p' | while read -r level; do
  EDGE_CPU=$level "$build/checkasm/checkasm" --seed 1 --kernel softmax
done
"$build/checkasm/checkasm_planted" | tail -n 1
