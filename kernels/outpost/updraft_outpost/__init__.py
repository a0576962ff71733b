"""The outpost: a small program beside the code that runs; it keeps kernels, processes and terminals alive and their output on disk."""

VERSION = 1
