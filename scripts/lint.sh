#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every check of the source that needs no QGIS. All of them run, so that one report shows everything.
set -uo pipefail
cd "$(dirname "$0")/.." || exit

BIN=.venv/bin
PYTHON_CODE=(streetsafe_plugin scripts tests)
FAILED=()

check() {
    echo "+ $*"
    "$@" || FAILED+=("$1")
}

secrets_in_what_is_shipped() {
    find streetsafe_plugin resources LICENSE -type f -not -path '*/__pycache__/*' -print0 |
        xargs -0 "$BIN/detect-secrets-hook"
}

check "$BIN/ruff" check "${PYTHON_CODE[@]}"
check "$BIN/ruff" format --check "${PYTHON_CODE[@]}"
check "$BIN/flake8" streetsafe_plugin scripts
check "$BIN/lint-imports" --no-cache
check "$BIN/bandit" --quiet --recursive streetsafe_plugin
check secrets_in_what_is_shipped

if [ "${#FAILED[@]}" -gt 0 ]; then
    echo "Not clean: ${FAILED[*]}" >&2
    exit 1
fi
