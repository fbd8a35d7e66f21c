"""What inetd and chroot do together: listens on loopback, and starts a program for each connection, in a root folder
of its own, with the connection as its standard input and output. For POP3 servers that do not listen by themselves.

Argument: JSON with root (a folder), env, and listeners (name to command line). Prints the ports, as JSON, when it
listens. Ends, with all that it started, when its standard input ends."""

import json
import os
import select
import signal
import socket
import sys

settings = json.loads(sys.argv[1])
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
listeners = {}
ports = {}
for name, command in settings["listeners"].items():
    listener = socket.create_server(("127.0.0.1", 0), backlog=50)
    listeners[listener] = command
    ports[name] = listener.getsockname()[1]
print(json.dumps(ports), flush=True)


def serve(connection, command):
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    (host, port), local = connection.getpeername(), connection.getsockname()
    os.chroot(settings["root"])
    os.chdir("/")
    # The names by which couriertcpd and its kin tell who is connected.
    env = {"TCPREMOTEIP": host, "TCPREMOTEPORT": str(port), "TCPLOCALIP": local[0], "TCPLOCALPORT": str(local[1])}
    env.update(settings["env"])
    for descriptor in (0, 1):
        os.dup2(connection.fileno(), descriptor)
    os.execve(command[0], command, env)


while True:
    ready = select.select([sys.stdin, *listeners], [], [])[0]
    if sys.stdin in ready:
        os.killpg(0, signal.SIGKILL)
    for listener in ready:
        connection = listener.accept()[0]
        if os.fork() == 0:
            try:
                serve(connection, listeners[listener])
            finally:
                os._exit(127)
        connection.close()
