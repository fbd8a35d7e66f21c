"""Runs a program in a terminal and answers its questions. Arguments: the answers as JSON, a list of pairs (a text that
the program shows, what is typed then), and the program with its arguments. Prints all that was shown."""

import fcntl
import json
import os
import pty
import re
import select
import struct
import sys
import termios
import time

SECONDS = 40
ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]")


def main():
    answers = json.loads(sys.argv[1])
    child, terminal = pty.fork()
    if child == 0:
        fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 50, 160, 0, 0))
        os.execvp(sys.argv[2], sys.argv[2:])
    shown = b""
    searched = 0
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        ready, _, _ = select.select([terminal], [], [], 0.2)
        if ready:
            try:
                block = os.read(terminal, 65536)
            except OSError:
                break
            if block == b"":
                break
            shown = ESCAPES.sub(b"", shown + block)
        if answers:
            found = shown.find(answers[0][0].encode(), searched)
            # A prompt is drawn before it listens.
            if found >= 0 and not ready:
                searched = len(shown)
                os.write(terminal, answers.pop(0)[1].encode())
    sys.stdout.buffer.write(shown)
    sys.stdout.flush()
    if answers:
        os.kill(child, 9)
    _, status = os.waitpid(child, 0)
    sys.exit(98 if answers else os.waitstatus_to_exitcode(status))


main()
