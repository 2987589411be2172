#!/bin/sh
# Whether the cluster knows a synchronous standby and has nothing left to do. Argument: resource of PostgreSQL.
crm_mon --output-as=xml | grep -q "name=\"$1-status\" value=\"HS:sync\"" && crm_resource --wait --timeout=20
