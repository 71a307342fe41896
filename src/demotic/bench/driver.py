"""The load: drives a server over HTTP from a process of its own."""

import argparse
import time
from pathlib import Path

from demotic.bench.client import Client, session
from demotic.bench.grounds import Ground
from demotic.bench.kinds import KINDS
from demotic.bench.measure import answer, drive, figures, run, warmed
from demotic.bench.metering import Meter
from demotic.bench.processes import Disk, Tree
from demotic.bench.rows import Figures, Row
from demotic.bench.workloads import BY_NAME


class Driver:
    """Loads one server; `tree` and `disk` are its process and its data, where they are known."""

    def __init__(self, base: str, tree: Tree | None, disk: Disk | None) -> None:
        self._base, self._tree, self._disk = base, tree, disk
        self._grounds: dict[bool, Ground] = {}

    async def measured(self, row: Row, quick: bool) -> Figures:
        """Measure a row once."""
        async with session(self._base) as connections:
            ground = self._grounds.setdefault(quick, Ground(quick))
            work = KINDS[row.work](Client(connections), ground)
            indices = await warmed(work, row.scaled(quick), row.concurrency, row.warm_up)
            meter = self._meter(indices)
            meter.begin()
            own = time.process_time()
            sample = await drive(meter.watched(work.once), indices, row.concurrency)
            own = time.process_time() - own
        found = {**figures(sample, work.marks), "driver_share": own / sample.wall}
        return {**found, **await meter.end(len(sample.latencies))}

    def _meter(self, indices: range) -> Meter:
        meter = Meter(indices)
        if self._tree:
            meter.cpu_s, meter.rss_mib = self._tree.cpu_s, self._tree.rss_mib
        if self._disk:
            meter.kib = self._disk.used_kib
        return meter


def main() -> None:
    """Answer the process that asks."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", required=True)
    parser.add_argument("--pid", type=int)
    parser.add_argument("--data-dir", type=Path)
    args = parser.parse_args()
    driver = Driver(
        args.base,
        Tree(args.pid) if args.pid else None,
        Disk(args.data_dir) if args.data_dir else None,
    )
    answer(lambda asked: run(driver.measured(BY_NAME[asked["row"]], asked["quick"])))


if __name__ == "__main__":
    main()
