#!/bin/sh
# Write the locks: pins and hashes for every platform, and no address of any registry.
set -e
write() {
    out=$1
    shift
    .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --upgrade \
        --no-emit-index-url --no-header --no-annotate --output-file "$out" "$@"
}
write requirements-tools.lock deploy/make/tools.in
write requirements-node.lock deploy/make/node.in
write requirements-dev.lock --extra dev --extra peers pyproject.toml
write requirements.lock --constraint requirements-dev.lock pyproject.toml
