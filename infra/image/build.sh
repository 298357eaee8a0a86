#!/bin/sh
# Puts the program and its locked dependencies into $TARGET, which is then all that it needs beside
# Python. Containerfile runs this in its first stage, and a test in a fresh folder.
#   build.sh dependencies   what uv.lock says, and the extras named in $EXTRAS
#   build.sh program        the same, and the program itself as a wheel
set -eu
UV_VERSION=0.13.9
tools=${TARGET:?says where the program is put}.tools

if [ ! -x "$tools/bin/uv" ]; then
    python3 -m venv "$tools"
    "$tools/bin/pip" install --quiet --no-cache-dir "uv==$UV_VERSION"
fi

case ${1:-} in
    dependencies) set -- --no-install-project ;;
    program) set -- --no-editable ;;
    *) echo "Say what to build: dependencies or program." >&2; exit 2 ;;
esac
for extra in ${EXTRAS:-}; do
    set -- "$@" --extra "$extra"
done

# Compiled now: the file system that the program runs on is read-only.
UV_PROJECT_ENVIRONMENT=$TARGET exec "$tools/bin/uv" sync --quiet --locked --no-dev \
    --no-managed-python --python "$(command -v python3)" --link-mode copy --compile-bytecode "$@"
