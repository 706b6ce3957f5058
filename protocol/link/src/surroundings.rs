//! What a program finds around it before it serves: ports, names, room on the disk, a clock that is kept, somebody who answers over QUIC; what is
//! said of it is `usher_words::doctor`'s.

use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener, ToSocketAddrs, UdpSocket};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use usher_words::doctor::PortFound;

/// Smallest datagram that opens a QUIC connection (RFC 9000, 14.1).
const FIRST_DATAGRAM_BYTES: usize = 1200;
/// A version that nobody has, so that whoever speaks QUIC answers with those that it has (RFC 9000, 15).
const NO_VERSION: [u8; 4] = [0x1a, 0x2a, 0x3a, 0x4a];
/// How often a datagram that gets no answer is sent.
const TRIES: usize = 3;

/// Tries an address for datagrams.
pub fn udp_port(address: SocketAddr) -> PortFound {
    port(UdpSocket::bind(address))
}

/// Tries an address for streams.
pub fn tcp_port(address: SocketAddr) -> PortFound {
    port(TcpListener::bind(address))
}

fn port<T>(bound: io::Result<T>) -> PortFound {
    match bound.map_err(|error| error.kind()) {
        Ok(_) => PortFound::Free,
        Err(ErrorKind::AddrInUse) => PortFound::Taken,
        Err(ErrorKind::PermissionDenied) => PortFound::Forbidden,
        Err(_) => PortFound::NotHere,
    }
}

/// Returns how many MiB a user who is not root may still write on the disk of a file or folder.
///
/// # Errors
///
/// What the system says, for example of a path that is not there.
pub fn free_mib(path: &Path) -> io::Result<u64> {
    let disk = rustix::fs::statvfs(path)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize) / (1 << 20))
}

/// Tells whether the host of `host:port` has an address.
pub fn is_known(address: &str) -> bool {
    address
        .to_socket_addrs()
        .is_ok_and(|mut found| found.next().is_some())
}

/// Tells whether the system keeps the clock by a time server; `None` where it does not say.
pub fn is_clock_kept() -> Option<bool> {
    let said = Command::new("timedatectl")
        .args(["show", "--property=NTPSynchronized", "--value"])
        .stdin(Stdio::null())
        .output()
        .ok()
        .filter(|said| said.status.success())?;
    match said.stdout.trim_ascii() {
        b"yes" => Some(true),
        b"no" => Some(false),
        _ => None,
    }
}

/// Tells whether any address of `host:port` answers over QUIC within the time. It checks only that datagrams pass.
pub fn answers_quic(address: &str, within: Duration) -> bool {
    let found = address.to_socket_addrs().into_iter().flatten();
    found
        .into_iter()
        .any(|address| answers(address, within).unwrap_or(false))
}

fn answers(address: SocketAddr, within: Duration) -> io::Result<bool> {
    let own: SocketAddr = if address.is_ipv4() {
        ([0, 0, 0, 0], 0).into()
    } else {
        ([0_u16; 8], 0).into()
    };
    let socket = UdpSocket::bind(own)?;
    socket.connect(address)?;
    socket.set_read_timeout(Some(within))?;
    for _ in 0..TRIES {
        socket.send(&opening())?;
        let mut answer = [0; FIRST_DATAGRAM_BYTES];
        match socket.recv(&mut answer) {
            // A long header of version 0 lists the versions of whoever sent it.
            Ok(bytes) => return Ok(bytes > 5 && answer[0] & 0x80 != 0 && answer[1..5] == [0; 4]),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(false)
}

/// Returns a first datagram in a version that there is not.
fn opening() -> Vec<u8> {
    let mut datagram = vec![0xc0];
    datagram.extend(NO_VERSION);
    for connection_id in [*b"usherask", *b"whoisthe"] {
        datagram.push(8);
        datagram.extend(connection_id);
    }
    datagram.resize(FIRST_DATAGRAM_BYTES, 0);
    datagram
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use usher_keys::SecretKey;

    use super::*;
    use crate::Endpoint;

    #[test]
    fn a_port_is_free_taken_or_not_of_this_machine() {
        let taken = UdpSocket::bind("127.0.0.1:0").unwrap();
        assert_eq!(udp_port(taken.local_addr().unwrap()), PortFound::Taken);
        assert_eq!(udp_port(([127, 0, 0, 1], 0).into()), PortFound::Free);
        // 192.0.2.0/24 is for documents and nobody's (RFC 5737).
        assert_eq!(tcp_port(([192, 0, 2, 1], 0).into()), PortFound::NotHere);
    }

    #[test]
    fn a_folder_has_room_and_one_that_is_not_there_has_none() {
        assert!(free_mib(Path::new("/")).unwrap() > 0);
        assert!(free_mib(Path::new("/nothing/of/that/name")).is_err());
    }

    #[test]
    fn a_name_that_is_nobodys_is_not_known() {
        assert!(is_known("127.0.0.1:4810"));
        assert!(!is_known("nobody.invalid:4810"));
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn an_endpoint_answers_and_whoever_says_nothing_does_not() {
        let key = SecretKey::from_seed(&[3; 32]);
        let endpoint = Endpoint::bind((Ipv4Addr::LOCALHOST, 0).into(), &key).unwrap();
        let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
        let addresses = [endpoint.local_addr(), silent.local_addr().unwrap()];
        let asked = addresses.map(|address| {
            tokio::task::spawn_blocking(move || {
                answers_quic(&address.to_string(), Duration::from_millis(500))
            })
        });
        let [answered, unanswered] = asked;
        assert!(answered.await.unwrap());
        assert!(!unanswered.await.unwrap());
    }
}
