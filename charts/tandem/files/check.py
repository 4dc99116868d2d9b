"""What `helm test` runs in a pod: is the API served, may the operator read it, and is the operator healthy?

Arguments: the operator's health address, then the namespaces that it watches (none: all).
"""

import json
import os
import ssl
import sys
import urllib.error
import urllib.request
from pathlib import Path

ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
KINDS = ("modeldeployments", "modelrevisions")


def api_server(path: str) -> dict:
    """Ask the API server, as the operator."""
    host, port = os.environ["KUBERNETES_SERVICE_HOST"], os.environ["KUBERNETES_SERVICE_PORT"]
    host = f"[{host}]" if ":" in host else host
    token = (ACCOUNT / "token").read_text()
    request = urllib.request.Request(f"https://{host}:{port}{path}", headers={"Authorization": f"Bearer {token}"})
    context = ssl.create_default_context(cafile=str(ACCOUNT / "ca.crt"))
    with urllib.request.urlopen(request, timeout=10, context=context) as answer:
        return json.load(answer)


def problems(health: str, namespaces: list[str]) -> list[str]:
    """Everything that is wrong, each with what to do."""
    found = []
    for kind in KINDS:
        for scope in [f"namespaces/{namespace}/" for namespace in namespaces] or [""]:
            path = f"/apis/tandem.dev/v1alpha1/{scope}{kind}"
            try:
                api_server(f"{path}?limit=1")
                print(f"ok: {path} is served")
            except urllib.error.HTTPError as error:
                hint = {403: "set rbac.create=true", 404: "set crds.install=true"}.get(error.code, "see its log")
                found.append(f"{path}: the API server answers {error.code}: {hint}")
    try:
        with urllib.request.urlopen(health, timeout=15) as answer:
            print(f"ok: {health}: {answer.read().decode()}")
    except urllib.error.HTTPError as error:
        found.append(f"{health} answers {error.code}: {error.read().decode()}; see the operator's log")
    except OSError as error:
        found.append(f"{health} cannot be reached: {error}; is the operator's pod ready?")
    return found


if __name__ == "__main__":
    complaints = problems(sys.argv[1], sys.argv[2:])
    print("\n".join(complaints) or "the operator is healthy")
    sys.exit(1 if complaints else 0)
