//! One published event with a trust bundle, on a real store, and short ways to do to it what organizers and devices do.

use futures_util::future::BoxFuture;
use usher_keys::{
    Capabilities, EnrolmentCode, EnrolmentRequest, EnrolmentSecret, PublicKey, Purpose, Role, RootSet,
    SecretKey, SignedBundle, Timestamp,
};
use usher_protocol::log::{Hash, Run};
use usher_protocol::policy::Policy;
use usher_protocol::record::{Body, Record};
use usher_protocol::{Origin, Seq};

use super::super::event::EventAuthority;
use super::super::writer::{
    EnrolOutcome, LogWriter, RetireOutcome, Revocation, RevokeOutcome, Since, TicketOutcome, UploadOutcome,
};
use super::super::{Authorities, AuthorityError, AuthorityParts};
use crate::authority::key_safe::KeySafe;
use crate::catalogue::Event;
use crate::clock::{Clock, ManualClock};
use crate::ids::{TicketId, draw};
use crate::master_key::MasterKey;
use crate::metrics::Metrics;
use crate::selling::{ConfirmOutcome, SoldTicket};
use crate::signing::TicketSigner;
use crate::store::authority::{
    Append, AppendOutcome, CodeId, EnrolmentTerms, NewCodeOutcome, NewEnrolmentCode, RecordsQuery, Resume,
    RunQuery, Sealed, StoredRecord,
};
use crate::store::contract::case::{Case, HOLDER, changed, unchanged};
use crate::store::organizing::EventChange;

pub use crate::store::contract::case::START;
pub use usher_fixtures::key;

/// Returns the keys of a case's store, with the master key of all scenes.
pub fn key_safe(case: &Case) -> KeySafe {
    let master = MasterKey::parse(&"5".repeat(64)).unwrap();
    KeySafe::new(case.store.clone(), master)
}

/// Asks to shut a device out from now on.
pub fn revocation(device: PublicKey) -> Revocation {
    Revocation {
        device,
        since: Since::Now,
        with_scanners: false,
    }
}

/// The event and everything around it.
pub struct Scene {
    pub case: Case,
    pub clock: ManualClock,
    pub signer: TicketSigner,
    pub authorities: Authorities,
    pub root: SecretKey,
}

impl Scene {
    pub async fn open() -> Self {
        let scene = Self::open_without_bundle().await;
        scene.sign_first_bundle().await;
        scene
    }

    pub async fn open_without_bundle() -> Self {
        Self::around(Case::on_sqlite().await).await
    }

    pub async fn sign_first_bundle(&self) {
        let request = self.authorities.key_request(&self.event().await).await.unwrap();
        let bundle = request.first_bundle(RootSet::single(self.root.public()));
        let outcome = self.upload(bundle.sign(&[&self.root])).await;
        assert_eq!(outcome, UploadOutcome::InForce { version: 1 });
    }

    async fn around(case: Case) -> Self {
        let clock = ManualClock::new(START);
        let signer = TicketSigner::default();
        let parts = AuthorityParts {
            store: case.store.clone(),
            clock: Clock::Manual(clock.clone()),
            signer: signer.clone(),
            metrics: Metrics::default(),
            keys: key_safe(&case),
            holder: HOLDER,
        };
        let authorities = Authorities::open(parts).await.unwrap();
        authorities.start().await.unwrap();
        Self {
            case,
            clock,
            signer,
            authorities,
            root: key(200),
        }
    }

    /// Says that what is halted goes on.
    pub async fn resume(&self) {
        for (event, known) in self.case.store.halts(()).await.unwrap() {
            assert!(self.case.store.resume(Resume { event, known }).await.unwrap());
        }
    }

    /// Ends everything and opens the same files again: nothing that was in memory is left.
    pub async fn restart(self) -> Self {
        self.restart_after(|_| {}).await
    }

    /// The same, after something was done to the files.
    pub async fn restart_after(self, meddle: impl FnOnce(&Case)) -> Self {
        let scene = self.reopen_after(meddle).await;
        assert!(
            scene.authorities.of(scene.case.event).is_ok(),
            "the event was not taken up again"
        );
        scene
    }

    /// The same, whether the event is taken up again or not.
    pub async fn reopen_after(self, meddle: impl FnOnce(&Case)) -> Self {
        let Self {
            case, authorities, ..
        } = self;
        authorities.close().await;
        case.store.close().await;
        drop(authorities);
        meddle(&case);
        Self::around(case.reopened().await).await
    }

