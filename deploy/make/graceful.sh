#!/bin/sh
# Build the object that `make up` loads (graceful.c); print nothing and succeed also where it can not be built.
target=$1
source=deploy/make/graceful.c
[ "$target" -nt "$source" ] && exit 0
mkdir -p "$(dirname "$target")"
${CC:-cc} -shared -fPIC -O1 -o "$target.new" "$source" >/dev/null 2>&1 && mv "$target.new" "$target"
exit 0
