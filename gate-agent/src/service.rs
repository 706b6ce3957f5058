//! The service of a hub's folder: a hub for each event that is not over, behind the same sockets; what a hub does is its own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use usher_device::clock::Clock;
use usher_device::folder::{Contents, Enrolled, Folder, FolderError, FolderLock, Forgotten, inherit};
use usher_keys::{EventId, Role, Timestamp};
use usher_protocol::clock::ClockHealth;

use crate::config::Config;
use crate::hub::Hub;
use crate::hub::front::Front;
use crate::hub::listening::Listening;

/// How often the folder is looked at for events that were added.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// How long a hub is still served after its certificate has ended: long enough to be read in red by whoever wonders.
const ENDED_SERVED_MS: u64 = DAY_MS;
/// How often it is looked for events to forget.
const FORGET_EVERY_MS: u64 = 60 * 60 * 1000;
const DAY_MS: u64 = 24 * 60 * 60 * 1000;

/// A running service.
pub struct Service {
    folder: Folder,
    config: Config,
    clock: Clock,
    front: Front,
    hubs: BTreeMap<EventId, Serving>,
    /// Directories that were looked at and are not served.
    passed_over: BTreeSet<PathBuf>,
    /// When it was last looked for events to forget.
    forgot_at: Timestamp,
    _lock: FolderLock,
}

/// A hub that is served.
struct Serving {
    hub: Hub,
    enrolled: Enrolled,
}

impl Service {
    /// Starts the hubs of every event in a folder that is not over. Call it inside a tokio runtime.
    ///
    /// # Errors
    ///
    /// Whatever keeps the only hub, or every hub, from working, with what to do about it.
    pub async fn start(folder: &Folder, config: Config, clock: Clock) -> anyhow::Result<Self> {
        let contents = hubs_of(folder)?;
        let now = clock.now();
        let Some(first) = contents.events.iter().find(|enrolled| !enrolled.is_over(now)) else {
            return Err(nothing_to_serve(contents, folder, now).into());
        };
        let lock = folder.lock()?;
        // The lock is ours now, so whoever wrote that is gone.
        Listening::forget(&folder.top().listening_path());
        let key = first.directory.read_key()?;
        let served = contents.events.iter().filter(|enrolled| !enrolled.is_over(now));
        let events: Vec<EventId> = served.map(|enrolled| enrolled.event).collect();
        let front = Front::open(&config, &key, &folder.top().listening_path(), &events).await?;
        let mut service = Self {
            folder: folder.clone(),
            config,
            clock,
            front,
            hubs: BTreeMap::new(),
            passed_over: BTreeSet::new(),
            forgot_at: Timestamp::default(),
            _lock: lock,
        };
        if let Err(error) = service.start_all(contents).await {
            service.shutdown().await;
            return Err(error);
        }
        Ok(service)
    }

    async fn start_all(&mut self, contents: Contents) -> anyhow::Result<()> {
        let now = self.clock.now();
        for line in contents.listing(now) {
            tracing::info!("{}", line.trim_start());
        }
        for error in &contents.unreadable {
            let error: &dyn std::error::Error = error;
            tracing::error!(error, "an event cannot be served: the others are");
        }
        let mut failed = None;
        for enrolled in contents.events {
            if enrolled.is_over(now) {
                self.passed_over.insert(enrolled.directory.path().to_owned());
            } else if let Err(error) = self.serve(enrolled).await {
                tracing::error!(error = %format!("{error:#}"), "an event cannot be served");
                failed = Some(error);
            }
        }
        match failed {
            Some(error) if self.hubs.is_empty() => Err(error),
            Some(_) | None => self.front.announce(),
        }
    }

    /// Starts the hub of an event; that of an earlier enrolment ends first.
    async fn serve(&mut self, enrolled: Enrolled) -> anyhow::Result<()> {
        if let Some(former) = self.hubs.remove(&enrolled.event) {
            former.hub.shutdown().await;
        }
        let path = enrolled.directory.path().to_owned();
        self.front.doors().expect(enrolled.event);
        let started = Hub::start_behind(
            &mut self.front,
            &enrolled.directory,
            &self.config,
            self.clock.clone(),
        )
        .await;
        match started {
            Ok(hub) => {
                inherit(&hub.services().replica, &self.folder.former_of(&enrolled)?).await;
                self.hubs.insert(enrolled.event, Serving { hub, enrolled });
                Ok(())
            }
            Err(error) => {
                self.passed_over.insert(path);
                self.front.doors().give_up(enrolled.event);
                Err(error)
            }
        }
    }

    /// Serves until cancelled, then ends in good order. Events that are enrolled meanwhile are served too.
    pub async fn run(mut self, stop: CancellationToken) {
        let mut look = tokio::time::interval(LOOK_EVERY);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        while stop.run_until_cancelled(look.tick()).await.is_some() {
            self.follow_folder().await;
        }
        self.shutdown().await;
    }