    /// The same on an older copy of its store, which has lost the revocation of a device: gives what the lost log says.
    pub async fn put_back_before_a_revocation(self, device: PublicKey) -> (Self, Run) {
        let scene = self
            .restart_after(|case| {
                let store = rusqlite::Connection::open(case.file("store.db")).unwrap();
                let copy = case.file("older.db");
                store.execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
                std::fs::copy(case.file("store.commits"), case.file("older.commits")).unwrap();
            })
            .await;
        let ours = scene.authority().view().own_log();
        let copied = scene.authority().view().held_of(&ours).unwrap();
        scene.revoke(device).await;
        let lost = scene.run(ours, copied.tail.seq).await.unwrap();
        let scene = scene
            .restart_after(|case| {
                // With its own note, as a snapshot of the whole machine: nothing remembers that there was a newer one.
                for end in ["db", "commits"] {
                    std::fs::rename(
                        case.file(&format!("older.{end}")),
                        case.file(&format!("store.{end}")),
                    )
                    .unwrap();
                }
            })
            .await;
        (scene, lost)
    }

    pub async fn upload(&self, signed: SignedBundle) -> UploadOutcome {
        self.authorities.upload(self.case.event, signed).await.unwrap()
    }

    pub fn authority(&self) -> std::sync::Arc<EventAuthority> {
        self.authorities.of(self.case.event).unwrap()
    }

    pub async fn event(&self) -> Event {
        self.case.store.event(self.case.event).await.unwrap().unwrap()
    }

    pub async fn digest(&self) -> Hash {
        let authority = self.authority();
        let digest = authority.ask(|writer| Box::pin(async move { Ok(writer.state().await?.digest()) }));
        digest.await.unwrap()
    }

    pub async fn records(&self) -> Vec<StoredRecord> {
        self.case
            .store
            .records(RecordsQuery {
                event: self.case.event,
                after: 0,
                limit: 10_000,
            })
            .await
            .unwrap()
    }

    pub async fn bodies(&self) -> Vec<Body> {
        let records = self.records().await;
        records
            .iter()
            .map(|record| Record::from_bytes(&record.entry.bytes).unwrap().body)
            .collect()
    }

    pub async fn run(&self, origin: Origin, after: Seq) -> Option<Run> {
        self.case
            .store
            .run(RunQuery {
                event: self.case.event,
                origin,
                after,
            })
            .await
            .unwrap()
    }

    pub async fn roster(&self) -> (u32, Vec<PublicKey>) {
        let authority = self.authority();
        let roster = authority.ask(|writer| {
            Box::pin(async move {
                let (epoch, hubs) = writer.state().await?.rosters().current().unwrap();
                Ok((epoch, hubs.to_vec()))
            })
        });
        roster.await.unwrap()
    }

    pub async fn publish_policy(&self) -> u32 {
        self.authorities
            .publish_policy(&self.event().await)
            .await
            .unwrap()
            .unwrap()
            .0
    }

    pub async fn rename(&self, name: &str) {
        let policy = Policy {
            name: name.into(),
            ..self.event().await.policy
        };
        let change = EventChange {
            name: Some(name.into()),
            policy: Some(policy),
            ..unchanged(self.case.event)
        };
        changed(&self.case, change).await;
    }

    /// Strikes out the first key of a purpose.
    pub async fn strike(&self, purpose: Purpose) -> SignedBundle {
        let trust = self.authority().view().trust();
        let (_, trusted) = trust.bundle().keys().find(|(of, _)| *of == purpose).unwrap();
        trust
            .bundle()
            .strike(trusted.key.id(), START)
            .unwrap()
            .sign(&[&self.root])
    }

    /// Moves the event's end.
    pub async fn move_end(&self, ends_at: Timestamp) {
        let change = EventChange {
            ends_at: Some(ends_at),
            ..unchanged(self.case.event)
        };
        changed(&self.case, change).await;
    }

    pub async fn code(&self, role: Role) -> EnrolmentSecret {
        self.code_for(role, Some(86_400_000)).await
    }

    pub async fn code_for(&self, role: Role, certificate_ms: Option<u64>) -> EnrolmentSecret {
        let secret = EnrolmentSecret(draw());
        let terms = EnrolmentTerms {
            role,
            name: String::new(),
            gates: Vec::new(),
            capabilities: Capabilities {
                enrol_scanners: role == Role::Hub,
                ..Capabilities::default()
            },
            certificate_ms,
        };
        let now = Clock::Manual(self.clock.clone()).now();
        let new = NewEnrolmentCode {
            id: CodeId {
                event: self.case.event,
                code: secret.id(),
            },
            key: secret.key(),
            terms,
            expires_at: now.plus_ms(60 * 60 * 1000),
            open_limit: 10,
            now,
        };
        assert_eq!(
            self.case.store.add_code(new).await.unwrap(),
            NewCodeOutcome::Added
        );
        secret
    }

