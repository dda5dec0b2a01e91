"""A mail server on a port of this machine: takes mails, and refuses whom a test wants refused."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes, policy
from email.message import EmailMessage


class MailServer(socketserver.ThreadingTCPServer):
    """Speaks as much SMTP (RFC 5321) as a client needs that sends without encryption."""

    daemon_threads = True
    allow_reuse_address = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Talk)
        self.mails: list[tuple[list[str], EmailMessage]] = []
        self.refused: dict[str, int] = {}  # address: code of the answer
        self.asked: list[str] = []  # every recipient that a client named

    @property
    def port(self) -> int:
        return int(self.server_address[1])


class _Talk(socketserver.StreamRequestHandler):
    server: MailServer

    def handle(self) -> None:
        self._say("220 test ready")
        recipients: list[str] = []
        for raw in self.rfile:
            line = raw.decode().strip()
            word = line.upper()
            if word.startswith("RCPT"):
                address = line.partition("<")[2].partition(">")[0]
                self.server.asked.append(address)
                code = self.server.refused.get(address, 250)
                if code == 250:
                    recipients.append(address)
                self._say(f"{code} {address}")
            elif word == "DATA":
                self._say("354 go on")
                self.server.mails.append((recipients, self._read_mail()))
                recipients = []
                self._say("250 taken")
            elif word == "RSET":
                recipients = []
                self._say("250 forgotten")
            elif word == "QUIT":
                self._say("221 bye")
                return
            else:
                self._say("250 fine")

    def _read_mail(self) -> EmailMessage:
        lines: list[bytes] = []
        for line in self.rfile:
            if line == b".\r\n":
                break
            lines.append(line.removeprefix(b".") if line.startswith(b"..") else line)
        mail = message_from_bytes(b"".join(lines), policy=policy.default)
        assert isinstance(mail, EmailMessage)
        return mail

    def _say(self, line: str) -> None:
        self.wfile.write(f"{line}\r\n".encode())


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """Yield a server that runs until the block ends."""
    with MailServer() as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()
