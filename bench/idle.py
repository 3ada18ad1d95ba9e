"""python -m bench.idle: what the whole embedded stack takes while nobody asks anything: CPU and memory, by process."""

import time

import click
import psutil
from rich.console import Console
from rich.table import Table

from deploy.embedded.stack import Stack


@click.command()
@click.option("--seconds", type=click.IntRange(5, 600), default=30, show_default=True)
def main(seconds: int) -> None:
    """Start the stack, let it settle, and count the CPU time and the memory (PSS) of all its processes."""
    with Stack() as stack:
        time.sleep(5)
        roots = {each["name"]: psutil.Process(each["pid"]) for each in stack.processes}
        trees = {name: [root, *root.children(recursive=True)] for name, root in roots.items()}
        before = {name: _cpu(tree) for name, tree in trees.items()}
        time.sleep(seconds)
        table = Table("process", "CPU, % of a core", "memory, MB", box=None)
        cpu = memory = 0.0
        for name, tree in trees.items():
            share = 100 * (_cpu(tree) - before[name]) / seconds
            size = sum(process.memory_full_info().pss for process in tree) / 1e6
            cpu, memory = cpu + share, memory + size
            table.add_row(name, f"{share:.1f}", f"{size:.0f}")
        table.add_row("all", f"{cpu:.1f}", f"{memory:.0f}", style="bold")
        Console().print(table)


def _cpu(tree: list[psutil.Process]) -> float:
    return sum(times.user + times.system for times in (process.cpu_times() for process in tree))


if __name__ == "__main__":
    main()
