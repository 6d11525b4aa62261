"""The lab: real mail servers in throw-away root file systems, and faults to break them with.

A host of the lab is a stack of three layers: the packages as the distribution ships them, the healthy configuration
(`sendmail.sh`, `postfix.sh`) and a layer in memory that is thrown away. It has namespaces of its own (mount, pid, net,
uts, ipc), so it sees and changes nothing of the machine it runs on, and nothing of it outlives it.

    python -m tests.lab list                            the faults
    python -m tests.lab run mech-not-trusted -- CMD     break a host that way and run CMD inside
    python -m tests.lab prove                           is every fault real, does its fixing fix?
    python -m tests.lab record [FOLDER...]              make the recordings in fixtures/ anew
"""
