#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Run the tests on every supported QGIS and say in one line each what came of it.
# ONLY="3.40 3.44" runs these alone; in_debian.sh says where the others live.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

LOGS=build/matrix
SUMMARY=()
RED=0

on_this_machine() {
    QT_QPA_PLATFORM=offscreen .venv/bin/python scripts/versions.py &&
        make --no-print-directory test
}

# The last line in which pytest counts: "3 failed, 120 passed in 45.67s (0:00:45)".
counts() {
    grep -aE '(passed|failed|errors?|skipped|no tests ran)\b.* in [0-9.]+s' "$1" | tail -n 1 |
        sed -E 's/^=+ //; s/ =+$//'
}

run() {
    local version=$1 log=$LOGS/$1.log verdict=green what
    shift
    echo "QGIS $version: $* > $log"
    "$@" >"$log" 2>&1 </dev/null || { verdict="RED, see $log"; RED=1; }
    what=$(grep -aE -m 1 '^QGIS [0-9]' "$log" || echo "QGIS $version")
    SUMMARY+=("$what: $(counts "$log") – $verdict")
}

mkdir -p "$LOGS"
for version in ${ONLY:-3.22 3.40 3.44}; do
    case $version in
        3.22) run "$version" on_this_machine ;;
        3.40) run "$version" scripts/in_debian.sh trixie ;;
        3.44) run "$version" scripts/in_debian.sh forky ;;
        *)
            echo "There is no QGIS $version here; choose among 3.22, 3.40 and 3.44." >&2
            exit 2
            ;;
    esac
done
printf '%s\n' "${SUMMARY[@]}"
exit "$RED"
