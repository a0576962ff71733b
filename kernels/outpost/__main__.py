"""python outpost up|attach|serve BASE. As a folder or as a zipapp; see PROTOCOL.md §8 and README.md."""

import os
import sys

if sys.version_info < (3, 9):
    sys.exit('The outpost needs Python 3.9 or newer; this is %d.%d.' % sys.version_info[:2])


def main() -> None:
    from updraft_outpost.command_line import main as run

    # from here on only the package's own __path__ is used: nothing of ours may stand before the user's modules
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [p for p in sys.path if os.path.abspath(p or '.') != here]
    run(sys.argv[1:])


if __name__ == '__main__':
    main()
