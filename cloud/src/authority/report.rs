//! Words for people: what the logs say of admissions and incidents; nothing is decided here.
