"""Tells hactl's fence how long PostgreSQL may run as primary: until Patroni's leader lease may have ended.

Patroni has the hook for this, a watchdog. Where it would use none (no device, or `watchdog.mode: off`) it gets `Lease`
instead, which writes the end of the lease into a file; hactl-patroni-fence.service kills PostgreSQL when that time comes.
A kernel watchdog, where Patroni uses one, resets the whole host and needs no help.
"""
import logging
import os
import time

logger = logging.getLogger('hactl.lease')

FILE = os.environ.get('HACTL_LEASE', '/run/hactl-patroni/lease')
SIZE = 1024  # always written whole and in place, so that a full /run stops nothing


def now():
    """Seconds since boot, times of suspension included: the lease in etcd runs on then too."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def margin(ttl, loop_wait, retry_timeout):
    """Seconds before the end of the lease. Patroni may use up loop_wait + 2 * retry_timeout between two renewals."""
    return min(5.0, max(1.0, ttl - loop_wait - 2 * retry_timeout))


class Renewal:
    """When the running attempt to renew the lease was begun: etcd counts from a later moment, never from an earlier."""
    begun = 0.0
    ha = None

    def deadline(self):
        dcs = self.ha.dcs
        retry_timeout = self.ha.patroni.config['retry_timeout']
        return self.begun + dcs.ttl - margin(dcs.ttl, dcs.loop_wait, retry_timeout)


renewal = Renewal()


def write(text):
    """Replaces the note. Never raises: a fault here must not stop Patroni, the fence sees an old note."""
    try:
        descriptor = os.open(FILE, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            os.pwrite(descriptor, text.encode().ljust(SIZE - 1) + b'\n', 0)
        finally:
            os.close(descriptor)
    except OSError as error:
        logger.error('can not write %s: %s', FILE, error)


def started_by(original):
    """Wraps a method that renews the lease, takes a new cluster's lock, or asks the others to go on without etcd."""
    def wrapper(self, *args, **kwargs):
        renewal.begun = now()
        return original(self, *args, **kwargs)
    return wrapper


def taken_by(original):
    """Wraps the method that takes the lock: Patroni would do so with a lease that it renewed some time ago."""
    def wrapper(self, *args, **kwargs):
        renewal.begun = now() - self.dcs.loop_wait
        if hasattr(self.dcs, 'refresh_lease'):
            try:
                begun = now()
                self.dcs._last_lease_refresh = 0
                self.dcs.refresh_lease()
                renewal.begun = begun
            except Exception as error:
                logger.warning('could not renew the lease before taking the lock: %s', error)
        return original(self, *args, **kwargs)
    return wrapper


def remember_ha(original):
    def wrapper(self, *args, **kwargs):
        renewal.ha = self
        return original(self, *args, **kwargs)
    return wrapper


def lease_class(base):
    """Makes Patroni's watchdog driver. `is_null` stays true: `watchdog.mode: required` means a device."""
    class Lease(base.NullWatchdog):
        opened = False
        timeout = 1000000000

        @property
        def is_running(self):
            return self.opened

        def open(self):
            self.opened = True
            self.keepalive()

        def close(self):
            self.opened = False
            write('free')

        def keepalive(self):
            if self.opened and renewal.ha is not None:
                write('until %.3f %s' % (renewal.deadline(), renewal.ha.state_handler.data_dir))

        @staticmethod
        def has_set_timeout():
            return True

        def set_timeout(self, timeout):
            self.timeout = timeout

        def get_timeout(self):
            return self.timeout

        def describe(self):
            return 'hactl-patroni-fence'

    return Lease


def install():
    """Puts the hooks into Patroni. Raises when this Patroni has other insides than those it was written for."""
    from patroni.ha import Ha
    from patroni.dcs import AbstractDCS
    from patroni.watchdog import base

    driver = lease_class(base)
    hooks = [(Ha, '__init__', remember_ha), (Ha, 'acquire_lock', taken_by), (Ha, 'post_bootstrap', started_by),
             (AbstractDCS, 'update_leader', started_by)]
    if hasattr(Ha, 'check_failsafe_topology'):  # from 3.0 on
        hooks.append((Ha, 'check_failsafe_topology', started_by))
    wrapped = [(cls, name, wrap(getattr(cls, name))) for cls, name, wrap in hooks]
    for cls, name, method in wrapped:
        setattr(cls, name, method)
    base.NullWatchdog = driver
