#!/bin/sh
# Starts Redis as its own user; options and a configuration file may stand in place of the command, as with the official image.
set -e
if [ "${1#-}" != "$1" ] || [ "${1%.conf}" != "$1" ]; then set -- redis-server "$@"; fi
if [ "$1" = redis-server ]; then
  if [ "$(id -u)" = 0 ]; then
    find . ! -user redis -exec chown redis '{}' +
    exec setpriv --reuid=redis --regid=redis --clear-groups -- "$0" "$@"
  fi
  # In a container the port is published on purpose; who wants a password sets one.
  [ "$#" -gt 1 ] || set -- "$@" --protected-mode no
fi
exec "$@"
