#!/bin/sh
# Whether there is room for a copy beside the data it replaces, on the file system that will hold it. Arguments: data
# directory, size of the primary's data and number of its tablespaces in one text, name of the unfinished copy (`-`: it grows
# in the place of the data), and what else can be done.
data=$1 source=$2 half=$3 instead=$4
fail() {
  echo "$*${instead:+; $instead}" >&2
  exit 1
}
gb() { awk -v n="$1" 'BEGIN { printf n < 1e9 ? "%.0f MB" : "%.1f GB", n < 1e9 ? n / 1e6 : n / 1e9 }'; }
size=${source%%[!0-9]*} spaces=$(printf %s "$source" | tail -n 1)
[ "$spaces" = 0 ] || fail 'the primary has tablespaces, which hactl does not copy: use pg_basebackup with --tablespace-mapping'
folder=$(dirname "$data")
if mountpoint -q "$data"; then
  used=$(find "$data" -mindepth 1 -maxdepth 1 ! -name lost+found | head -n 1)
  [ -z "$used" ] || fail "$data is a mount point and cannot be moved aside: move what is in it to a folder of another name, then run this again"
  folder=$data
fi
free=$(df --output=avail --block-size=1 "$folder" | tail -n 1)
part=0
if [ "$half" != - ]; then
  part=$(du -s --block-size=1 "$half" 2>/dev/null | cut -f 1)
# A copy with its label but without pg_control was cut off: that file comes last.
elif [ -e "$data/backup_label" ] && [ ! -e "$data/global/pg_control" ]; then
  part=$(du -s --block-size=1 "$data" 2>/dev/null | cut -f 1)
fi
free=$((free + ${part:-0})) need=$((size + size / 20 + 67108864))
[ "$free" -ge "$need" ] || fail "$folder has $(gb "$free") free, the copy needs $(gb "$need")"
echo "the copy needs $(gb "$need"), $folder has $(gb "$free") free"
