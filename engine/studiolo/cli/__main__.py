"""`python -m studiolo.cli`: the command line without an installed script."""

from studiolo.cli.main import main

if __name__ == "__main__":
    main()
