//! A cable between programs and a database: pulled out, what is said on it is neither heard nor refused, as of a machine that has come to
//! a stand; put in again, what was open on it is broken.

use std::net::SocketAddr;

use anyhow::Context;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

/// One cable; its connections end with it.
pub struct Cable {
    address: SocketAddr,
    is_in: watch::Sender<bool>,
    _carrying: JoinSet<()>,
}

impl Cable {
    /// Lays a cable to the database of a URL, and returns it with the URL by which the database is reached through it.
    pub async fn lay(url: &str) -> anyhow::Result<(Self, String)> {
        let (user, rest) = url.split_once('@').context("a URL with a user")?;
        let (database, name) = rest.split_once('/').context("a URL with a database")?;
        let database: SocketAddr = database.parse()?;
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let (is_in, watched) = watch::channel(true);
        let mut carrying = JoinSet::new();
        carrying.spawn(carry(listener, database, watched));
        let cable = Self {
            address,
            is_in,
            _carrying: carrying,
        };
        let through = format!("{user}@{}/{name}", cable.address);
        Ok((cable, through))
    }

    /// Pulls it out, or puts it in again.
    pub fn plug(&self, is_in: bool) {
        self.is_in.send_replace(is_in);
    }
}

async fn carry(listener: TcpListener, database: SocketAddr, watched: watch::Receiver<bool>) {
    let mut open = JoinSet::new();
    while let Ok((near, _)) = listener.accept().await {
        open.spawn(carry_one(near, database, watched.clone()));
        while open.try_join_next().is_some() {}
    }
}

async fn carry_one(mut near: TcpStream, database: SocketAddr, mut watched: watch::Receiver<bool>) {
    // Whoever connects to a machine that stands is taken by its system and hears nothing.
    if *watched.borrow_and_update()
        && let Ok(mut far) = TcpStream::connect(database).await
    {
        tokio::select! {
            _ = copy_bidirectional(&mut near, &mut far) => return,
            _ = watched.wait_for(|is_in| !is_in) => {}
        }
        // Both ends stay open and say nothing.
        let _ = watched.wait_for(|is_in| *is_in).await;
        return;
    }
    let _ = watched.wait_for(|is_in| *is_in).await;
}
