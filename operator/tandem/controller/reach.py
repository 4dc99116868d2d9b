"""How pods are reached from outside the cluster: through the API server, with the operator's own credentials."""

import ssl
from collections.abc import Mapping

from tandem.cluster.connection import Connection, authorization
from tandem.signals import ApiServer


def api_server_of(connection: Connection) -> ApiServer:
    """Return the API server as the scraper uses it."""
    configuration = connection.configuration
    tls = ssl.create_default_context(cafile=configuration.ssl_ca_cert)
    if not configuration.verify_ssl:
        tls.check_hostname, tls.verify_mode = False, ssl.CERT_NONE
    if configuration.cert_file:
        tls.load_cert_chain(configuration.cert_file, configuration.key_file)

    async def headers() -> Mapping[str, str]:
        value = await authorization(configuration)
        return {"Authorization": value} if value else {}

    return ApiServer(configuration.host, tls, headers)
