#!/usr/bin/env bash
# The databases that the tests need: PostgreSQL and a Java for Spark.
#
#   set_up_engines.sh --install   install what is missing (Debian and Ubuntu, as root or with sudo)
#   set_up_engines.sh start       start a private PostgreSQL; prints its folder and its URL
#   set_up_engines.sh stop DIR    stop it and remove its folder
#   set_up_engines.sh java        print the home of a Java that Spark can use
#
# What is missing is said on stderr, in one line, with exit code 3.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/apt.sh"

binaries() {
  local initdb
  initdb=$(ls -d /usr/lib/postgresql/*/bin/initdb 2>/dev/null | sort -V | tail -n 1) || true
  [[ -n "$initdb" ]] || initdb=$(command -v initdb) || return 1
  dirname "$(readlink -f "$initdb")"
}

# PostgreSQL refuses to run as root.
as_owner() {
  if [[ $(id -u) -eq 0 ]]; then
    runuser -u postgres -- "$@"
  else
    "$@"
  fi
}

java_home() {
  local home version
  for home in "${JAVA_HOME:-}" "${JAVA_HOME_17_X64:-}" \
    "$(dirname "$(dirname "$(readlink -f "$(command -v java)" 2>/dev/null)")" 2>/dev/null)" \
    /usr/lib/jvm/*17* /usr/lib/jvm/*21*; do
    [[ -n "$home" && -x "$home/bin/java" ]] || continue
    version=$("$home/bin/java" -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -n 1)
    if [[ "$version" == 17 || "$version" == 21 ]]; then
      echo "$home"
      return
    fi
  done
  return 1
}

install() {
  local wanted=() java
  binaries >/dev/null || wanted+=(postgresql)
  java_home >/dev/null || wanted+=(java)
  [[ ${#wanted[@]} -gt 0 ]] || return 0
  update_packages "${wanted[*]} (Java 17)"
  for java in openjdk-17-jre-headless openjdk-21-jre-headless; do
    apt-cache show "$java" >/dev/null 2>&1 && break
  done
  install_packages "${wanted[@]/#java/$java}"
}

start() {
  local bin folder
  bin=$(binaries) || missing "PostgreSQL is not installed (initdb not found)"
  if [[ $(id -u) -eq 0 ]] && ! id postgres >/dev/null 2>&1; then
    missing "PostgreSQL does not run as root, and there is no user postgres"
  fi
  folder=$(mktemp -d "${TMPDIR:-/tmp}/calibrate-postgres-XXXXXX")
  [[ $(id -u) -ne 0 ]] || chown postgres "$folder"
  # A language's order of texts, where the version has it, and another zone than UTC: what the
  # answers must not depend on.
  local plain=(-D "$folder/data" -U calibrate -A trust -E UTF8 --locale=C --no-sync)
  local icu=("${plain[@]}" --locale-provider=icu --icu-locale=en-US)
  (
    cd "$folder"
    as_owner "$bin/initdb" "${icu[@]}" >"$folder/initdb.log" 2>&1 ||
      { rm -rf "$folder/data"; as_owner "$bin/initdb" "${plain[@]}" >"$folder/initdb.log" 2>&1; } ||
      { tail -n 3 "$folder/initdb.log" >&2; exit 1; }
    as_owner "$bin/pg_ctl" -D "$folder/data" -w -l "$folder/server.log" start >/dev/null -o "-k '$folder' \
      -c listen_addresses='' -c fsync=off -c full_page_writes=off -c synchronous_commit=off \
      -c autovacuum=off -c max_connections=20 -c timezone=America/New_York" </dev/null
  )
  echo "$folder"
  echo "postgresql://calibrate@/postgres?host=$folder"
}

stop() {
  local bin
  bin=$(binaries)
  (cd / && as_owner "$bin/pg_ctl" -D "$1/data" -m immediate stop >/dev/null 2>&1) || true
  rm -rf "$1"
}

case "${1:-}" in
  --install) install ;;
  start) start ;;
  stop) stop "$2" ;;
  java) java_home || missing "no Java 17 or 21 is installed" ;;
  *) sed -n '2,9p' "$0" >&2; exit 2 ;;
esac
