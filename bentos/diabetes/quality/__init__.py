"""What every version of Diabetes is asked before any caller's request reaches it."""
