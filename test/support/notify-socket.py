# Stands in for systemd: receives the datagrams of sd_notify and prints each assignment as a line.
import socket, sys
name = sys.argv[1]
line = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
line.bind('\0' + name[1:] if name.startswith('@') else name)
print('listening', flush=True)
while True:
    for assignment in line.recv(65536).decode().splitlines():
        print(assignment, flush=True)
