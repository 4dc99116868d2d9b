"""The state machine of a rollout: values in, a decision out; no clock, client or randomness."""
