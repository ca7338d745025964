"""Starts the worker from wherever its files were put, without leaving a trace on the import path.

Kept tiny: a script is compiled anew at every start, a module is not. `multiprocessing` runs this
file again in the children it spawns, as `__mp_main__`; they get the package, for functions that
import it, and no worker.
"""

import os
import sys


def load() -> None:
    """Import the package from beside this file; the folder does not stay on `sys.path`."""
    folder = os.path.dirname(os.path.abspath(__file__))
    sys.path.insert(0, folder)
    try:
        __import__("pyferry.__main__")
    finally:
        sys.path.remove(folder)


if __name__ in ("__main__", "__mp_main__"):
    load()
if __name__ == "__main__":
    sys.modules["pyferry.__main__"].main(sys.argv[1:])
