systemctl disable --now postgresql >/dev/null 2>&1 || true
pg_ctlcluster 15 main stop -m immediate >/dev/null 2>&1 || true
echo manual >/etc/postgresql/15/main/start.conf
