"""More brokers and stacks beside the first, on its database server."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from kafka.admin import KafkaAdminClient, NewPartitions

from bench.ground import Ground
from deploy.embedded.stack import Stack
from deploy.kafka.topics import BUSY
from tests.support import grounds


@contextmanager
def beside(ground: Ground, partitions: int) -> Iterator[Ground]:
    """A broker of its own whose busy topics have so many partitions, and a stack on it."""
    prefix = f"with_{partitions}_{ground.names(1)[0]}_"
    with grounds.kafka_container() as kafka, ExitStack() as ending:
        stack = Stack(kafka=kafka, mongodb=ground.stack.mongodb, database_prefix=prefix, environment=ground.environment)
        other = Ground(ground.kind, stack, prefix, ground.environment)
        ending.callback(_drop, ground, prefix)
        _more_partitions(kafka, partitions)
        ending.enter_context(stack)
        ending.callback(other.close)
        yield other


def _more_partitions(kafka: str, partitions: int) -> None:
    admin = KafkaAdminClient(bootstrap_servers=[kafka])
    admin.create_partitions({topic: NewPartitions(partitions) for topic in BUSY})
    admin.close()


def _drop(ground: Ground, prefix: str) -> None:
    for name in ground.client.list_database_names():
        if name.startswith(prefix):
            ground.client.drop_database(name)
