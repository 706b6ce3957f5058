//! The authority of one event as everyone but its writer uses it: ask the writer, or look at what is durable.

use std::future::Future;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_util::sync::CancellationToken;
use usher_keys::{EventId, RootSet};
use usher_protocol::evidence::Evidence;
use usher_protocol::log::Run;
use usher_protocol::sync::{self, Held};

use super::lookup::CodeLookup;
use super::presence::Presence;
use super::view::{AuthorityView, Compared};
use super::writer::{Intake, LogWriter, RACES, WriterCommand};
use super::{AuthorityError, AuthorityParts};
use crate::clock::Clock;
use crate::metrics::Metrics;
use crate::selling::jobs::LeaseHolder;
use crate::store::Store;

/// Commands that may wait for a writer; beyond it sessions and requests wait in line themselves.
const QUEUE: usize = 256;

/// The authority of one event.
pub struct EventAuthority {
    view: Arc<AuthorityView>,
    commands: mpsc::Sender<WriterCommand>,
    /// Says to the writer that others have stored something.
    news: Arc<Notify>,
    presence: Presence,
    /// Finds tickets by their codes.
    pub lookup: CodeLookup,
    /// The time.
    pub clock: Clock,
    /// What is kept.
    pub store: Store,
    /// Who counts.
    pub metrics: Metrics,
    /// This server, as the holder of links.
    pub holder: LeaseHolder,
}

impl EventAuthority {
    /// Takes a writer into service; the future is its work, for the owner of the authorities to run.
    pub fn new(
        parts: &AuthorityParts,
        writer: LogWriter,
        stop: CancellationToken,
    ) -> (Self, impl Future<Output = ()> + Send + use<>) {
        let (commands, queue) = mpsc::channel(QUEUE);
        let AuthorityParts {
            store,
            clock,
            metrics,
            holder,
            ..
        } = parts.clone();
        let view = writer.view();
        let news = Arc::new(Notify::new());
        let authority = Self {
            lookup: CodeLookup::new(store.clone()),
            view,
            commands,
            news: Arc::clone(&news),
            presence: Presence::default(),
            clock,
            store,
            metrics,
            holder,
        };
        (authority, writer.run(queue, news, stop))
    }

    /// Returns the event.
    pub fn event(&self) -> EventId {
        self.view.event()
    }

    /// Returns what is durable.
    pub fn view(&self) -> &Arc<AuthorityView> {
        &self.view
    }

    /// Returns who is linked now.
    pub fn presence(&self) -> &Presence {
        &self.presence
    }

    /// Takes note of how far the event had come in the store at a moment; what is not visible yet is read.
    pub fn hear_of(&self, compared: Compared) {
        if !self.view.confirm(compared) {
            self.news.notify_one();
        }
    }

    /// Has the writer do a piece of work and waits for the end of it. Work that loses a race against another process has changed
    /// nothing, and is done again on what that has stored.
    ///
    /// # Errors
    ///
    /// [`AuthorityError`].
    pub async fn ask<T, W>(&self, work: W) -> Result<T, AuthorityError>
    where
        T: Send + 'static,
        W: for<'a> Fn(&'a mut LogWriter) -> BoxFuture<'a, Result<T, AuthorityError>> + Send + Sync + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let command = WriterCommand::Work(Box::new(move |writer| {
            Box::pin(async move {
                // An error means that the caller no longer waits.
                let _ = reply.send(in_the_end(writer, work).await);
            })
        }));
        self.commands
            .send(command)
            .await
            .map_err(|_| AuthorityError::Closed)?;
        answer.await.map_err(|_| AuthorityError::Closed)?
    }

    /// Has the writer check and store a run that a peer sent.
    ///
    /// # Errors
    ///
    /// [`sync::NotStored`].
    pub async fn take_in(&self, run: Run) -> Result<Held, sync::NotStored> {
        // On another core than the writer's: verifying is most of the work.
        let trust = self.view.trust();
        let verified = tokio::task::spawn_blocking(move || {
            let evidence = Evidence::of(&run, &trust);
            (run, evidence)
        });
        let (run, evidence) = verified.await.map_err(|_| sync::NotStored::Unavailable)?;
        let (reply, answer) = oneshot::channel();
        let intake = Intake { run, evidence, reply };
        let sent = self.commands.send(WriterCommand::Intake(Box::new(intake))).await;
        sent.map_err(|_| sync::NotStored::Unavailable)?;
        answer.await.unwrap_or(Err(sync::NotStored::Unavailable))
    }

    /// Returns the roots a fresh device shall pin: those that vouch for the bundle in force.
    ///
    /// # Errors
    ///
    /// [`AuthorityError`].
    pub async fn pinned_roots(&self) -> Result<RootSet, AuthorityError> {
        let pinned = self.store.trust_bundle(self.event()).await?;
        Ok(pinned.ok_or(AuthorityError::NoBundle)?.roots)
    }
}

async fn in_the_end<T, W>(writer: &mut LogWriter, work: W) -> Result<T, AuthorityError>
where
    W: for<'a> Fn(&'a mut LogWriter) -> BoxFuture<'a, Result<T, AuthorityError>>,
{
    for _ in 1..RACES {
        match work(writer).await {
            // Perhaps another process has taken a new key and not said all anew with it yet.
            Err(AuthorityError::Conflict) => match writer.restate().await {
                Ok(()) | Err(AuthorityError::Conflict) => {}
                Err(error) => return Err(error),
            },
            other => return other,
        }
    }
    work(writer).await
}
