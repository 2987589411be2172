"""Mends the leader lock of Patroni before 3.0.3 on the etcd v3 interface.

There, a leader whose lease has ended takes a new lease and writes its name into the leader key without asking whose it
is by now. A leader that stood still, the whole host or PostgreSQL or Patroni, so takes the lock back from the one that
replaced it, which throws away what it has committed since. Patroni 3.0.3 asks first (its pull requests 2689 and 2693).
Here the key is written in one transaction that demands that the key still has the own name; else the lock is lost.
"""
import logging
import time
import types

logger = logging.getLogger('hactl.lock')


def names_in(function, seen=None):
    """All names that a function's code uses, through decorators and inner functions."""
    seen = set() if seen is None else seen
    names = set()
    code = getattr(function, '__code__', None)
    if code is None or id(function) in seen:
        return names
    seen.add(id(function))
    codes = [code]
    while codes:
        code = codes.pop()
        names.update(code.co_names)
        codes.extend(const for const in code.co_consts if isinstance(const, types.CodeType))
    for cell in function.__closure__ or ():
        try:
            names |= names_in(cell.cell_contents, seen)
        except ValueError:  # a cell that is still empty
            pass
    return names


def verdict(cls):
    """'sound', 'faulty' or 'unknown', by what the class does and not by its version."""
    names = names_in(cls.__dict__.get('_update_leader'))
    if 'txn' in names:
        return 'sound'
    return 'faulty' if names & {'put', 'take_leader'} and 'lease_keepalive' in names | lease_names(cls) else 'unknown'


def lease_names(cls):
    return names_in(cls.__dict__.get('_do_refresh_lease'))


def replacement(etcd3):
    """The new method for the two kinds that have the fault: 2.x, and 3.0 with its own handling of errors."""
    from patroni.dcs import Leader
    from patroni.utils import RetryFailedError
    import etcd

    to_base64 = etcd3.base64_encode

    @etcd3.Etcd3Client._handle_auth_errors
    def put_if_own(client, key, name, lease, retry=None):
        fields = {'key': to_base64(key), 'value': to_base64(name), 'lease': lease}
        compare = {'key': fields['key'], 'target': 'VALUE', 'value': fields['value']}
        return client.txn(compare, {'request_put': fields}, retry)

    def owns(self, write):
        """Whether the lock is held under the present lease; `write` puts the lease on the key that is still ours."""
        leader = self.cluster and self.cluster.leader
        if not self._lease:
            return False
        if isinstance(leader, Leader) and leader.session == self._lease:
            return True
        if write(put_if_own, self._client, self.leader_path, self._name, self._lease):
            return True
        logger.error('the lease of this member had ended and the leader key is no longer its own: the lock is lost')
        self._client._restart_watcher()  # what this member has of the cluster is old
        return False

    def update_leader_2(self):
        try:
            self._last_lease_refresh = 0  # renew now, and notice when there is nothing left to renew
            self.retry(self._do_refresh_lease)
            held = owns(self, self.retry)
            self._has_failed = False
            return held
        except (RetryFailedError, etcd.EtcdException) as error:
            self._handle_exception(error)
            return False
        except Exception as error:
            self._handle_exception(error, raise_ex=self._client.ERROR_CLS('unexpected error'))

    def update_leader_3(self):
        retry = self._retry.copy()

        def with_retry(*args, **kwargs):
            kwargs['retry'] = retry
            return retry(*args, **kwargs)

        def write(*args):
            retry.deadline = retry.stoptime - time.time()
            if retry.deadline < 1:
                raise etcd3.Etcd3Error('update_leader timeout')
            return self._run_and_handle_exceptions(*args, retry=with_retry)

        self._run_and_handle_exceptions(self._do_refresh_lease, True, retry=with_retry)
        return owns(self, write)

    if 'force' in etcd3.Etcd3._do_refresh_lease.__code__.co_varnames:
        return etcd3.catch_return_false_exception(update_leader_3)
    return update_leader_2


def mend():
    """Mends the class where it has the fault. Returns 'mended', 'sound' or 'unknown'; raises when mending fails."""
    from patroni.dcs import etcd3

    found = verdict(etcd3.Etcd3)
    if found != 'faulty':
        return found
    etcd3.Etcd3._update_leader = replacement(etcd3)
    return 'mended'
