"""Peers of the route benchmark: general solvers on the matrices of our instances.

Reads instances from a file, one JSON object a line, as the example `route_bench` of `crates/domain`
prints them, and prints a line of JSON for each instance and peer: the seconds of travel of the
peer's route and the milliseconds it took, the matrix not counted; neither where it took longer than
`--limit`.

- lkh: the Lin-Kernighan-Helsgaun program within elkai, one run, ended by its own rules.
- ortools: routing with guided local search, for as long as `--seconds`.
- pyvrp: its iterated local search, for as long as `--seconds`.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import elkai
import numpy as np
import pyvrp as vrp
from ortools.constraint_solver import pywrapcp, routing_enums_pb2
from pyvrp.stop import MaxRuntime

# The solvers count in integers: tenths of a millisecond.
TICKS = 10_000
# More than any edge, and small enough for LKH, which multiplies by 100 within 32 bits.
FAR = 2_000_000

Matrix = np.ndarray[Any, Any]
Solver = Callable[[Matrix, bool, argparse.Namespace], list[int]]

# A child of its own for each solver's turn: only so can one in foreign code be ended.
FORK = multiprocessing.get_context("fork")


def seconds(distances: Matrix, speed: float, acceleration: float) -> Matrix:
    """Travel on one axis: full speed where the way is long enough for it."""
    full = distances / speed + speed / acceleration
    short = 2 * np.sqrt(distances / acceleration)
    return np.where(distances >= speed * speed / acceleration, full, short)


def matrix(instance: dict[str, Any]) -> Matrix:
    """Seconds between all places; the start is the first."""
    places = np.array([instance["start"], *instance["points"]], dtype=float)
    kinematics = instance["kinematics"]
    apart = np.abs(places[:, None, :] - places[None, :, :])
    drive = seconds(apart[..., 0], *kinematics["drive"])
    return np.maximum(drive, seconds(apart[..., 1], *kinematics["lift"]))


def lkh(travel: Matrix, home: bool, args: argparse.Namespace) -> list[int]:
    """The order of the places behind the start."""
    cost = np.rint(travel * TICKS).astype(int)
    if not home:
        # An open end is a last place: next to the start, and otherwise equally far from every other.
        cost = np.pad(cost, (0, 1), constant_values=FAR)
        cost[-1, 0] = cost[0, -1] = cost[-1, -1] = 0
    tour = elkai.DistanceMatrix(cost.tolist()).solve_tsp(runs=args.runs)[:-1]
    if not home and tour[1] == len(cost) - 1:
        tour = tour[:1] + tour[:0:-1]
    return tour[1:] if home else tour[1:-1]


def ended(cost: Matrix, home: bool) -> Matrix:
    """For solvers that allow one-way costs: the way back is free where the end is open."""
    if not home:
        cost[:, 0] = 0
    return cost


def ortools(travel: Matrix, home: bool, args: argparse.Namespace) -> list[int]:
    """The order of the places behind the start."""
    cost = ended(np.rint(travel * TICKS).astype(int), home).tolist()
    manager = pywrapcp.RoutingIndexManager(len(cost), 1, 0)
    model = pywrapcp.RoutingModel(manager)
    model.SetArcCostEvaluatorOfAllVehicles(model.RegisterTransitMatrix(cost))
    search = pywrapcp.DefaultRoutingSearchParameters()
    search.first_solution_strategy = routing_enums_pb2.FirstSolutionStrategy.PATH_CHEAPEST_ARC
    search.local_search_metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    search.time_limit.FromMilliseconds(int(args.seconds * 1000))
    solution = model.SolveWithParameters(search)
    order, index = [], solution.Value(model.NextVar(model.Start(0)))
    while not model.IsEnd(index):
        order.append(manager.IndexToNode(index))
        index = solution.Value(model.NextVar(index))
    return order


def pyvrp(travel: Matrix, home: bool, args: argparse.Namespace) -> list[int]:
    """The order of the places behind the start."""
    cost = ended(np.rint(travel * TICKS).astype(int), home)
    places = range(len(cost))
    data = vrp.ProblemData(
        [vrp.Location(0, 0) for _ in places],
        [vrp.Client(place) for place in places[1:]],
        [vrp.Depot(0)],
        [vrp.VehicleType()],
        [cost],
        [cost],
    )
    best = vrp.solve(data, stop=MaxRuntime(args.seconds), display=False).best
    (route,) = best.routes()
    visits = route.schedule()
    return [visit.idx + 1 for visit in visits if visit.is_client()]


PEERS: dict[str, Solver] = {"lkh": lkh, "ortools": ortools, "pyvrp": pyvrp}


def limited(name: str, travel: Matrix, home: bool, args: argparse.Namespace) -> tuple[list[int], float] | None:
    """A peer's order and the milliseconds it took; none where time was up before."""
    receiver, sender = FORK.Pipe(duplex=False)

    def solve() -> None:
        begun = time.perf_counter()
        order = PEERS[name](travel, home, args)
        sender.send((order, (time.perf_counter() - begun) * 1000))

    child = FORK.Process(target=solve)
    child.start()
    sender.close()
    try:
        return receiver.recv() if receiver.poll(args.limit) else None
    except EOFError:
        sys.exit(f"{name} ended without a route")
    finally:
        child.kill()
        child.join()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("instances", type=Path)
    parser.add_argument("--peers", default=",".join(PEERS), help="which, by commas")
    parser.add_argument("--runs", type=int, default=1, help="runs of LKH")
    parser.add_argument("--seconds", type=float, default=1.0, help="for those that have no end")
    parser.add_argument("--limit", type=float, default=120.0, help="seconds after which any is ended")
    args = parser.parse_args()
    for line in args.instances.read_text().splitlines():
        instance = json.loads(line)
        travel = matrix(instance)
        for name in args.peers.split(","):
            result = {key: instance[key] for key in ("crane", "home", "stops", "number")} | {"peer": name}
            found = limited(name, travel, instance["home"], args)
            if found is not None:
                order, ms = found
                if sorted(order) != list(range(1, len(travel))):
                    sys.exit(f"{name}: not every stop exactly once")
                path = [0, *order, *([0] if instance["home"] else [])]
                result |= {"travel_s": float(travel[path[:-1], path[1:]].sum()), "ms": ms}
            print(json.dumps(result), flush=True)


if __name__ == "__main__":
    main()
