//! One published event with a trust bundle, on a real store, and short ways to do to it what organizers and devices do.

use futures_util::future::BoxFuture;
use tempfile::TempDir;
use usher_keys::{
    Capabilities, EnrolmentRequest, EnrolmentSecret, EventId, PublicKey, Purpose, Role, RootSet, SecretKey,
    SignedBundle, Timestamp,
};
use usher_protocol::log::{Hash, Run};
use usher_protocol::policy::{Entry, Gate, Offline, Policy, Tier as PolicyTier, Zone};
use usher_protocol::record::{Body, Record};
use usher_protocol::ticket::TicketFlags;
use usher_protocol::{GateId, Origin, Seq, TierId, Unit, ZoneId};

use super::super::event::EventAuthority;
use super::super::scribe::{
    EnrolOutcome, RetireOutcome, RevokeOutcome, Scribe, TicketOutcome, UploadOutcome,
};
use super::super::{Authorities, AuthorityError, AuthorityParts};
use crate::clock::{Clock, ManualClock};
use crate::ids::{BookingId, OrganizerId, ReservationId, TicketId, VenueId, draw};
use crate::metrics::Metrics;
use crate::signing::TicketSigner;
use crate::store::Store;
use crate::store::authority::{
    Append, AppendOutcome, CodeId, EnrolmentTerms, NewCode, NewCodeOutcome, RecordsQuery, RunQuery, Sealed,
    SecretHash, StoredRecord,
};
use crate::store::catalogue::{Event, Tier};
use crate::store::organizing::{
    AddUnits, EventChange, KeyHash, NewEvent, NewOrganizer, NewUnit, NewVenue, Publish, Venue,
};
use crate::store::selling::{
    BeginBooking, BeginOutcome, Claim, ConfirmBooking, ConfirmOutcome, HoldOutcome, HoldRequest, NewTicket,
    RequestHash, Ticket, TierQuantity,
};

pub const EVENT: EventId = EventId([7; 16]);
pub const START: Timestamp = Timestamp(1_800_000_000_000);
const TIER: TierId = TierId(1);

/// Gives the key of a device.
pub fn key(seed: u8) -> SecretKey {
    SecretKey::from_seed(&[seed; 32])
}

/// The event and everything around it.
pub struct Scene {
    pub store: Store,
    pub clock: ManualClock,
    pub signer: TicketSigner,
    pub authorities: Authorities,
    pub root: SecretKey,
    files: TempDir,
}

impl Scene {
    pub async fn open() -> Self {
        let scene = Self::open_at(tempfile::tempdir().unwrap()).await;
        stock(&scene.store).await;
        let request = scene.authorities.key_request(&scene.event().await).await.unwrap();
        let bundle = request
            .first_bundle(RootSet::single(scene.root.public()))
            .sign(&[&scene.root]);
        let outcome = scene.authorities.upload(EVENT, bundle).await.unwrap();
        assert_eq!(outcome, UploadOutcome::InForce { version: 1 });
        scene
            .store
            .publish(Publish {
                event: EVENT,
                now: START,
            })
            .await
            .unwrap();
        scene
    }

    async fn open_at(files: TempDir) -> Self {
        let clock = ManualClock::new(START);
        let store = Store::open_sqlite(&files.path().join("store.db")).unwrap();
        let signer = TicketSigner::default();
        let parts = AuthorityParts {
            store: store.clone(),
            clock: Clock::Manual(clock.clone()),
            signer: signer.clone(),
            metrics: Metrics::default(),
            data_dir: files.path().to_owned(),
        };
        let authorities = Authorities::open(parts).unwrap();
        authorities.start().await.unwrap();
        Self {
            store,
            clock,
            signer,
            authorities,
            root: key(200),
            files,
        }
    }

    /// Ends everything and opens the same files again: nothing that was in memory is left.
    pub async fn restart(self) -> Self {
        let Self {
            store,
            authorities,
            files,
            ..
        } = self;
        authorities.close().await;
        store.close().await;
        drop((store, authorities));
        let scene = Self::open_at(files).await;
        assert!(
            scene.authorities.of(EVENT).is_ok(),
            "the event was not taken up again"
        );
        scene
    }

