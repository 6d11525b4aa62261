"""SMTP as a client speaks it, without a socket: replies, conversations, their transcript; and one loop that lends many
conversations their sockets.

A conversation is a generator (`script`): it yields what is to be said and is given the reply. `Session` holds one such
conversation, its TLS and its transcript, takes bytes and gives bytes; `drive` is the only module that has sockets.
"""
