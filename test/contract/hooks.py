"""Keeps the run from locking itself out: it finds every key that there is, its own among them, and deletes what it finds."""

import schemathesis

OWN = "key_first"


@schemathesis.hook
def before_call(context, case, kwargs):
    is_own = (case.path_parameters or {}).get("id") == OWN
    if case.method == "DELETE" and case.operation.path == "/v1/keys/{id}" and is_own:
        case.path_parameters["id"] = "key_spared"
