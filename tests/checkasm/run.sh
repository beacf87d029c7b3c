#!/usr/bin/env bash
# Builds the kernel checks under the address and undefined-behaviour sanitizers and runs them on every level that this
# processor has, then shows that planted bugs are found. Arguments go to checkasm (--seed, --budget, --kernel, ...).
#
#   BUILD_DIR  where to build (build/checkasm in the current folder)      CC  compiler (gcc)
set -euo pipefail

kernels=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../kernels" && pwd)
build=${BUILD_DIR:-build/checkasm}
checkasm=$build/checkasm/checkasm
cmake -S "$kernels" -B "$build" -DEDGE_CHECKASM=ON -DEDGE_SANITIZE=ON -DCMAKE_C_COMPILER="${CC:-gcc}" >/dev/null
cmake --build "$build" --parallel 2 >"$build/build.log" || { cat "$build/build.log"; exit 1; }

# What a sanitizer finds becomes a signal, which checkasm reports with the kernel, the level and the case.
export ASAN_OPTIONS=abort_on_error=1 UBSAN_OPTIONS=abort_on_error=1:print_stacktrace=1

# All levels in one process, whatever EDGE_CPU says; then each through EDGE_CPU, as a user forces it.
EDGE_CPU="" "$checkasm" --budget full "$@"
"$checkasm" --list | sed -n 's/^level //p' | while read -r level; do
  EDGE_CPU=$level "$checkasm" --seed 1 --kernel softmax
done
"$checkasm" --self-test --seed 1 | tail -n 1
