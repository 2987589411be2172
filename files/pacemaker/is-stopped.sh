#!/bin/sh
# Whether a resource is disabled and runs nowhere. Argument: resource.
test "$(crm_resource --resource "$1" --meta --get-parameter target-role 2>/dev/null)" = Stopped || exit 1
! crm_resource --resource "$1" --locate 2>/dev/null | grep -q ' is running on'
