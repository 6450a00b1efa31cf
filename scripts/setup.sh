#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Install what is missing: QGIS and its companions from the system's packages, and the test and
# lint tools into .venv, which sees the system's packages. Run again, it does nothing.
set -euo pipefail
cd "$(dirname "$0")/.."

PYTHON=/usr/bin/python3
VENV=.venv
STAMP=$VENV/.ready
export DEBIAN_FRONTEND=noninteractive

wanted() {
    cat scripts/setup.sh scripts/debian-packages.txt requirements-*.txt | sha256sum
}

missing_packages() {
    local package
    while read -r package; do
        if ! dpkg-query --show --showformat '${db:Status-Status}' "$package" 2>/dev/null |
            grep -qx installed; then
            echo "$package"
        fi
    done <scripts/debian-packages.txt
}

as_root() {
    if [ "$EUID" -eq 0 ]; then
        "$@"
    elif command -v sudo >/dev/null; then
        sudo --preserve-env=DEBIAN_FRONTEND "$@"
    else
        echo "Please install these as root: $(missing_packages | tr '\n' ' ')" >&2
        exit 1
    fi
}

install_packages() {
    local missing
    missing=$(missing_packages)
    if [ -n "$missing" ]; then
        echo "Installing from the system's packages:" $missing
        as_root apt-get -qq update
        as_root apt-get -qq install --yes --no-install-recommends $missing >/dev/null
    fi
}

check_by_hand() {
    if ! QT_QPA_PLATFORM=offscreen "$PYTHON" -c \
        'import ensurepip, matplotlib, pandas, qgis.core, osgeo.gdal, scipy, shapely, venv' 2>/dev/null ||
        ! command -v Xvfb >/dev/null || ! command -v pdftotext >/dev/null; then
        echo "There is no apt here, so please install by hand, for $PYTHON:" \
            "QGIS 3.22 or newer with its Python bindings, pandas, scipy, shapely, matplotlib, venv," \
            "and beside it Xvfb and poppler-utils." >&2
        exit 1
    fi
}

if command -v apt-get >/dev/null && command -v dpkg-query >/dev/null; then
    install_packages
else
    check_by_hand
fi
if [ ! -x "$VENV/bin/python" ] || [ "$(cat "$STAMP" 2>/dev/null)" != "$(wanted)" ]; then
    echo "Installing the test and lint tools into $VENV."
    "$PYTHON" -m venv --system-site-packages "$VENV"
    "$VENV/bin/python" -m pip install --quiet --disable-pip-version-check \
        --requirement requirements-dev.txt
    wanted >"$STAMP"
fi
touch "$STAMP"
