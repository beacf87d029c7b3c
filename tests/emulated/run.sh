#!/usr/bin/env bash
# Installs the ARM wheel in an arm64 Debian 12 and runs it under qemu: the text, the bits of features, encoder and logits, and
# the detector's decisions must be those of this x86-64 machine.
#
#   run.sh            the demo's clip, and ten utterances where EDGEWISE_TEST_DATA has them, as four processors; an hour
#   run.sh --short    the first three seconds of the demo's clip as a Raspberry Pi 4; half a minute
#
# There is no onnxruntime in that Debian, so numpy runs the detector. edgewise has to be installed here, with the demo's
# model and clip in its store.
#
#   ROOTS   where the arm64 Debian, its packages and the C library are kept between runs (a temporary folder)
#   PYTHON  the interpreter that edgewise is installed for (python)           QEMU  emulator (qemu-aarch64)
# Exit status 77 means that a tool, the model, the clip or a system of ARM to run in is missing.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
python=${PYTHON:-python}
qemu=${QEMU:-qemu-aarch64}
for tool in "$qemu" aarch64-linux-gnu-gcc mmdebstrap unzip "$python"; do
  command -v "$tool" >/dev/null && continue
  echo "run.sh: $tool is missing; on Debian: apt-get install qemu-user gcc-aarch64-linux-gnu mmdebstrap unzip" >&2
  exit 77
done
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
roots=${ROOTS:-$work/roots}
mkdir -p "$roots"

root=$roots/bookworm-arm64
if [ ! -d "$root" ]; then
  mmdebstrap --quiet --variant=extract --arch=arm64 --include=python3,libpython3.11-stdlib,libstdc++6 bookworm \
    "$root.part" http://deb.debian.org/debian >"$work/log" 2>&1 || { cat "$work/log" >&2; exit 77; }
  mv "$root.part" "$root"
fi
packages=$roots/packages-arm64
if [ ! -d "$packages" ]; then
  "$python" -m pip install --quiet --target "$packages.part" --python-version 3.11 --only-binary=:all: \
    --platform manylinux2014_aarch64 --platform manylinux_2_26_aarch64 --platform manylinux_2_27_aarch64 \
    --platform manylinux_2_28_aarch64 numpy soundfile soxr filelock platformdirs || exit 77
  mv "$packages.part" "$packages"
fi
SYSROOTS=$roots PYTHON=$python bash "$here/../wheels/build.sh" "$work" aarch64
unzip -q "$work"/edgewise-*_aarch64.whl -d "$work/installed"

export EDGEWISE_OFFLINE=1
unset EDGE_CPU OPENBLAS_CORETYPE OPENBLAS_L2_SIZE
"$python" "$here/clips.py" "$work/clips" "$@" || exit $?
mapfile -t hear <"$work/clips/arguments"
"$python" "$here/hear.py" "${hear[@]}" >"$work/here"
cpus=(cortex-a53 cortex-a72 cortex-a76 max)
[ "${1:-}" != --short ] || cpus=(cortex-a72)
for cpu in "${cpus[@]}"; do
  PYTHONPATH=$work/installed:$packages "$qemu" -cpu "$cpu" -L "$root" "$root/usr/bin/python3.11" -B "$here/hear.py" \
    "${hear[@]}" >"$work/$cpu"
done
"$python" "$here/compare.py" "$work/here" "${cpus[@]/#/$work/}"
