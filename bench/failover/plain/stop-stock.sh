# A server that runs would be found by the agent's first look and be taken for one of its own.
systemctl disable --now postgresql >/dev/null 2>&1 || true
if [ -d /etc/postgresql/15/main ]; then
  pg_ctlcluster 15 main stop -m immediate >/dev/null 2>&1 || true
  echo manual >/etc/postgresql/15/main/start.conf
fi
