# Debian packages for scripts/demo and scripts/test; sourced, not run.
# Installs only what is missing, so a second run needs neither the network nor root.

# What libstria and the command are built from.
build_packages=(gcc libc6-dev cmake ninja-build pkg-config libpng-dev libjpeg62-turbo-dev
    libwebp-dev zlib1g-dev libzip-dev libjansson-dev)

# install_packages NAME...: installs those that are not there yet.
install_packages()
{
    local name missing=() run=()
    if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
        echo "not a Debian system: the equivalents of these packages must be there already: $*" >&2
        return 0
    fi
    for name in "$@"; do
        if [[ $(dpkg-query --show --showformat='${db:Status-Status}' "$name" 2>/dev/null) != installed ]]; then
            missing+=("$name")
        fi
    done
    if ((${#missing[@]} == 0)); then
        return 0
    fi
    if ((EUID != 0)); then
        if ! command -v sudo >/dev/null; then
            echo "packages are missing and neither root nor sudo is here: apt-get install ${missing[*]}" >&2
            return 1
        fi
        run=(sudo)
    fi
    run+=(env DEBIAN_FRONTEND=noninteractive apt-get -q -y)
    echo "installing ${missing[*]}"
    local log
    log=$(mktemp)
    if ! { "${run[@]}" update && "${run[@]}" install --no-install-recommends "${missing[@]}"; } \
        >"$log" 2>&1 </dev/null; then
        cat "$log" >&2
        rm -f "$log"
        return 1
    fi
    rm -f "$log"
}
