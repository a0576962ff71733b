"""The direct path: ipykernel's own kernel class in this process, with a log where ZeroMQ was. Imports of ipykernel are inside functions."""
