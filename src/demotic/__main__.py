"""`python -m demotic`."""

from demotic.cli import main

if __name__ == "__main__":
    main()
