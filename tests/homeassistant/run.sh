#!/usr/bin/env bash
# Home Assistant's own Wyoming integration against `edgewise serve` and `edgewise assist satellite`: it has to hear with
# the one, and to lead the other through a command.
#
#   bash tests/homeassistant/run.sh FOLDER
#
# FOLDER keeps Home Assistant (a few hundred MB, minutes to install the first time). Needs Python 3.13 (PYTHON names it),
# edgewise[assist,serve] in the environment, what `edgewise transcribe --demo` fetches, ffmpeg, eSpeak NG and PulseAudio.
# No part of CI, for its size.
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=${1:?expected a folder that keeps Home Assistant}
python=${PYTHON:-python3.13}

if [ ! -x "$folder/bin/pytest" ]; then
  "$python" -m venv "$folder"
  "$folder/bin/pip" install -q homeassistant==2025.4.4 pytest-homeassistant-custom-component==0.13.236 \
    pymicro-vad==1.0.1 pyspeex-noise==1.0.2 mutagen==1.47.0 ha-ffmpeg==3.2.2 wyoming
fi

log=$(mktemp)
edgewise serve wyoming --wyoming-port 0 2>"$log" &
server=$!
trap 'kill $server; rm -f "$log"' EXIT
for _ in $(seq 600); do
  grep -q ready "$log" && break
  kill -0 $server || { cat "$log"; exit 1; }
  sleep 0.1
done
EDGEWISE_WYOMING=$(sed -n 's|.*tcp://||p' "$log") EDGEWISE_CLIP=$(edgewise models where jfk) \
  "$folder/bin/python" -m pytest -q -c /dev/null -p no:cacheprovider --asyncio-mode=auto --rootdir "$folder" \
  tests/homeassistant/hears.py
EDGEWISE_WYOMING=$(sed -n 's|.*tcp://||p' "$log") python -m tests.homeassistant.satellite "$folder/bin/python"