    /// Starts hubs of events that were added, and ends those of events that have long been over.
    pub async fn follow_folder(&mut self) {
        match self.added() {
            Ok(added) => {
                for enrolled in added {
                    let event = enrolled.event;
                    match self.serve(enrolled).await {
                        Ok(()) => tracing::info!(%event, "an event was added and is served"),
                        Err(error) => {
                            tracing::error!(%event, error = %format!("{error:#}"), "an event that was added cannot be served");
                        }
                    }
                }
            }
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "the folder cannot be looked at for new events");
            }
        }
        let now = self.clock.now();
        let is_past = |serving: &Serving| now.since_ms(serving.until()) > ENDED_SERVED_MS;
        let past: Vec<_> = self.hubs.extract_if(.., |_, serving| is_past(serving)).collect();
        for (event, serving) in past {
            tracing::info!(%event, "the event is over and is served no more");
            self.passed_over
                .insert(serving.enrolled.directory.path().to_owned());
            serving.hub.shutdown().await;
            self.front.doors().give_up(event);
        }
        if self.knows_the_time() && now.since_ms(self.forgot_at) > FORGET_EVERY_MS {
            self.forgot_at = now;
            self.forget(now);
        }
    }

    /// Tells whether the cloud is linked and agrees with our clock: by a wrong one, what is needed tomorrow is long over.
    fn knows_the_time(&self) -> bool {
        self.hubs().any(|hub| {
            let services = hub.services();
            let is_linked = !services.links.of_role(Role::Cloud).is_empty();
            is_linked && services.replica.clock_health() == ClockHealth::Right
        })
    }

    /// Removes what is long over and the cloud holds.
    fn forget(&self, now: Timestamp) {
        let after_ms = self.config.forget_after_days * DAY_MS;
        if after_ms == 0 {
            return;
        }
        match self
            .folder
            .forget(after_ms, now, |event| self.hubs.contains_key(&event))
        {
            Ok(forgotten) => {
                for Forgotten { event, records } in forgotten {
                    tracing::info!(%event, records, "an event that is long over was forgotten: the cloud holds all of it");
                }
            }
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "what is long over cannot be removed");
            }
        }
    }

    /// Returns the events that came into the folder since it was last looked at.
    fn added(&mut self) -> Result<Vec<Enrolled>, FolderError> {
        let mut added = Vec::new();
        for place in self.folder.directories()? {
            let path = place.directory.path();
            let is_served = self
                .hubs
                .values()
                .any(|serving| serving.enrolled.directory.path() == path);
            if is_served || self.passed_over.contains(path) {
                continue;
            }
            // One that is not finished is looked at again; one that cannot be read may just be written.
            let Ok(Some(enrolled)) = place.read() else {
                continue;
            };
            let former = self.hubs.get(&enrolled.event).map(|serving| &serving.enrolled);
            let is_news = former.is_none_or(|former| former.is_before(&enrolled));
            if is_news && enrolled.role == Role::Hub && !enrolled.is_over(self.clock.now()) {
                added.push(enrolled);
            } else {
                self.passed_over.insert(path.to_owned());
            }
        }
        Ok(added)
    }

    /// Returns the hubs that are served, by their events.
    pub fn hubs(&self) -> impl Iterator<Item = &Hub> {
        self.hubs.values().map(|serving| &serving.hub)
    }

    /// Returns how to reach the service.
    pub fn listening(&self) -> &Listening {
        self.front.listening()
    }

    /// Says what is set up so that it should not stay.
    pub fn warnings(&self) -> Vec<&'static str> {
        self.config.warnings()
    }

    /// Lets what is under way finish, hands the last records on, says goodbye to everyone, and closes the replicas.
    pub async fn shutdown(mut self) {
        self.front.shut().await;
        let hubs = self.hubs.into_values();
        let ending: JoinSet<()> = hubs.map(|serving| serving.hub.shutdown()).collect();
        ending.join_all().await;
        self.front.close().await;
    }
}

impl Serving {
    /// When the hub's certificate ends, renewed or not.
    fn until(&self) -> Timestamp {
        self.hub.services().replica.certificate().window.until
    }
}

/// Looks into a folder for the hubs in it; a scanner's certificate is none.
fn hubs_of(folder: &Folder) -> Result<Contents, FolderError> {
    let mut contents = folder.contents()?;
    contents.keep(Role::Hub, folder)?;
    Ok(contents)
}

fn nothing_to_serve(contents: Contents, folder: &Folder, now: Timestamp) -> FolderError {
    if contents.events.is_empty() {
        return contents.none(folder);
    }
    FolderError::AllOver {
        listing: contents.listing(now),
    }
}

#[cfg(test)]
mod tests;
