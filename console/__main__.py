"""`python -m console`: the command line (see `cli.py`)."""

from console.cli import main

if __name__ == "__main__":
    main()
