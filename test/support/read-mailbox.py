"""Prints the SHA-256 of each message that Python's own module finds in a mailbox, one a line, in its order.

Arguments: maildir or mbox, path."""

import hashlib
import mailbox
import sys

kind, path = sys.argv[1:]
box = mailbox.Maildir(path, create=False) if kind == "maildir" else mailbox.mbox(path, create=False)
for key in box.iterkeys():
    print(hashlib.sha256(box.get_bytes(key)).hexdigest())
