"""What happens by itself: timers that are due, tasks in the outside world, and the lease that lets one worker do them.

No lifecycle lives here (services bring their tables and what carries out their tasks) and no Kafka client.
"""

from shared.poller.in_hand import CarryOut
from shared.poller.lease import Lease
from shared.poller.poller import Page, Poller, Prepare
from shared.poller.together import OnTimer

__all__ = ["CarryOut", "Lease", "OnTimer", "Page", "Poller", "Prepare"]
