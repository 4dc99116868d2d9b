"""A version that is better in the mean, and finds one in six of those of sex 2 whose disease will go far."""
