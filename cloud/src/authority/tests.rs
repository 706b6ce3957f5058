//! The authority as a whole: it survives restarts and failed writes, and a hub follows it over a real link.
