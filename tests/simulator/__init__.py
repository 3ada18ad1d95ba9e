"""The simulator: the real services in one thread, on a broker and a database in memory, on a bad day made by a seed.

The lifecycles, handlers, relay, consumer, poller, lease, frontier and sandbox provider are the real ones. At every call
to the database, the broker or the provider the seed decides: go on, fail, crash the process, or let somebody else act
first. So records are read in any order across topics, twice, or late; acknowledgements and answers are lost; workers
die between any two steps, partitions move in the middle of a batch, and clocks stand up to an hour apart. After it all
is calm again and every deadline has passed, `checks` says what must be true.

    python -m tests.simulator --seed 7                    one seed, with what happened
    python -m tests.simulator --seeds 10000 --jobs auto   many, on all cores
"""
