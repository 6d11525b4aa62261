"""A login, for every mail server alike: the mechanisms and the matrix of them."""
