"""What happens by itself: timers that are due, instructions to the outside world, and the lease that lets one worker do
it.

No lifecycle lives here (services bring their tables and what carries out their instructions) and no Kafka client.
"""

from shared.poller.lease import Lease
from shared.poller.poller import CarryOut, OnTimer, Poller

__all__ = ["CarryOut", "Lease", "OnTimer", "Poller"]
