#!/bin/sh
# Whether a resource is disabled (target-role Stopped). Argument: resource.
test "$(crm_resource --resource "$1" --meta --get-parameter target-role 2>/dev/null)" = Stopped
