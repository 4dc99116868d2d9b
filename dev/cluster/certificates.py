"""The cluster's certificates, made with openssl. What exists is kept, so that a cluster can be started again."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dev.cluster.commands import WordList, run

_DAYS = "365"


@dataclass(frozen=True)
class Pair:
    """A certificate and its private key."""

    certificate: Path
    key: Path


class Authority:
    """A certificate authority in a folder, and what it has issued."""

    def __init__(self, folder: Path, name: str = "ca") -> None:
        self.folder = folder
        self.pair = Pair(folder / f"{name}.crt", folder / f"{name}.key")
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not self.pair.certificate.exists():
            _make_key(self.pair.key)
            request: WordList = [
                "openssl",
                "req",
                "-x509",
                "-new",
                "-key",
                self.pair.key,
                "-subj",
                f"/CN=tandem-{name}",
            ]
            usage = ["-addext", "keyUsage=critical,keyCertSign,digitalSignature"]
            _into(self.pair.certificate, [*request, *usage, "-days", _DAYS], f"making the authority {name}")

    def issue(self, name: str, common_name: str, *, groups: Sequence[str] = (), hosts: Sequence[str] = ()) -> Pair:
        """A certificate for a user (with its groups) or for a server (with its names and addresses)."""
        pair = Pair(self.folder / f"{name}.crt", self.folder / f"{name}.key")
        if pair.certificate.exists():
            return pair
        _make_key(pair.key)
        request = self.folder / f"{name}.csr"
        extensions = self.folder / f"{name}.ext"
        extensions.write_text(render_extensions(hosts))
        subject = "".join(f"/O={group}" for group in groups) + f"/CN={common_name}"
        words: WordList = ["openssl", "req", "-new", "-key", pair.key, "-subj", subject]
        _into(request, words, f"asking for the certificate {name}")
        signed: WordList = [
            "openssl",
            "x509",
            "-req",
            "-in",
            request,
            "-CA",
            self.pair.certificate,
            "-CAkey",
            self.pair.key,
        ]
        options: WordList = ["-CAcreateserial", "-days", _DAYS, "-extfile", extensions]
        _into(pair.certificate, [*signed, *options], f"issuing the certificate {name}")
        request.unlink()
        extensions.unlink()
        return pair


def make_signing_key(folder: Path, name: str) -> Pair:
    """A key pair without certificate: for service accounts' tokens."""
    pair = Pair(folder / f"{name}.pub", folder / f"{name}.key")
    if not pair.certificate.exists():
        _make_key(pair.key)
        _into(pair.certificate, ["openssl", "pkey", "-in", pair.key, "-pubout"], f"making the key {name}")
    return pair


def render_extensions(hosts: Sequence[str]) -> str:
    """The extensions file of a certificate that serves as client and server."""
    lines = [
        "keyUsage=critical,digitalSignature",
        "extendedKeyUsage=clientAuth,serverAuth",
        "basicConstraints=CA:FALSE",
    ]
    if hosts:
        names = (f"IP:{host}" if host.replace(".", "").isdigit() else f"DNS:{host}" for host in hosts)
        lines.append("subjectAltName=" + ",".join(names))
    return "\n".join(lines) + "\n"


def _make_key(path: Path) -> None:
    _into(path, ["openssl", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"], "making a key")
    path.chmod(0o600)


def _into(path: Path, words: WordList, doing: str) -> None:
    """Write by way of a temporary file: a half-written certificate must not be taken for a whole one."""
    temporary = path.with_suffix(path.suffix + ".tmp")
    run([*words, "-out", temporary], doing=doing)
    temporary.replace(path)
