"""Runs a program that wants a terminal in one that nobody looks at. Arguments: the program and its arguments."""

import os
import pty
import sys


def unseen(terminal):
    os.read(terminal, 65536)
    return b" "


sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:], unseen)))
