"""How hypercorn serves ministack 1.5.33 for us. Where it is wrong it stays as it is, but for two things that would be in the way."""

import os
import re
import signal
import threading
import time

from ministack import app
from ministack.core import iam_actions
from ministack.core.hypercorn_conf import certfile, keyfile  # noqa: F401 - hypercorn finds them here

_action_of = iam_actions.extract_iam_action


def _action_of_batch(service, *request):
    """A batch needs the grant for one message: AWS has no action `sqs:SendMessageBatch`, for which ministack asks.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonsqs.html
    """
    action = _action_of(service, *request)
    return action.removesuffix("Batch") if service == "sqs" and action else action


iam_actions.extract_iam_action = _action_of_batch

# So that a documented `curl` is the same as on AWS: an API answers to the name that the stack's output gives it.
app._EXECUTE_API_RE = re.compile(r"^([a-f0-9]{8})\.execute-api\.(?:localhost|[a-z0-9-]+\.amazonaws\.com)(?::\d+)?$")


def _end_with_parent(parent):
    """Whatever ends the one who started us, even a kill -9: nobody would know of us then."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os.kill(os.getpid(), signal.SIGTERM)


threading.Thread(target=_end_with_parent, args=(os.getppid(),), daemon=True).start()
