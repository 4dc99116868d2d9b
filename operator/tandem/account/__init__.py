"""Pure: what a person is told of a model, what can be done about it, and whom to call."""
