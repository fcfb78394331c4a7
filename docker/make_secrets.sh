#!/bin/sh
# Makes docker/secrets/database_password, once, so that the image's user (10001) can read it and others cannot.
# As root; in rootless set-ups run it by way of `podman unshare`.
set -eu
folder=$(dirname "$0")/secrets
mkdir -p -m 0711 "$folder"
file=$folder/database_password
[ -e "$file" ] && exit 0
umask 077
od -An -N24 -tx1 /dev/urandom | tr -d ' \n' >"$file"
chown 10001:10001 "$file"
chmod 0400 "$file"
echo "Made $file"
