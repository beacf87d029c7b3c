#!/usr/bin/env bash
# Builds the wheels of the commit twice, each time from a copy in another folder, and compares them byte for byte:
# twice.sh [ARCH...]. SYSROOTS and PYTHON are build.sh's.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export SYSROOTS=${SYSROOTS:-$work/sysroots} SOURCE_DATE_EPOCH
SOURCE_DATE_EPOCH=$(git -C "$root" log -1 --format=%ct)
mkdir -p "$SYSROOTS"
for copy in once the/second/time; do
  mkdir -p "$work/$copy"
  git -C "$root" archive HEAD | tar -x -C "$work/$copy"
  bash "$work/$copy/tests/wheels/build.sh" "$work/$copy.wheels" "$@"
done
for wheel in "$work"/once.wheels/*.whl; do
  cmp "$wheel" "$work/the/second/time.wheels/${wheel##*/}"
  echo "${wheel##*/}: the same bytes twice, SHA-256 $(sha256sum <"$wheel" | cut -d' ' -f1)"
done
