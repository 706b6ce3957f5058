//! The baseline of the seat maps: an axum server that does nothing but give out the same bytes, in a process of its own.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::Context;
use axum::Router;
use axum::body::Bytes;
use axum::http::header;
use axum::routing::get;
use tokio::net::TcpListener;
use usher_tests::stage::patience::until;

/// In the environment of the process that is to be one: the folder it serves.
pub const FOLDER: &str = "BARE_SERVER_FOLDER";
/// The body it gives out, in the folder.
const BODY: &str = "body";
/// Where it says where it serves, in the folder.
const ADDRESS: &str = "address";

/// A bare server; dropped means killed.
pub struct Bare {
    child: Child,
    /// Where it serves.
    pub address: SocketAddr,
}

impl Bare {
    /// Starts one that answers every GET of `/` with these bytes, as gzipped JSON.
    pub async fn start(folder: &Path, body: &[u8]) -> anyhow::Result<Self> {
        fs::write(folder.join(BODY), body)?;
        let this = std::env::current_exe().context("asking for the path of this program")?;
        let child = Command::new(this)
            .env(FOLDER, folder)
            .stdin(Stdio::null())
            .spawn()
            .context("starting a bare server")?;
        let mut bare = Self {
            child,
            address: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
        };
        bare.address = until("a bare server", async || {
            let text = fs::read_to_string(folder.join(ADDRESS)).ok();
            Ok(text.and_then(|text| text.parse().ok()))
        })
        .await?;
        Ok(bare)
    }

    /// Returns the id of its process.
    pub fn id(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        // Errors mean that it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Is such a server until killed.
pub async fn serve(folder: &Path) -> anyhow::Result<()> {
    let body = Bytes::from(fs::read(folder.join(BODY))?);
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CONTENT_ENCODING, "gzip"),
    ];
    let router = Router::new().route("/", get(async move || (headers, body)));
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let new = folder.join("address.new");
    fs::write(&new, listener.local_addr()?.to_string())?;
    fs::rename(new, folder.join(ADDRESS))?;
    Ok(axum::serve(listener, router).await?)
}
