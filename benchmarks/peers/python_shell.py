"""Add two numbers for each line on stdin."""
import json
import sys

for line in sys.stdin:
    value = json.loads(line)
    print(json.dumps(value["a"] + value["b"]), flush=True)
