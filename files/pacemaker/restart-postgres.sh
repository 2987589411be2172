#!/bin/sh
# Restarts PostgreSQL in its place and role, after a checkpoint. The service does it, so that nobody takes it for a crash.
exec python3 -ISE /usr/local/lib/hactl/pgd/client.py 380 restart
