#!/usr/bin/env bash
# Run once, as root, when Gradescope builds the image: Python, CPU torch, and nothing more.
set -euo pipefail
export DEBIAN_FRONTEND=noninteractive
ROOT="${AUTOGRADER_ROOT:-/autograder}"
VENV=/opt/autograder
# The wheels of torch without CUDA; the ordinary index serves builds ten times as large.
TORCH_INDEX="${TORCH_INDEX:-https://download.pytorch.org/whl/cpu}"

apt-get update
for version in 3.13 3.12 3.11; do
  if apt-get install -y --no-install-recommends "python$version" "python$version-venv"; then
    PYTHON="python$version"
    break
  fi
done
apt-get install -y --no-install-recommends libseccomp2
rm -rf /var/lib/apt/lists/*

"${PYTHON:?no Python 3.11 or newer can be installed on this image}" -m venv "$VENV"
# The torch that the graders were proved with; only the CPU index, or a CUDA build may come instead.
"$VENV/bin/pip" install --no-cache-dir --quiet --index-url "$TORCH_INDEX" \
  --requirement "$ROOT/source/torch.txt"
"$VENV/bin/pip" install --no-cache-dir --quiet --requirement "$ROOT/source/requirements.txt"

# Only root may read tests and references; submissions run as other users.
chmod -R go-rwx "$ROOT/source"
"$VENV/bin/python" -m compileall -q "$ROOT/source" "$VENV/lib" >/dev/null || true
