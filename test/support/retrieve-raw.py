"""Retrieves a whole maildrop with nothing but a socket, and writes each message to a file of its own as the server
sent it: from the octet after the status line of RETR to the one before the termination octet, unstuffed. Deletes
nothing. For a judge that shares no code with the program under test.

Arguments: host, port, authority of the certificate (or - for no TLS), user, password, folder for the messages, then
what to say before the login, one line each.
Prints the sizes by LIST, as JSON."""

import json
import socket
import ssl
import sys

host, port, authority, user, password, folder, *first = sys.argv[1:]
connection = socket.create_connection((host, int(port)), timeout=30)
if authority != "-":
    context = ssl.create_default_context(cafile=authority)
    connection = context.wrap_socket(connection, server_hostname=host)
held = b""


def until(end):
    global held
    blocks, tail = [held], held
    while end not in tail:
        block = connection.recv(65536)
        if not block:
            sys.exit("the server closed the connection")
        tail = tail[-len(end):] + block
        blocks.append(block)
    whole = b"".join(blocks)
    at = whole.index(end) + len(end)
    held = whole[at:]
    return whole[:at]


def command(line):
    connection.sendall(line.encode() + b"\r\n")
    return status(line)


def status(line):
    reply = until(b"\r\n")
    if not reply.startswith(b"+OK"):
        sys.exit(f"{line}: {reply!r}")
    return reply


def content():
    global held
    held = b"\r\n" + held
    return until(b"\r\n.\r\n")[2:-3]


status("greeting")
for line in first:
    command(line)
command("USER " + user)
command("PASS " + password)
command("LIST")
sizes = [int(line.split()[1]) for line in content().splitlines()]
for number in range(1, len(sizes) + 1):
    command(f"RETR {number}")
    stuffed = b"\r\n" + content()
    with open(f"{folder}/{number:06}", "wb") as file:
        file.write(stuffed.replace(b"\r\n.", b"\r\n")[2:])
command("QUIT")
print(json.dumps(sizes))
