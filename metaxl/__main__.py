"""Run `python -m metaxl`."""

import sys

from metaxl.cli.main import main

sys.exit(main())
