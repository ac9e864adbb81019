"""How does `python -m service.cli` start? Like `jiban`."""

from service.cli import main

if __name__ == "__main__":
    main()
