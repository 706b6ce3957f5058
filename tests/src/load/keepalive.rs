//! One HTTP connection of the load generator, kept open: as little work as can be, so that the figures are the server's. It
//! reads only answers that say their length.

use std::net::{Ipv4Addr, SocketAddr};

use anyhow::{Context, ensure};
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

/// Bytes asked of the socket at once: a whole answer of the API, a good part of a seat map.
const READ_BYTES: usize = 64 * 1024;
/// Most bytes of an answer's head.
const MAX_HEAD_BYTES: usize = 8 * 1024;

/// A connection.
#[derive(Debug)]
pub struct KeptOpen {
    stream: TcpStream,
    /// What was read and not yet used up.
    buffer: Vec<u8>,
    /// How much of the buffer the answer before has used.
    used: usize,
}

/// What the server answered.
#[derive(Debug, Clone, Copy)]
pub struct Answer<'a> {
    pub status: u16,
    head: &'a [u8],
    pub body: &'a [u8],
}

impl<'a> Answer<'a> {
    /// Reads the body as JSON; goes on only with that status.
    ///
    /// # Errors
    ///
    /// Any other status, with what the server says about it, and a body of another shape.
    pub fn json<T: Deserialize<'a>>(&self, status: u16) -> anyhow::Result<T> {
        ensure!(
            self.status == status,
            "expected {status}, the answer was {}: {}",
            self.status,
            String::from_utf8_lossy(self.body)
        );
        serde_json::from_slice(self.body).context("an answer is of another shape")
    }

    /// Returns a header.
    pub fn header(&self, name: &str) -> Option<&'a str> {
        std::str::from_utf8(self.head)
            .ok()
            .and_then(|head| header(head, name))
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    let mut headers = head.split("\r\n").filter_map(|line| line.split_once(':'));
    let (_, value) = headers.find(|(other, _)| other.eq_ignore_ascii_case(name))?;
    Some(value.trim())
}

impl KeptOpen {
    /// Connects.
    ///
    /// # Errors
    ///
    /// When nobody is there.
    pub async fn connect(address: SocketAddr) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address)
            .await
            .with_context(|| format!("connecting to {address}"))?;
        Self::over(stream)
    }

    /// Connects as one of many clients of this machine: each has an address of its own in a network of its own, as buyers mostly do.
    ///
    /// # Errors
    ///
    /// When nobody is there.
    pub async fn connect_as(client: u16, server: SocketAddr) -> anyhow::Result<Self> {
        let [high, low] = client.to_be_bytes();
        let socket = TcpSocket::new_v4()?;
        socket.bind(SocketAddr::from((Ipv4Addr::new(127, high, low, 1), 0)))?;
        let stream = socket.connect(server).await;
        Self::over(stream.with_context(|| format!("connecting to {server}"))?)
    }

    fn over(stream: TcpStream) -> anyhow::Result<Self> {
        stream.set_nodelay(true)?;
        Ok(Self {
            stream,
            buffer: Vec::with_capacity(2 * READ_BYTES),
            used: 0,
        })
    }

    /// Sends a request and reads its answer.
    ///
    /// # Errors
    ///
    /// When the connection is lost or the answer cannot be read.
    pub async fn exchange(&mut self, request: &[u8]) -> anyhow::Result<Answer<'_>> {
        self.buffer.drain(..self.used);
        self.used = 0;
        self.stream.write_all(request).await?;
        let head = loop {
            if let Some(head) = Head::parse(&self.buffer)? {
                break head;
            }
            ensure!(
                self.buffer.len() <= MAX_HEAD_BYTES,
                "the head of an answer does not end"
            );
            self.read().await?;
        };
        let end = head.bytes + head.body_bytes;
        while self.buffer.len() < end {
            self.read().await?;
        }
        self.used = end;
        Ok(Answer {
            status: head.status,
            head: &self.buffer[..head.bytes],
            body: &self.buffer[head.bytes..end],
        })
    }

    async fn read(&mut self) -> anyhow::Result<()> {
        self.buffer.reserve(READ_BYTES);
        let read = self.stream.read_buf(&mut self.buffer).await?;
        ensure!(read > 0, "the server closed a connection that was to be kept");
        Ok(())
    }
}

/// The head of an answer.
struct Head {
    status: u16,
    bytes: usize,
    body_bytes: usize,
}

impl Head {
    /// Reads a head, if it is all there.
    fn parse(bytes: &[u8]) -> anyhow::Result<Option<Self>> {
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else {
            return Ok(None);
        };
        let text = std::str::from_utf8(&bytes[..end]).context("a head is text")?;
        let status = text
            .split(' ')
            .nth(1)
            .and_then(|status| status.parse().ok())
            .context("a head begins with a status")?;
        let body_bytes = match header(text, "content-length") {
            Some(length) if status != 304 => length.parse().context("a length is a number")?,
            Some(_) | None => {
                ensure!(matches!(status, 204 | 304), "an answer does not say its length");
                0
            }
        };
        Ok(Some(Self {
            status,
            bytes: end + 4,
            body_bytes,
        }))
    }
}

/// Puts a GET together; `more` are further header lines, each with its line end.
pub fn get(path: &str, more: &str) -> Vec<u8> {
    format!("GET {path} HTTP/1.1\r\nhost: bench\r\n{more}\r\n").into_bytes()
}

/// Puts a POST of JSON together; `more` are further header lines, each with its line end.
pub fn post(path: &str, more: &str, body: &str) -> Vec<u8> {
    let bytes = body.len();
    let length = format!("content-type: application/json\r\ncontent-length: {bytes}\r\n");
    format!("POST {path} HTTP/1.1\r\nhost: bench\r\n{length}{more}\r\n{body}").into_bytes()
}
