"""Writes each message of a mailbox on an IMAP server into a file of its own, by a client that shares no code with ours.

Arguments: host, port, user, password, mailbox as the server names it, folder."""

import imaplib
import pathlib
import sys

host, port, user, password, mailbox, folder = sys.argv[1:]
client = imaplib.IMAP4(host, int(port))
client.login(user, password)
# Else Courier wraps a message with 8-bit octets in its header into another one.
if "UTF8=ACCEPT" in client.capabilities:
    client.enable("UTF8=ACCEPT")
status, answer = client.select(f'"{mailbox}"', readonly=True)
if status == "OK" and answer != [b"0"]:
    parts = client.fetch("1:*", "(BODY.PEEK[])")[1]
    messages = [part[1] for part in parts if isinstance(part, tuple)]
    for number, message in enumerate(messages):
        pathlib.Path(folder, f"{number:06}").write_bytes(message)
client.logout()
