"""A Ray cluster: which nodes it has, and jobs that are handed to it. With what it has run
there (`harness.executors.keeper`) the only module that imports Ray."""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any
from uuid import uuid4

from harness.errors import CrashError, HungUpError, InputError, MissingToolError, OutOfMemoryError
from harness.executors.admission import be_let_in
from harness.executors.driving import ANSWER_SECONDS, Driving, Leaving
from harness.executors.keeping import Driver, LostError
from harness.executors.nodes import Need, Node
from harness.executors.starting import started
from harness.locks import Waits

POLL_SECONDS = 0.5
OBJECT_STORE_BYTES = 80 * 2**20
"""Of a cluster that is started here: messages are small."""
PLACE = "node:"
"""What Ray's own resources, one a node, begin with."""
EXTRA = "ray"


class RayCluster:
    """A cluster that this process is connected to.

    Jobs are given to a `Keeper` there, which owns their tasks; without `join` it ends with this process.
    """

    def __init__(self, ray: Any) -> None:
        self._ray, self._driving = ray, Driving(ray)

    def nodes(self) -> list[Node]:
        """Those that are up."""
        found = []
        for one in self._ray.nodes():
            if not one["Alive"]:
                continue
            has = dict(one["Resources"])
            cpus, gpus, memory = (has.pop(name, 0.0) for name in ("CPU", "GPU", "memory"))
            own = {k: v for k, v in has.items() if k != "object_store_memory" and PLACE not in k}
            name = f"{one['NodeManagerHostname']} {one['NodeID'][:6]}"
            found.append(Node(one["NodeID"], name, cpus, gpus, int(memory), own))
        return sorted(found, key=lambda node: node.id)

    def join(self, leaving: Leaving, waits: Waits = lambda who: None) -> Mapping[str, str]:
        """Drives a run from now on, alone, and leaves its jobs when this process is gone.

        Args:
            leaving: under which name, and for how long.
            waits: is told who drives it, where that has to be waited for.

        Returns:
            Jobs that another driver has left, by name, with what it said of them.
        """
        self._driving.leaving, self._driving.waits = leaving, waits
        me = self._driving.me
        found: Mapping[str, str] = self._driving.answer(lambda keeper: keeper.left.remote(me))
        return found

    def drop(self, names: Sequence[str]) -> None:
        """Ends jobs that another driver has left, and that nobody wants."""
        for name in names:
            self._driving.answer(partial(_dropped, driver=self._driving.me, name=name))

    def run(
        self,
        work: Callable[..., Iterator[Any]],
        arguments: tuple[Any, ...],
        need: Need,
        node: Node | None,
        stop: threading.Event,
        about: str = "",
    ) -> Iterator[Any]:
        """What a function yields that is run on a node, as it comes; ends early when `stop` is set,
        with the run.

        Args:
            work: a function of a module that every node has.
            arguments: plain data.
            need: what it holds there; on a `node` alone all cores of it.
            node: where it has to run; None: wherever there is room.
            stop: ends it.
            about: what another driver gets to know who finds the job left.

        Yields:
            What `work` yields, and None whenever nothing has come for a while.

        Raises:
            LostError: the worker or its node is gone.
            OutOfMemoryError: the node's memory ran out.
            CrashError: the function itself failed, or another process drives this run.
        """
        where = dict[str, Any]()
        if node is not None:
            strategies = self._ray.util.scheduling_strategies
            by_id = strategies.NodeAffinitySchedulingStrategy(node.id, soft=False)
            where["scheduling_strategy"] = by_id
        options = {
            "num_returns": "streaming",
            "max_retries": 0,
            "num_cpus": node.cpus if node is not None and need.alone else need.cpus,
            "num_gpus": need.gpus,
            "memory": need.memory_bytes or None,
            "resources": dict(need.custom),
            **where,
        }
        name = uuid4().hex
        of = (self._driving.me, name, about, work, arguments, options)
        if not self._driving.answer(lambda keeper: keeper.begin.remote(*of)):
            raise _other_drives()
        yield from self.resume(name, stop)

    def resume(self, name: str, stop: threading.Event) -> Iterator[Any]:
        """What a job tells that was begun before; the rest as `run`. It is gone afterwards."""
        me, since, ended = self._driving.me, 0, None
        try:
            while ended is None:
                asked = self._driving.asked(partial(_told, driver=me, name=name, since=since))
                while not self._ray.wait([asked], timeout=POLL_SECONDS)[0]:
                    if stop.is_set():
                        return
                    yield None
                told = self._driving.got(asked)
                if told is None:
                    raise _other_drives()
                items, ended = told
                for number, item in items:
                    since = number + 1
                    yield item
                if stop.is_set():
                    return
        finally:
            if not stop.is_set():  # else `close` ends all, or leaves it
                with suppress(LostError):
                    self._driving.asked(partial(_dropped, driver=me, name=name))
        match ended.how:
            case "memory":
                raise OutOfMemoryError(
                    f"the node's memory ran out: {ended.why}",
                    "Say under `resources` how much memory the model needs, or take a smaller one.",
                )
            case "crash":
                raise CrashError(f"the worker failed: {ended.why}")
            case "lost":
                raise LostError(ended.why)

    def close(self, leave: bool = False) -> None:
        """Ends what is left of the run's jobs, and whatever keeps them, unless they are to be left to another driver."""
        self._driving.close(leave)


