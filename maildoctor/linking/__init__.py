"""What the run-time loader would say of a plug-in, told from files alone: nothing is loaded and nothing is run.

`elf` reads one file; `closure` looks for its libraries and symbols as the loader does, and prints the outcome the way
`file` and `ldd -r` do.
"""
