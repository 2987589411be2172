#!/bin/sh
# Ends a run with a reason. Arguments: lines that say why.
printf '%s\n' "$@" >&2
exit 1
