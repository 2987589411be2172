"""Shortens the pause between two looks at a PostgreSQL that Patroni stops.

In a switchover Patroni waits until the primary has ended, and looks once a second: clients wait for nothing in between.
What it looks at, and what it does when the end has come, stays as it is.
"""
SECONDS = 0.1


def quicken():
    """Replaces Patroni's pause where it is as it was known. Returns 'on', or 'unknown' where it is another."""
    import patroni.postgresql as postgresql

    pause = getattr(postgresql, 'STOP_POLLING_INTERVAL', None)
    if type(pause) not in (int, float) or not SECONDS < pause <= 1:
        return 'unknown'
    postgresql.STOP_POLLING_INTERVAL = SECONDS
    return 'on'
