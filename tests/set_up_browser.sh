#!/usr/bin/env bash
# The browser that the tests of pages drive: Debian's or Ubuntu's Chromium.
#
#   set_up_browser.sh --install   install it where it is missing (apt-get, as root or with sudo)
#   set_up_browser.sh find        print its path
#
# What is missing is said on stderr, in one line, with exit code 3.
set -euo pipefail

missing() {
  echo "$1" >&2
  exit 3
}

find_browser() {
  command -v chromium || command -v chromium-browser || command -v google-chrome
}

install() {
  local sudo=()
  find_browser >/dev/null && return 0
  command -v apt-get >/dev/null || missing "install Chromium: there is no apt-get here"
  [[ $(id -u) -eq 0 ]] || sudo=(sudo -n)
  "${sudo[@]}" apt-get update -qq
  "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive \
    apt-get install -qq -y --no-install-recommends chromium
}

case "${1:-}" in
  --install) install ;;
  find) find_browser || missing "no Chromium is installed" ;;
  *) sed -n '2,8p' "$0" >&2; exit 2 ;;
esac
