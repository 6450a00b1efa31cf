#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Run the tests in a Debian root of another suite:  scripts/in_debian.sh SUITE [pytest arguments]
#
# The root is made by debootstrap once and kept outside the checkout; what is tested is a copy of the
# checkout as it stands. The root gets the mirror, the proxies, the certificates and the folders of
# packages that apt and pip are set up with on this machine.
#
#   MATRIX_ROOTS=DIR   where the roots are kept (default: below the user's cache folder)
#   MIRROR=URL         Debian's archive, where apt here is not set up with one
set -euo pipefail
cd "$(dirname "$0")/.."

SUITE=$1
shift
CHECKOUT=$PWD
ROOTS=${MATRIX_ROOTS:-${XDG_CACHE_HOME:-$HOME/.cache}/streetsafe-matrix}
ROOT=$ROOTS/$SUITE
DATA=${STREETSAFE_DATA:-$CHECKOUT/../shared/data}
KEYRING=/usr/share/keyrings/debian-archive-keyring.gpg
CARRIED='^(PIP_[A-Z_]+|SSL_CERT_(FILE|DIR)|(REQUESTS|CURL)_CA_BUNDLE|(https?|no)_proxy|(HTTPS?|NO)_PROXY|CI)='

if [ "$EUID" -ne 0 ]; then
    exec sudo --preserve-env env MATRIX_ROOTS="$ROOTS" "$0" "$SUITE" "$@"
fi
# Mounts are made in a namespace of our own: however this script ends, they are gone with it.
if [ -z "${IN_OWN_NAMESPACE:-}" ]; then
    IN_OWN_NAMESPACE=1 exec unshare --mount --propagation private "$0" "$SUITE" "$@"
fi

# Testing's archive is often older than its own "valid until".
APT_OPTIONS=()
DEBOOTSTRAP_SCRIPT=$SUITE
if [ "$SUITE" = forky ]; then
    APT_OPTIONS=(-o Acquire::Check-Valid-Until=false -o Acquire::Check-Date=false)
    DEBOOTSTRAP_SCRIPT=sid
fi

known_mirror() {
    apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(REPO_URI)' 'Created-By: Packages' |
        sed -n '/^Debian|Debian|/{s///p;q}'
}

mirror() {
    local found=${MIRROR:-$(known_mirror)}
    if [ -z "$found" ]; then
        apt-get -qq update >&2
        found=$(known_mirror)
    fi
    if [ -z "$found" ]; then
        echo "apt is set up with no Debian archive here; name one with MIRROR=." >&2
        exit 1
    fi
    echo "$found"
}

make_root() {
    if [ -e "$ROOT" ]; then return; fi
    if ! command -v debootstrap >/dev/null || [ ! -e "$KEYRING" ]; then
        apt-get -qq update
        apt-get -qq install --yes debootstrap debian-archive-keyring >/dev/null
    fi
    echo "Making the root $ROOT, which takes some minutes."
    rm -rf --one-file-system "$ROOT.partial"
    debootstrap --variant=minbase --keyring="$KEYRING" --include=ca-certificates \
        "$SUITE" "$ROOT.partial" "$(mirror)" "/usr/share/debootstrap/scripts/$DEBOOTSTRAP_SCRIPT"
    mv "$ROOT.partial" "$ROOT"
}

carry() {
    if [ -f "$1" ]; then
        install -D --mode=644 "$1" "$ROOT$1"
    fi
}

carry_settings() {
    local file
    cp --dereference /etc/resolv.conf "$ROOT/etc/resolv.conf"
    apt-config dump Acquire | grep -E '^Acquire::(https?|Check|Retries)[^ ]* ".+";$' \
        >"$ROOT/etc/apt/apt.conf.d/90machine" || true
    for file in /etc/pip.conf /etc/xdg/pip/* /etc/ssl/certs/ca-certificates.crt; do
        carry "$file"
    done
    while IFS='=' read -r _ file; do
        carry "$file"
    done < <(env | grep -E "$CARRIED")
}

# The folders of packages on this machine that pip is told to look in.
pip_folders() {
    .venv/bin/python -m pip config list | grep -oE "/[^/ '\"\\]+(/[^ '\"\\]+)+" | while read -r folder; do
        if [ -d "$folder" ]; then echo "$folder"; fi
    done | sed -E 's#^(/[^/]+/[^/]+)/.*#\1#' | sort --unique
}

mount_into_root() {
    local folder
    mount -t proc proc "$ROOT/proc"
    mount --rbind /dev "$ROOT/dev"
    mount -t tmpfs tmpfs "$ROOT/tmp"
    mkdir --mode=700 "$ROOT/tmp/runtime"
    for folder in $(pip_folders); do
        mkdir -p "$ROOT$folder"
        mount --bind --read-only "$folder" "$ROOT$folder"
    done
    if [ -d "$DATA" ]; then
        mkdir -p "$ROOT/srv/data"
        mount --bind --read-only "$DATA" "$ROOT/srv/data"
    fi
}

enter() {
    local carried=()
    mapfile -t carried < <(env | grep -E "$CARRIED")
    env --ignore-environment "${carried[@]}" HOME=/var/lib/streetsafe PATH=/usr/sbin:/usr/bin:/sbin:/bin \
        LANG=C.UTF-8 DEBIAN_FRONTEND=noninteractive QT_QPA_PLATFORM=offscreen \
        XDG_RUNTIME_DIR=/tmp/runtime PYTHONDONTWRITEBYTECODE=1 STREETSAFE_DATA=/srv/data \
        chroot "$ROOT" "$@"
}

# Run the command after the first two arguments unless it was last done for the same file.
once_for() {
    local stamp=$ROOT/var/cache/streetsafe/$1 wanted
    wanted=$(sha256sum <"$2")
    shift 2
    if [ "$(cat "$stamp" 2>/dev/null)" != "$wanted" ]; then
        "$@"
        mkdir -p "$(dirname "$stamp")"
        echo "$wanted" >"$stamp"
    fi
}

install_packages() {
    enter apt-get "${APT_OPTIONS[@]}" -qq update
    enter apt-get "${APT_OPTIONS[@]}" -qq install --yes --no-install-recommends \
        make $(cat scripts/debian-packages.txt)
    enter apt-get clean
}

install_test_tools() {
    enter /usr/bin/python3 -m venv --clear --system-site-packages /opt/venv
    cp requirements-test.txt "$ROOT/tmp/"
    enter /opt/venv/bin/python -m pip install --quiet -r /tmp/requirements-test.txt
}

copy_checkout() {
    mkdir "$ROOT/tmp/streetsafe"
    git -c safe.directory="$CHECKOUT" ls-files --cached --others --exclude-standard -z |
        while IFS= read -r -d '' file; do
            if [ -e "$file" ]; then printf '%s\0' "$file"; fi
        done |
        tar --create --null --files-from=- |
        tar --extract --no-same-owner --directory="$ROOT/tmp/streetsafe"
}

mkdir -p "$ROOTS"
exec 9>"$ROOT.lock"
flock 9
make_root
carry_settings
mount_into_root
once_for packages scripts/debian-packages.txt install_packages
once_for test-tools requirements-test.txt install_test_tools
flock --unlock 9
copy_checkout
enter sh -c 'cd /tmp/streetsafe && /opt/venv/bin/python scripts/versions.py &&
    exec /opt/venv/bin/python -m pytest -p no:cacheprovider \
        --numprocesses auto --dist loadfile "$@"' sh "$@"
