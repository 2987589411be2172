# Shared by demo.sh and test.sh: brings a fresh Debian 12 machine with Node.js to a built hactl.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf '\n== %s\n' "$*"; }

need_root() {
  [ "$(id -u)" = 0 ] && return
  echo "The lab makes containers and networks: run this as root, e.g. sudo -E $*" >&2
  exit 1
}

need_node() {
  command -v node >/dev/null || { echo "Node.js 20.19 or newer is needed." >&2; exit 1; }
  node -e 'const [a, b] = process.versions.node.split(".").map(Number); process.exit(a > 20 || (a === 20 && b >= 19) ? 0 : 1)' ||
    { echo "Node.js 20.19 or newer is needed; this is $(node --version)." >&2; exit 1; }
}

# npm packages, when the lock file is newer than what is installed.
install_npm() {
  [ node_modules/.package-lock.json -nt package-lock.json ] && return
  say "npm packages"
  npm ci --no-audit --no-fund --ignore-scripts --loglevel=error
}

build() {
  say "build"
  npm run --silent build
}

# Debian packages, only those that are missing.
install_debian() {
  local missing=()
  for package in "$@"; do
    dpkg-query -W -f '${db:Status-Abbrev}' "$package" 2>/dev/null | grep -q '^ii' || missing+=("$package")
  done
  [ ${#missing[@]} = 0 ] && return
  say "Debian packages: ${missing[*]}"
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}
