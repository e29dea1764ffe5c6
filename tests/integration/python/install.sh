#!/usr/bin/env bash
# Makes .lab/python, a virtual environment in which the end-to-end tests run the
# example deploy/examples/python and schemathesis. Running it again takes no time.
set -euo pipefail
exec </dev/null

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
root=$(cd "$here/../../.." && pwd)
environment=$root/.lab/python
wanted=("$root/deploy/examples/python/requirements.txt" "$here/requirements.txt")

cat "${wanted[@]}" | cmp --silent - "$environment/installed.txt" && exit 0

fail() {
    printf 'install: %s\n' "$*" >&2
    exit 1
}

if ! python3 -c 'import ensurepip' 2>/dev/null; then
    [ "$(id -u)" = 0 ] || fail "python3-venv must be installed, which needs root."
    export DEBIAN_FRONTEND=noninteractive
    { apt-get update && apt-get install -y --no-install-recommends python3 python3-venv; } >/dev/null ||
        fail "apt could not install python3-venv: install Python 3 with its venv module yourself."
fi

printf '  making a Python environment for the subscriber in another language and for schemathesis ... '
from=$EPOCHREALTIME
rm -rf "$environment"
python3 -m venv "$environment" || fail "python3 could not make a virtual environment."
"$environment/bin/pip" install --quiet --disable-pip-version-check "${wanted[@]/#/--requirement=}" ||
    fail "pip could not install the packages of ${wanted[*]}."
cat "${wanted[@]}" >"$environment/installed.txt"
awk -v a="$from" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f s\n", b - a }'