def _told(keeper: Any, driver: Driver, name: str, since: int) -> Any:
    return keeper.told.remote(driver, name, since)


def _dropped(keeper: Any, driver: Driver, name: str) -> Any:
    return keeper.drop.remote(driver, name)


def _other_drives() -> CrashError:
    return CrashError(
        "another process drives this run by now, since nothing was heard of this one for a while",
        "Leave it to that one.",
    )


@contextmanager
def connected(address: str | None) -> Iterator[RayCluster]:
    """A connection to a cluster, closed afterwards; usage statistics stay off, and so does the dashboard.

    Args:
        address: of the cluster, such as 10.0.0.1:6379 or `auto`; None starts one on this machine alone,
            which nobody else can reach, and stops it afterwards.

    Raises:
        MissingToolError: Ray is not installed.
        InputError: there is no cluster at the address, or it asks for a token that is not shown.
    """
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    ray: Any = _ray()
    how: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if address is None:
        how |= {"address": "local", "include_dashboard": False, "_node_ip_address": "127.0.0.1"}
        how |= {"object_store_memory": OBJECT_STORE_BYTES}
    else:
        how["address"] = _answering(ray, address)
        be_let_in(ray, address, how["address"])
    try:
        with stay_on_loopback(ray) if address is None else _as_it_is():
            started(lambda: ray.init(**how)) if address is None else _join(ray, address, how)
            cluster = RayCluster(ray)
            try:
                yield cluster
            except HungUpError:
                cluster.close(leave=True)
                raise
            finally:
                cluster.close()
    finally:
        ray.shutdown()


def _join(ray: Any, given: str, how: Mapping[str, Any]) -> None:
    try:
        ray.init(**how)
    except ConnectionError as error:
        raise InputError(
            f"--address {given}: Ray cannot join the cluster there: {str(error).splitlines()[0]}",
            "`ray status --address …` on this machine says more.",
        ) from None


def _answering(ray: Any, given: str) -> str:
    """The address of a cluster, where something answers: Ray itself would go on asking for minutes."""
    try:
        found = str(ray._private.services.canonicalize_bootstrap_address_or_die(given))
        host, _, port = found.rpartition(":")
        socket.create_connection((host.strip("[]"), int(port)), ANSWER_SECONDS).close()
    except (OSError, ValueError) as error:
        raise InputError(
            f"--address {given}: no Ray cluster answers there: {str(error).splitlines()[0]}",
            "`ray start --head` starts one; `--address auto` finds one that runs on this machine.",
        ) from None
    return found


@contextmanager
def stay_on_loopback(ray: Any) -> Iterator[None]:
    """Has a cluster that is started within listen on 127.0.0.1 alone.

    On Linux Ray puts the machine's own address in place of 127.0.0.1 wherever that is named; on other
    systems it does not, by this switch.
    """
    constants = ray._private.ray_constants
    before, constants.ENABLE_RAY_CLUSTER = constants.ENABLE_RAY_CLUSTER, False
    try:
        yield
    finally:
        constants.ENABLE_RAY_CLUSTER = before


@contextmanager
def _as_it_is() -> Iterator[None]:
    yield


def _ray() -> Any:
    try:
        import ray
        import ray._private.ray_constants
        import ray._private.services
        import ray.util.scheduling_strategies
    except ImportError as error:
        raise MissingRay(error) from None
    return ray


class MissingRay(MissingToolError):
    """Ray is not installed."""

    exit_code = InputError.exit_code

    def __init__(self, error: ImportError) -> None:
        super().__init__(
            f"--executor ray needs a package that is not installed: {error.name or error}",
            f"Install it: pip install 'harness[{EXTRA}]', or in a checkout "
            f"pip install -c constraints.txt -e '.[{EXTRA}]'.",
        )
