# On every node before the cluster is made. Debian ships a corosync.conf that must go first.
set -e
pcs cluster destroy >/dev/null 2>&1 || true
echo 'hacluster:hacluster' | chpasswd
systemctl enable --now pcsd >/dev/null 2>&1
systemctl enable corosync pacemaker >/dev/null 2>&1
for i in 1 2 3; do
  grep -q " pg$i\$" /etc/hosts || echo "10.77.0.1$i pg$i" >>/etc/hosts
done
