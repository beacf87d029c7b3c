#!/usr/bin/env bash
# Cross-compiles the kernel checks for 64-bit ARM and runs them under qemu-user as four processors: Cortex-A53 and
# Cortex-A72 (Raspberry Pi 3 and 4) have plain NEON, Cortex-A76 (Pi 5) has the dot product, `max` that of small matrices
# too. Arguments go to checkasm.
#
#   BUILD_DIR  where to build (build/checkasm-arm in the current folder)
#   CC         cross compiler (aarch64-linux-gnu-gcc)      QEMU  emulator (qemu-aarch64)
# Exit status 77 means that a tool is missing.
set -euo pipefail

kernels=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../kernels" && pwd)
cc=${CC:-aarch64-linux-gnu-gcc}
qemu=${QEMU:-qemu-aarch64}
build=${BUILD_DIR:-build/checkasm-arm}
checkasm=$build/checkasm/checkasm
for tool in "$cc" "$qemu" cmake; do
  command -v "$tool" >/dev/null && continue
  echo "run_arm.sh: $tool is missing; on Debian: apt-get install gcc-aarch64-linux-gnu libc6-dev-arm64-cross qemu-user cmake" >&2
  exit 77
done

cmake -S "$kernels" -B "$build" -DEDGE_CHECKASM=ON -DCMAKE_C_COMPILER="$cc" -DCMAKE_SYSTEM_NAME=Linux \
  -DCMAKE_SYSTEM_PROCESSOR=aarch64 -DCMAKE_EXE_LINKER_FLAGS=-static >/dev/null
cmake --build "$build" --parallel 2 >"$build/build.log" || { cat "$build/build.log"; exit 1; }

# expect CPU LEVEL...: runs all checks, and the levels must be exactly these.
expect() {
  local cpu=$1 found
  shift
  found=$("$qemu" -cpu "$cpu" "$checkasm" --list | sed -n 's/^level //p' | xargs)
  [ "$found" = "$*" ] || { echo "run_arm.sh: $cpu has the levels $found, expected $*" >&2; exit 1; }
  echo "== $cpu"
  EDGE_CPU="" "$qemu" -cpu "$cpu" "$checkasm" "${arguments[@]}"
}

arguments=("$@")
expect cortex-a53 ref neon
expect cortex-a72 ref neon
expect cortex-a76 ref neon dotprod
expect max ref neon dotprod i8mm
"$qemu" -cpu max "$checkasm" --self-test --seed 1 | tail -n 1
