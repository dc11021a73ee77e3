"""`python -m convalesce`."""

from convalesce.cli import main

if __name__ == "__main__":
    main()
