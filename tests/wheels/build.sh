#!/usr/bin/env bash
# Builds the wheels that an index takes, one for each processor, in the same way: build.sh FOLDER [ARCH...], where ARCH is
# x86_64 or aarch64 (both, if none is named). It needs Debian's compilers, and fetches a C library to link against.
#
# What is built runs wherever glibc is 2.31 or newer: it is linked against the headers and the library of Debian 11, so
# that no later version of a symbol is taken. The same commit gives the same bytes, in every folder. rules.py looks at
# each wheel before it is put into FOLDER.
#
#   SYSROOTS  where the C libraries are kept between runs (a temporary folder)     PYTHON  an interpreter with pip (python3.11)
# Exit status 77 means that a tool is missing.
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
python=${PYTHON:-python3.11}
floor=2_31
[ $# -ge 1 ] || { sed -n '2,3p' "${BASH_SOURCE[0]}" >&2; exit 2; }
mkdir -p "$1"
out=$(cd "$1" && pwd)
shift
[ $# -gt 0 ] || set -- x86_64 aarch64
for arch; do
  for tool in "$arch-linux-gnu-gcc" cmake mmdebstrap readelf "$python"; do
    command -v "$tool" >/dev/null && continue
    echo "build.sh: $tool is missing; on Debian: apt-get install gcc gcc-aarch64-linux-gnu binutils cmake mmdebstrap" >&2
    exit 77
  done
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sysroots=${SYSROOTS:-$work}
isolation=
"$python" -c "import scikit_build_core" 2>/dev/null && isolation=--no-build-isolation

# sysroot ARCH: the folder of Debian 11's C library, fetched if it is not there.
sysroot() {
  local folder=$sysroots/bullseye-$1 debian=amd64
  [ "$1" = x86_64 ] || debian=arm64
  if [ ! -d "$folder" ]; then
    mmdebstrap --quiet --variant=extract --arch="$debian" --include=libc6-dev bullseye "$folder.part" \
      http://deb.debian.org/debian >"$work/mmdebstrap.log" 2>&1 || { cat "$work/mmdebstrap.log" >&2; return 1; }
    # Debian links its libraries by whole paths, which would lead to those of this machine.
    find "$folder.part" -type l -lname '/*' -printf '%P\t%l\n' | while IFS=$'\t' read -r link target; do
      ln -sfnr "$folder.part$target" "$folder.part/$link"
    done
    mv "$folder.part" "$folder"
  fi
  echo "$folder"
}

# Debian's Python has the same headers for every processor but one, which it looks for in a folder of the processor's
# name; what that one says of x86-64 is true of aarch64.
include=$("$python" -c 'import sysconfig; print(sysconfig.get_path("include"))')
own=/usr/include/$(uname -m)-linux-gnu/${include##*/}
for arch; do
  [ -f "$own/pyconfig.h" ] || break
  mkdir -p "$work/include/$arch-linux-gnu" && ln -sfn "$own" "$work/include/$arch-linux-gnu/${include##*/}"
done

# against FOLDER ARCH: flags that take headers and libraries from there. A cross compiler looks among its own first, sysroot
# or not, so each is named.
against() {
  local include=$1/usr/include lib=$1/usr/lib/$2-linux-gnu
  echo "--sysroot=$1 -nostdinc -isystem $("$2-linux-gnu-gcc" -print-file-name=include) -isystem $include/$2-linux-gnu" \
    "-isystem $include -isystem $work/include -B$lib/ -L$lib -L$1/lib/$2-linux-gnu"
}

# One time for all files of the wheel: the commit's, or where there is no repository, the first that a zip can say.
export SOURCE_DATE_EPOCH
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct 2>/dev/null || echo 315532800)}
for arch; do
  # No path of this machine is in the wheel: an assertion says its file from kernels/ on.
  libc=$(sysroot "$arch")
  export CFLAGS="$(against "$libc" "$arch") -ffile-prefix-map=$root/=" _PYTHON_HOST_PLATFORM=manylinux_$floor-$arch
  export CMAKE_ARGS="-DCMAKE_C_COMPILER=$arch-linux-gnu-gcc -DCMAKE_SYSTEM_NAME=Linux -DCMAKE_SYSTEM_PROCESSOR=$arch"
  "$python" -m pip wheel --quiet --no-deps ${isolation:+"$isolation"} --wheel-dir "$work/$arch" --config-settings "build-dir=$work/build-$arch" "$root"
  "$python" "$here/rules.py" "$work/$arch"/edgewise-*.whl
  mv "$work/$arch"/edgewise-*.whl "$out"
done
