#!/bin/sh
# Whether a move has left a constraint on a resource. Argument: resource.
cibadmin --query --scope constraints | grep 'id="cli-' | grep -q "rsc=\"$1\""
