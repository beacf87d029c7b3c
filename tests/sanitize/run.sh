#!/usr/bin/env bash
# Builds the Python extension under sanitizers and runs it in a stock CPython: bash tests/sanitize/run.sh [OPTIONS]
#
#   --short            about a minute for each sanitizer; otherwise ten minutes for each program
#   --only address     or `threads`: one sanitizer alone
#   --seed N           of the misuse and the fuzzing; otherwise another one each time
#
# Under ASan and UBSan: misuse.py, random misuse of every type and function, and transcribe.py, real transcriptions.
# Under TSan: transcribe.py with many threads on one model and its pool, and misuse.py with threads that share everything.
#
#   BUILD_DIR  where to build (build/sanitize in the current folder)      CC  compiler (gcc)
#   PYTHON     an interpreter that has edgewise's dependencies (python)
set -euo pipefail

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../.." && pwd)
build=${BUILD_DIR:-build/sanitize}
python=$(command -v "${PYTHON:-python}")
compiler=${CC:-gcc}
seconds=600
seed=$RANDOM
only="address threads"
while [ $# -gt 0 ]; do
  case $1 in
  --short) seconds=20 ;;
  --only) only=$2 && shift ;;
  --seed) seed=$2 && shift ;;
  *) sed -n '2,12s/^# \{0,1\}//p' "${BASH_SOURCE[0]}" && exit 2 ;;
  esac
  shift
done

# The sanitizers' runtimes come first in a process that was not built with them. What is CPython's stays out of it:
# leaks are not looked for, since an interpreter that ends keeps what it has; no other suppression is needed. Small
# objects come from malloc, so that a step past one is seen.
export ASAN_OPTIONS=detect_leaks=0:allocator_may_return_null=1:max_allocation_size_mb=4096:abort_on_error=1
export UBSAN_OPTIONS=print_stacktrace=1
export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1
export PYTHONMALLOC=malloc OPENBLAS_NUM_THREADS=1

# prepare SANITIZER OPTION: builds the extension and lays out a package around it.
prepare() {
  local folder=$build/$1
  mkdir -p "$folder"
  cmake -S "$root/kernels" -B "$folder/build" "-D$2=ON" -DCMAKE_C_COMPILER="$compiler" -DPython_EXECUTABLE="$python" \
    >"$folder/build.log" && cmake --build "$folder/build" --parallel 2 >>"$folder/build.log" ||
    { cat "$folder/build.log"; exit 1; }
  rm -rf "$folder/tree"
  mkdir "$folder/tree"
  cp -r "$root/edge" "$root/export" "$folder/tree"
  rm -f "$folder/tree/edge"/_kernels*.so
  cp "$folder/build/_kernels.abi3.so" "$folder/tree/edge"
}

# watched SANITIZER LIBRARY ARGUMENTS...: Python on that package, without the site's own (-S), which would put an installed
# edgewise before it.
packages=$("$python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
watched() {
  local tree=$build/$1/tree runtime
  runtime=$("$compiler" -print-file-name="$2.so")
  # C++ behind it: a runtime that finds none when it starts cannot pass on what onnxruntime throws.
  runtime+=" $("$compiler" -print-file-name=libstdc++.so.6)"
  shift 2
  LD_PRELOAD="$runtime" PYTHONPATH=$tree:$packages "${alike[@]}" "$python" -S "$@"
}

# TSan of older compilers wants addresses that are not shuffled much; where that may not be asked for, it is tried so.
alike=()
if command -v setarch >/dev/null && setarch -R true 2>/dev/null; then alike=(setarch -R); fi

is_watched="import edge._kernels as k, sys; sys.exit('tree' not in k.__file__)"
overrun="import ctypes; ctypes.memmove(ctypes.create_string_buffer(8), bytes(4096), 4096)"
for sanitizer in $only; do
  echo "== $sanitizer (seed $seed)"
  case $sanitizer in
  address)
    prepare address EDGE_SANITIZE
    watched address libasan -P -c "$is_watched"
    if watched address libasan -P -c "$overrun" >/dev/null 2>&1; then echo "the sanitizer is not awake"; exit 1; fi
    watched address libasan "$here/misuse.py" "$seconds" --seed "$seed"
    watched address libasan "$here/transcribe.py" "$seconds"
    watched address libasan "$root/tests/fuzz/fuzz_open_model.py" --kind language --runs $((seconds * 20)) \
      --seed "$seed" --unlimited
    ;;
  threads)
    prepare threads EDGE_SANITIZE_THREADS
    watched threads libtsan -P -c "$is_watched"
    watched threads libtsan "$here/transcribe.py" "$seconds" --threads 6
    watched threads libtsan "$here/misuse.py" "$seconds" --seed "$seed" --threads 4
    ;;
  esac
done
