#!/usr/bin/env bash
# The browser that the tests of pages drive: Debian's or Ubuntu's Chromium.
#
#   set_up_browser.sh --install   install it where it is missing (apt-get, as root or with sudo)
#   set_up_browser.sh find        print its path
#
# What is missing is said on stderr, in one line, with exit code 3.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/apt.sh"

find_browser() {
  command -v chromium || command -v chromium-browser || command -v google-chrome
}

install() {
  find_browser >/dev/null && return 0
  update_packages "Chromium"
  install_packages chromium
}

case "${1:-}" in
  --install) install ;;
  find) find_browser || missing "no Chromium is installed" ;;
  *) sed -n '2,7p' "$0" >&2; exit 2 ;;
esac
