//! Tests of the link over real sockets on the loopback interface.
