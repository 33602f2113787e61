#!/bin/bash
# Starts Postgres, and makes its data folder at the first start. Reads POSTGRES_USER, POSTGRES_PASSWORD, POSTGRES_DB (each also as _FILE),
# POSTGRES_INITDB_ARGS, POSTGRES_HOST_AUTH_METHOD and PGDATA, and runs *.sh and *.sql of /docker-entrypoint-initdb.d, as the official image does.
set -Eeuo pipefail

from_file() {
  local variable=$1 file="${1}_FILE"
  if [ -n "${!file:-}" ]; then
    if [ -n "${!variable:-}" ]; then echo "error: both $variable and $file are set" >&2; exit 1; fi
    export "$variable"="$(<"${!file}")"
    unset "$file"
  fi
}

initialise() {
  if [ -z "${POSTGRES_PASSWORD:-}" ] && [ "${POSTGRES_HOST_AUTH_METHOD:-}" != trust ]; then
    echo "error: set POSTGRES_PASSWORD to a password for the superuser" >&2
    exit 1
  fi
  # Made beside its place; PG_VERSION comes last, so that an interrupted first start begins anew and nothing else is ever thrown away.
  local new="$PGDATA/.new" script
  if [ -e "$new" ]; then find "$PGDATA" -mindepth 1 -delete; fi
  # shellcheck disable=SC2086
  initdb --pgdata="$new" --username="$POSTGRES_USER" --pwfile=<(printf '%s\n' "${POSTGRES_PASSWORD:-}") --encoding=UTF8 --locale=C.UTF-8 \
    --auth-local=trust --auth-host=scram-sha-256 ${POSTGRES_INITDB_ARGS:-}
  printf '\nhost all all all %s\n' "${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}" >>"$new/pg_hba.conf"

  # Only by its socket until the database is there: who reaches the port finds it ready.
  pg_ctl --pgdata="$new" --options="-c listen_addresses='' -p 5432 -k $new" --wait start
  local psql=(psql --no-psqlrc --set ON_ERROR_STOP=1 --host "$new" --username "$POSTGRES_USER")
  if [ "$POSTGRES_DB" != postgres ]; then
    "${psql[@]}" --dbname postgres --set db="$POSTGRES_DB" <<<'CREATE DATABASE :"db";'
  fi
  for script in /docker-entrypoint-initdb.d/*; do
    case $script in
      *.sh) bash "$script" ;;
      *.sql) "${psql[@]}" --dbname "$POSTGRES_DB" --file "$script" ;;
    esac
  done
  pg_ctl --pgdata="$new" --mode=fast --wait stop
  find "$new" -mindepth 1 -maxdepth 1 ! -name PG_VERSION -exec mv --target-directory="$PGDATA" '{}' +
  mv "$new/PG_VERSION" "$PGDATA/"
  rmdir "$new"
}

if [ "${1:-}" = "" ] || [ "${1:0:1}" = - ]; then set -- postgres "$@"; fi
if [ "$1" = postgres ]; then
  mkdir -p "$PGDATA"
  if [ "$(id -u)" = 0 ]; then
    chown --recursive postgres:postgres "$PGDATA"
    exec setpriv --reuid=postgres --regid=postgres --clear-groups -- "$0" "$@"
  fi
  for variable in POSTGRES_USER POSTGRES_PASSWORD POSTGRES_DB POSTGRES_INITDB_ARGS; do from_file "$variable"; done
  export POSTGRES_USER="${POSTGRES_USER:-postgres}"
  export POSTGRES_DB="${POSTGRES_DB:-$POSTGRES_USER}"
  # Postgres refuses a folder that others may read; of a volume that belongs to somebody else the mode cannot be changed, and Postgres says so.
  chmod 700 "$PGDATA" 2>/dev/null || true
  if [ ! -s "$PGDATA/PG_VERSION" ]; then initialise; fi
  shift
  exec postgres -c listen_addresses='*' -c unix_socket_directories=/var/run/postgresql "$@"
fi
exec "$@"
