"""One host: what is wanted there, the steps that lead there, and the thread that takes them."""
