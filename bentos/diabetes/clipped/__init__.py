"""A version that cuts what is unusual down to what is usual, and so takes the worst off for hardly worse than most."""