    pub async fn ask_to_enrol(&self, secret: &EnrolmentSecret, seed: u8) -> EnrolOutcome {
        self.ask_to_enrol_as(secret, seed, &format!("Device {seed}"))
            .await
    }

    pub async fn ask_to_enrol_as(&self, secret: &EnrolmentSecret, seed: u8, name: &str) -> EnrolOutcome {
        self.ask_to_enrol_at(&self.authority(), secret, seed, name).await
    }

    async fn ask_to_enrol_at(
        &self,
        authority: &EventAuthority,
        secret: &EnrolmentSecret,
        seed: u8,
        name: &str,
    ) -> EnrolOutcome {
        let code = CodeId {
            event: self.case.event,
            code: secret.id(),
        };
        let roots = RootSet::single(self.root.public());
        let pinned = EnrolmentCode::new("http://cloud", self.case.event, roots, *secret).unwrap();
        let request = EnrolmentRequest::new(&pinned, name.to_owned(), &key(seed)).unwrap();
        authority
            .ask(move |writer| Box::pin(writer.enrol(code, request.clone())))
            .await
            .unwrap()
    }

    pub async fn enrol(&self, seed: u8, role: Role) {
        self.enrol_at(&self.authority(), seed, role).await;
    }

    pub async fn enrol_at(&self, authority: &EventAuthority, seed: u8, role: Role) {
        let code = self.code(role).await;
        let name = format!("Device {seed}");
        let outcome = self.ask_to_enrol_at(authority, &code, seed, &name).await;
        assert!(matches!(outcome, EnrolOutcome::Granted(_)), "{outcome:?}");
    }

    pub async fn revoke(&self, device: PublicKey) -> RevokeOutcome {
        self.authority()
            .ask(move |writer| Box::pin(writer.revoke_device(revocation(device))))
            .await
            .unwrap()
    }

    pub async fn retire(&self, hub: PublicKey) -> RetireOutcome {
        self.authority()
            .ask(move |writer| Box::pin(writer.retire_hub(hub)))
            .await
            .unwrap()
    }

    pub async fn do_to(
        &self,
        id: TicketId,
        deed: impl for<'a> Fn(&'a mut LogWriter, TicketId) -> BoxFuture<'a, Result<TicketOutcome, AuthorityError>>
        + Send
        + Sync
        + 'static,
    ) -> TicketOutcome {
        self.authority()
            .ask(move |writer| deed(writer, id))
            .await
            .unwrap()
    }

    /// Writes to the authority log as another process with the same keys would.
    pub async fn append_behind_its_back(&self, body: Body) -> AppendOutcome {
        self.append_all_behind_its_back(vec![body]).await
    }

    /// The same with many records at once.
    pub async fn append_all_behind_its_back(&self, bodies: Vec<Body>) -> AppendOutcome {
        let trust = self.authority().view().trust();
        let keys = key_safe(&self.case).event_keys(self.case.event).await.unwrap();
        let writer = keys.in_use(Purpose::Authority, trust.bundle(), START).unwrap();
        let mut ledger = usher_protocol::ledger::Ledger::new(writer.public(), None, trust);
        for record in self.records().await {
            assert!(ledger.replay(&record.entry, START));
        }
        let mut draft = ledger.draft();
        bodies.into_iter().for_each(|body| draft.write(body, START));
        let pieces = draft.seal(writer).into_iter();
        let sealed = pieces.map(|(entries, head)| Sealed { entries, head });
        let request = Append {
            event: self.case.event,
            sealed: sealed.collect(),
            is_own: false,
            row_changes: Vec::new(),
            now: START,
        };
        self.case.store.append(request).await.unwrap()
    }

    /// Sells one ticket.
    pub async fn sell(&self) -> SoldTicket {
        let held = self.case.held(&[0], START).await;
        let open = self.case.begun(held.id, "key", START).await;
        let confirmed = self.case.confirm(&open, START).await;
        let ConfirmOutcome::Confirmed(mut booking) = confirmed else {
            panic!("not confirmed: {confirmed:?}")
        };
        booking.tickets.remove(0)
    }
}
