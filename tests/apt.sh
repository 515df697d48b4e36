# Sourced by the scripts that set up what tests need: how packages of Debian and Ubuntu are
# installed (as root or with sudo), and how it is said that something is missing.

missing() {
  echo "$1" >&2
  exit 3
}

as_root() {
  if [[ $(id -u) -eq 0 ]]; then
    "$@"
  else
    sudo -n "$@"
  fi
}

# update_packages WHAT: WHAT is to be installed by hand where there is no apt-get.
update_packages() {
  command -v apt-get >/dev/null || missing "install $1: there is no apt-get here"
  as_root apt-get update -qq
}

install_packages() {
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends "$@"
}
