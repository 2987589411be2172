#!/bin/sh
# Managed by hactl. OCF resource agent: PostgreSQL with streaming replication. It asks hactl-pgd, the service of this member,
# and reads monitors from its state file without starting a program. While the service is away it looks, and stops, by itself.
conf=/etc/hactl/pgd.json
run=${HACTL_PGD_RUN:-/run/hactl/pgd}
lib=${HACTL_PGD_LIB:-/usr/local/lib/hactl/pgd}

metadata() {
    cat <<'END'
<?xml version="1.0"?>
<!DOCTYPE resource-agent SYSTEM "ra-api-1.dtd">
<resource-agent name="pgsql" version="1.0">
<version>1.1</version>
<longdesc lang="en">A PostgreSQL server with streaming replication, looked after by the service hactl-pgd of its host. One
member is promoted; what it may be is in /etc/hactl/pgd.json.</longdesc>
<shortdesc lang="en">PostgreSQL, primary or standby</shortdesc>
<parameters>
<parameter name="data_dir" required="1">
<longdesc lang="en">The data directory.</longdesc>
<shortdesc lang="en">Data directory</shortdesc>
<content type="string"/>
</parameter>
<parameter name="writer">
<longdesc lang="en">The address that clients write to; it goes with a server that has to end at once.</longdesc>
<shortdesc lang="en">Writer address</shortdesc>
<content type="string"/>
</parameter>
</parameters>
<actions>
<action name="start" timeout="120s"/>
<action name="stop" timeout="60s"/>
<action name="monitor" timeout="15s" interval="3s" depth="0"/>
<action name="monitor" timeout="15s" interval="2s" depth="0" role="Promoted"/>
<action name="promote" timeout="120s"/>
<action name="demote" timeout="60s"/>
<action name="meta-data" timeout="5s"/>
<action name="validate-all" timeout="5s"/>
</actions>
</resource-agent>
END
}

# The exit code that the service has written in the last three seconds of this boot.
fresh() {
    read -r now _ </proc/uptime && read -r when code _ <"$run/state" || return 1
    [ "$((${now%.*} - when))" -le 3 ] 2>/dev/null
}

# What there is to see without the service.
look() {
    read -r pid <"$OCF_RESKEY_data_dir/postmaster.pid" || return 7
    read -r name <"/proc/$pid/comm" || return 7
    [ "$name" = postgres ] || return 7
    if [ -e "$OCF_RESKEY_data_dir/standby.signal" ] || [ -e "$OCF_RESKEY_data_dir/recovery.conf" ]; then return 0; fi
    return 8
}

ask() {
    python3 -ISE "$lib/client.py" "$@"
}

# The last resort of stop and demote: nothing may go on serving here. The shutdown is immediate after ten seconds.
end() {
    ticks=0
    look
    while [ "$?" -ne 7 ]; do
        case $ticks in
            0) kill -INT "$pid" ;;
            50) kill -QUIT "$pid" ;;
            90)
                # shellcheck disable=SC2046
                kill -KILL "$pid" $(pgrep -P "$pid")
                ;;
        esac
        ticks=$((ticks + 1))
        sleep 0.2
        look
    done 2>/dev/null
    [ -z "$OCF_RESKEY_writer" ] || ip -o -4 addr show to "$OCF_RESKEY_writer" | while read -r _ nic _ address _; do
        ip addr del "$address" dev "$nic"
    done
}

# An operation; 124 and 125 say that the service gave no answer. Text that it gives is the reason people read.
operate() {
    said=$(ask "$2" "$1")
    code=$?
    if [ "$code" -eq 125 ]; then
        systemctl start hactl-pgd
        said=$(ask "$2" "$1")
        code=$?
    fi
    case $code in
        0) ;;
        124 | 125) said="hactl-pgd does not answer" ;;
    esac
    [ "$code" -eq 0 ] || printf 'ocf-exit-reason:%s\n' "$said" >&2
    return "$code"
}

case $1 in
    meta-data)
        metadata
        ;;
    monitor)
        # A monitor that comes again and again: Pacemaker runs the resource here, also where this agent is new.
        if [ "${OCF_RESKEY_CRM_meta_interval:-0}" != 0 ] && [ ! -e "$run/charge" ]; then
            case ${OCF_RESKEY_CRM_meta_role:-} in
                Promoted | Master) role=promoted ;;
                *) role=started ;;
            esac
            printf '%s\n' "$role" 2>/dev/null >"$run/charge"
        fi
        if fresh 2>/dev/null; then exit "$code"; fi
        ask 2 monitor >/dev/null
        code=$?
        case $code in 0 | 7 | 8) exit "$code" ;; esac
        look 2>/dev/null
        ;;
    start)
        operate start 110
        ;;
    promote)
        operate promote 110
        ;;
    demote | stop)
        operate "$1" 45
        case $? in
            0) ;;
            *) end ;;
        esac
        exit 0
        ;;
    validate-all)
        [ -r "$conf" ] || exit 5
        [ -n "$OCF_RESKEY_data_dir" ] || exit 6
        ;;
    *)
        exit 3
        ;;
esac