    pub fn authority(&self) -> std::sync::Arc<EventAuthority> {
        self.authorities.of(EVENT).unwrap()
    }

    pub async fn event(&self) -> Event {
        self.store.event(EVENT).await.unwrap().unwrap()
    }

    pub async fn digest(&self) -> Hash {
        let authority = self.authority();
        let digest = authority.ask(|scribe| Box::pin(async move { Ok(scribe.state().await?.digest()) }));
        digest.await.unwrap()
    }

    pub async fn records(&self) -> Vec<StoredRecord> {
        self.store
            .records(RecordsQuery {
                event: EVENT,
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
        self.store
            .run(RunQuery {
                event: EVENT,
                origin,
                after,
            })
            .await
            .unwrap()
    }

    pub async fn roster(&self) -> (u32, Vec<PublicKey>) {
        let authority = self.authority();
        let roster = authority.ask(|scribe| {
            Box::pin(async move {
                let (epoch, hubs) = scribe.state().await?.rosters().current().unwrap();
                Ok((epoch, hubs.to_vec()))
            })
        });
        roster.await.unwrap()
    }

    pub async fn decree(&self) -> u32 {
        self.authorities
            .decree(&self.event().await)
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
            event: EVENT,
            name: Some(name.into()),
            description: None,
            starts_at: None,
            ends_at: None,
            reservation_ms: None,
            prices: Vec::new(),
            policy: Some(policy),
        };
        assert!(self.store.change_event(change).await.unwrap());
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

    pub async fn code(&self, role: Role) -> EnrolmentSecret {
        let secret = EnrolmentSecret(draw());
        let terms = EnrolmentTerms {
            role,
            name: String::new(),
            gates: Vec::new(),
            capabilities: Capabilities::default(),
            certificate_ms: 86_400_000,
        };
        let now = Clock::Manual(self.clock.clone()).now();
        let new = NewCode {
            id: CodeId {
                event: EVENT,
                secret: SecretHash(secret.hash()),
            },
            terms,
            expires_at: now.plus_ms(60 * 60 * 1000),
            open_limit: 10,
            now,
        };
        assert_eq!(self.store.add_code(new).await.unwrap(), NewCodeOutcome::Added);
        secret
    }

    pub async fn ask_to_enrol(&self, secret: &EnrolmentSecret, seed: u8) -> EnrolOutcome {
        let code = CodeId {
            event: EVENT,
            secret: SecretHash(secret.hash()),
        };
        let request = EnrolmentRequest::new(*secret, format!("Device {seed}"), &key(seed)).unwrap();
        self.authority()
            .ask(move |scribe| Box::pin(scribe.enrol(code, request)))
            .await
            .unwrap()
    }

    pub async fn enrol(&self, seed: u8, role: Role) {
        let code = self.code(role).await;
        let outcome = self.ask_to_enrol(&code, seed).await;
        assert!(matches!(outcome, EnrolOutcome::Granted(_)), "{outcome:?}");
    }

    pub async fn revoke(&self, device: PublicKey) -> RevokeOutcome {
        self.authority()
            .ask(move |scribe| Box::pin(scribe.revoke_device(device)))
            .await
            .unwrap()
    }

    pub async fn retire(&self, hub: PublicKey) -> RetireOutcome {
        self.authority()
            .ask(move |scribe| Box::pin(scribe.retire_hub(hub)))
            .await
            .unwrap()
    }

    pub async fn do_to(
        &self,
        id: TicketId,
        deed: impl for<'a> FnOnce(
            &'a mut Scribe,
            TicketId,
        ) -> BoxFuture<'a, Result<TicketOutcome, AuthorityError>>
        + Send
        + 'static,
    ) -> TicketOutcome {
        self.authority()
            .ask(move |scribe| deed(scribe, id))
            .await
            .unwrap()
    }

    /// Writes to the authority log as another process with the same keys would.
    pub async fn append_behind_its_back(&self, body: Body) -> AppendOutcome {
        let vault = super::super::vault::Vault::open(self.files.path()).unwrap();
        let trust = self.authority().view().trust();
        let keys = vault.event_keys(EVENT).unwrap();
        let writer = keys.in_use(Purpose::Authority, trust.bundle(), START).unwrap();
        let mut ledger = usher_protocol::ledger::Ledger::new(writer.public(), None, trust);
        for record in self.records().await {
            assert!(ledger.replay(&record.entry, START));
        }
        let entry = ledger.write(body, START);
        let head = ledger.seal(writer).unwrap();
        let sealed = vec![Sealed {
            entries: vec![entry],
            head,
        }];
        let request = Append {
            event: EVENT,
            sealed,
            beside: Vec::new(),
            now: START,
        };
        self.store.append(request).await.unwrap()
    }

    /// Sells one ticket, signed as the desk would.
    pub async fn sell(&self) -> Ticket {
        let reservation = ReservationId::draw(EVENT, START);
        let claim = Claim::Tiers(vec![TierQuantity {
            tier: TIER,
            quantity: 1,
        }]);
        let held = self
            .store
            .hold(HoldRequest {
                reservation,
                claim,
                now: START,
            })
            .await
            .unwrap();
        assert!(matches!(held, HoldOutcome::Held(_)), "{held:?}");
        let begin = BeginBooking {
            booking: BookingId::draw(EVENT, START),
            reservation,
            idempotency_key: "key".into(),
            request_hash: RequestHash([1; 32]),
            email: "owl@example.org".into(),
            can_pay: true,
            now: START,
        };
        let begun = self.store.begin_booking(begin).await.unwrap();
        let BeginOutcome::Started(open) = begun else {
            panic!("not begun: {begun:?}")
        };
        let unit = &open.units[0];
        let ticket = NewTicket {
            id: TicketId::draw(EVENT, START),
            unit: unit.unit,
            generation: unit.generation,
            payload: self.signer.sign(EVENT, unit).unwrap().to_text(),
        };
        let confirm = ConfirmBooking {
            booking: open.id,
            tickets: vec![ticket],
            now: START,
        };
        let confirmed = self.store.confirm_booking(confirm).await.unwrap();
        let ConfirmOutcome::Confirmed(mut booking) = confirmed else {
            panic!("not confirmed: {confirmed:?}")
        };
        booking.tickets.remove(0)
    }
}

async fn stock(store: &Store) {
    let organizer = OrganizerId::draw(START);
    let venue = Venue {
        id: VenueId::draw(START),
        name: "Barn".into(),
        city: "Köln".into(),
        address: String::new(),
    };
    let new = NewOrganizer {
        id: organizer,
        name: "Owls".into(),
        key: KeyHash([1; 32]),
        now: START,
    };
    store.add_organizer(new).await.unwrap();
    store
        .add_venue(NewVenue {
            venue: venue.clone(),
            organizer,
            now: START,
        })
        .await
        .unwrap();
    let tier = Tier {
        id: TIER,
        name: "Regular".into(),
        price: 0,
        admits: 1,
        flags: TicketFlags::default(),
    };
    let event = NewEvent {
        id: EVENT,
        organizer,
        venue,
        name: "Night of the Owls".into(),
        description: String::new(),
        starts_at: START.plus_ms(86_400_000),
        ends_at: START.plus_ms(90_000_000),
        currency: "EUR".parse().unwrap(),
        reservation_ms: 600_000,
        tiers: vec![tier],
        policy: policy(),
        unit_count: 3,
        seat_count: 0,
        now: START,
    };
    store.add_event(event).await.unwrap();
    let units = (0..3)
        .map(|unit| NewUnit {
            unit: Unit(unit),
            tier: TIER,
            seat: None,
        })
        .collect();
    store.add_units(AddUnits { event: EVENT, units }).await.unwrap();
}

fn policy() -> Policy {
    Policy {
        name: "Night of the Owls".into(),
        utc_offset_minutes: 0,
        day_start_minutes: 0,
        zones: vec![Zone {
            id: ZoneId(1),
            name: "Barn".into(),
            capacity: None,
        }],
        gates: vec![Gate {
            id: GateId(1),
            name: "Door".into(),
            zone: ZoneId(1),
        }],
        tiers: vec![PolicyTier {
            id: TIER,
            name: "Regular".into(),
            zones: vec![ZoneId(1)],
            windows: Vec::new(),
            entry: Entry::Single,
            offline: Offline::Available,
        }],
    }
}
