//! The contract of the store: every operation, with its refusals, on every engine.
