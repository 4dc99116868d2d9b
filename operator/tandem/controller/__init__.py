"""kopf: watches, the queue, and the loop that brings each ModelDeployment to where it should be."""
