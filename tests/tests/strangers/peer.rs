//! A hand-made peer: QUIC with a raw key or without one, and whatever bytes one likes. It shares nothing with our link but
//! what docs/PROTOCOL.md says.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{Connection, ConnectionError, Endpoint, RecvStream, SendStream};
use rustls::client::AlwaysResolvesClientRawPublicKeys;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring, verify_tls13_signature_with_raw_key};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rustls::sign::CertifiedKey;
use rustls::{ClientConfig, DigitallySignedStruct, Error, SignatureScheme, version};
use tokio::time::timeout;
use usher_keys::{EventId, SecretKey};
use usher_protocol::request::{self, MAX_REQUEST_BYTES, Reply, Request, Response};
use usher_protocol::sync::{MAX_FRAME_BYTES, Message};

/// What stands in front of the 32 key bytes in a SubjectPublicKeyInfo (RFC 8410).
const SPKI_PREFIX: [u8; 12] = [
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
];
/// What a stream of a session begins with, before the event.
const MAGIC: [u8; 2] = [b'U', 1];
/// Far more than any answer takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Returns a socket at an address of this machine: each counts as a machine of its own.
pub fn socket(from: [u8; 4]) -> anyhow::Result<Endpoint> {
    Ok(Endpoint::client((Ipv4Addr::from(from), 0).into())?)
}

/// Connects with a key, or without one.
pub async fn dial(socket: &Endpoint, key: Option<&SecretKey>, to: SocketAddr) -> anyhow::Result<Connection> {
    let tls = QuicClientConfig::try_from(tls(key)?)?;
    let config = quinn::ClientConfig::new(Arc::new(tls));
    let dialing = socket.connect_with(config, to, "usher.invalid")?;
    Ok(timeout(PATIENCE, dialing)
        .await
        .context("the handshake hangs")??)
}

/// A connection with its main stream.
pub struct Peer {
    pub connection: Connection,
    pub send: SendStream,
    recv: RecvStream,
}

/// What a peer was told until the end.
#[derive(Debug)]
pub struct Told {
    pub messages: Vec<Message>,
    /// The code the connection was closed with.
    pub code: u64,
}

impl Peer {
    /// Connects and names the event.
    pub async fn knock(
        socket: &Endpoint,
        key: &SecretKey,
        (to, event): (SocketAddr, EventId),
    ) -> anyhow::Result<Self> {
        let connection = dial(socket, Some(key), to).await?;
        let (mut send, recv) = connection.open_bi().await?;
        send.write_all(&[MAGIC.as_slice(), &event.0].concat()).await?;
        Ok(Self {
            connection,
            send,
            recv,
        })
    }

    /// Says something.
    pub async fn say(&mut self, message: &Message) -> anyhow::Result<()> {
        Ok(self.send.write_all(&frame(&message.to_bytes())).await?)
    }

    /// Hears the next message.
    pub async fn hear(&mut self) -> anyhow::Result<Message> {
        let heard = timeout(PATIENCE, read_frame(&mut self.recv, MAX_FRAME_BYTES)).await;
        let bytes = heard.context("nothing is said")??;
        Message::from_bytes(&bytes).map_err(|error| anyhow!("no message: {error}"))
    }

    /// Asks on a stream of its own; `None` when the other side closes it without an answer.
    pub async fn ask(&self, request: &Request) -> anyhow::Result<Option<Response>> {
        let Ok((mut send, mut recv)) = self.connection.open_bi().await else {
            return Ok(None);
        };
        if send.write_all(&frame(&request::to_bytes(request))).await.is_err() {
            return Ok(None);
        }
        loop {
            let reply = timeout(PATIENCE, read_frame(&mut recv, MAX_REQUEST_BYTES)).await;
            let Ok(bytes) = reply.context("neither an answer nor an end")? else {
                return Ok(None);
            };
            match request::from_bytes(&bytes).map_err(|error| anyhow!("no answer: {error}"))? {
                Reply::Working => {}
                Reply::Done(response) => return Ok(Some(response)),
                Reply::Told(_) | Reply::Corrected(_) => {
                    anyhow::bail!("an answer to what was not asked")
                }
            }
        }
    }

    /// Listens until the other side closes the connection.
    pub async fn hear_out(mut self) -> anyhow::Result<Told> {
        let mut messages = Vec::new();
        while let Ok(message) = self.hear().await {
            messages.push(message);
        }
        let closed = timeout(PATIENCE, self.connection.closed()).await;
        let end = closed.context("the connection stays open")?;
        let ConnectionError::ApplicationClosed(close) = end else {
            bail!("closed otherwise: {end}");
        };
        let code = close.error_code.into_inner();
        Ok(Told { messages, code })
    }
}

/// Puts the length in front.
pub fn frame(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len()).expect("a message is far below 4 GiB");
    [length.to_le_bytes().as_slice(), body].concat()
}

async fn read_frame(recv: &mut RecvStream, most: usize) -> anyhow::Result<Vec<u8>> {
    let mut length = [0; 4];
    recv.read_exact(&mut length).await?;
    let length = u32::from_le_bytes(length) as usize;
    anyhow::ensure!(length <= most, "a frame of {length} bytes");
    let mut body = vec![0; length];
    recv.read_exact(&mut body).await?;
    Ok(body)
}

fn tls(key: Option<&SecretKey>) -> anyhow::Result<ClientConfig> {
    let provider = Arc::new(ring::default_provider());
    let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&version::TLS13])?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anyone(Arc::clone(&provider))));
    let mut config = match key {
        None => config.with_no_client_auth(),
        Some(key) => {
            let der = key.to_pkcs8_der();
            let der = PrivateKeyDer::Pkcs8(der.to_vec().into());
            let signer = provider.key_provider.load_private_key(der)?;
            let spki = [SPKI_PREFIX.as_slice(), &key.public().0].concat();
            let shown = CertifiedKey::new(vec![CertificateDer::from(spki)], signer);
            config
                .with_client_cert_resolver(Arc::new(AlwaysResolvesClientRawPublicKeys::new(Arc::new(shown))))
        }
    };
    config.alpn_protocols = vec![b"usher/1".to_vec()];
    Ok(config)
}

/// Believes whoever answers.
#[derive(Debug)]
struct Anyone(Arc<CryptoProvider>);

impl ServerCertVerifier for Anyone {
    fn verify_server_cert(
        &self,
        _end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _message: &[u8],
        _cert: &CertificateDer<'_>,
        _dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General("there is no TLS 1.2 in QUIC".to_owned()))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let key = SubjectPublicKeyInfoDer::from(cert.as_ref());
        verify_tls13_signature_with_raw_key(message, &key, dss, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}
