#!/usr/bin/env bash
# Reads the programs below files/ and scripts/ as their own checkers do: shellcheck, and Python's compiler.
set -u
cd "$(dirname "$0")/.." || exit 2
bad=0
if command -v shellcheck >/dev/null; then
  find files -name '*.sh' -print0 | xargs -0 shellcheck || bad=1
else
  echo 'shellcheck is not installed, so the shell programs below files/ were not checked (Debian: apt-get install shellcheck)' >&2
fi
if command -v python3 >/dev/null; then
  find files -name '*.py' -print0 | xargs -0 -r -n 1 python3 -c 'import ast, sys; ast.parse(open(sys.argv[1]).read(), sys.argv[1])' || bad=1
else
  echo 'python3 is not installed, so the Python programs below files/ were not checked' >&2
fi
exit "$bad"
