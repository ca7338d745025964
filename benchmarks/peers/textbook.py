"""Add two numbers for each frame on stdin, in one of 16 threads."""
import json
import struct
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

write_lock = threading.Lock()


def add(value):
    return value["a"] + value["b"]


def answer(message):
    body = json.dumps({"id": message["id"], "result": add(message["args"])}).encode()
    with write_lock:
        sys.stdout.buffer.write(struct.pack(">I", len(body)))
        sys.stdout.buffer.write(body)
        sys.stdout.buffer.flush()


with ThreadPoolExecutor(16) as threads:
    while header := sys.stdin.buffer.read(4):
        (length,) = struct.unpack(">I", header)
        threads.submit(answer, json.loads(sys.stdin.buffer.read(length)))
