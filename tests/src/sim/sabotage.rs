//! Rules broken on purpose, to show that the observer sees it: which there are, and what whoever is sabotaged does instead.

use usher_keys::{KeyStatus, SignedBundle};
use usher_protocol::ZoneId;
use usher_protocol::admission::{Reason, Referral, Verdict};
use usher_protocol::evidence::Evidence;
use usher_protocol::fork::ForkProof;
use usher_protocol::ledger::{Judged, ScanQuestion};
use usher_protocol::log::{Head, Run, Tail};
use usher_protocol::record::{Body, PlacesOf, ShownPassage};
use usher_protocol::trust::Trust;

use super::node::NodeId;
use super::setting::{LONG_OVER, level};
use super::shape::Kind;
use super::world::{CLOUD, World};

/// A rule broken on purpose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Sabotage {
    /// Whoever cannot reach a strict ticket's home hub lets people in all the same.
    CutOffSaysYes,
    /// A new home lets people in before the former one has stepped back.
    FormerHomesAreForgotten,
    /// A hub that lacks one of the rosters so far lets people in under strict policy.
    MissingRostersSayYes,
    /// A hub that was retired lets people in under strict policy.
    RetiredHubsSayYes,
    /// A device with two histories lets people in.
    ForkedDevicesSayYes,
    /// A device whose own past is with others lets people in, and writes beside it.
    OwnPastIsNotAwaited,
    /// A device lets people in where its certificate does not cover it.
    PowersAreNotAsked,
    /// Nobody knows that a tier was closed.
    ClosedTiersStayOpen,
    /// Scans are answered before they are durable.
    AnswerTooEarly,
    /// Nobody writes down that an origin has two histories.
    ForksAreIgnored,
    /// Forks are written down without their proof.
    ForksAreNotProven,
    /// Histories that do not count are kept.
    OtherHistoriesAreKept,
    /// Records that do not lead to their head are stored all the same.
    AlteredRunsAreStored,
    /// Codes and certificates in records are believed without a look at their signatures.
    SignaturesAreBelieved,
    /// Sessions are not told which devices are revoked.
    RevokedDevicesAreWelcome,
    /// Sessions are not told which hubs that enrolled devices are revoked.
    OrphansAreWelcome,
    /// Anybody's word counts for how fresh a replica is.
    FreshnessIsBelieved,
    /// Restarted nodes believe their first trust bundle again.
    TrustIsRolledBack,
    /// A struck key is as good as any other.
    StruckKeysAreBelieved,
    /// Devices rule as authorities do.
    DevicesAreAuthorities,
    /// A new authority does not say again which tickets are void.
    RestatementForgets,
    /// Nobody vouches for devices whose issuing key was struck out.
    NobodyVouches,
    /// Supervisors override refusals whether their certificate allows it or not.
    EverybodyOverrides,
    /// Hubs let people in against the rules without asking the ticket's home.
    OverridesPassOverTheHome,
    /// The cloud sums up what is not durable yet.
    CheckpointsRunAhead,
    /// Hubs let people into a full zone.
    PlacesAreNotCounted,
    /// Zones inside others are entered again with the same ticket.
    InnerZonesAreEnteredAgain,
    /// Hubs let people into a full zone inside another.
    InnerPlacesAreNotCounted,
    /// A capacity that was lowered holds for nobody.
    LoweredCapacitiesAreIgnored,
    /// Only the first hub lets people into a zone with a capacity, whoever has places.
    PlacesAreKept,
    /// Hubs let people in within a slot of time that is full.
    TimeSlotsAreNotCounted,
    /// What a supervisor counts changes nothing.
    CountsAreIgnored,
    /// What a supervisor counts is made good twice.
    CountsAreTakenTwice,
    /// Supervisors count as soon as the hubs are linked, whatever was not heard yet.
    CountsDoNotWait,
    /// Everybody judges by the own clock, whatever others' show.
    ClocksAreNotCompared,
    /// Nobody gives up a scan that others may have said yes to.
    NobodyWithdraws,
    /// Sessions take records that could not be read for records that are not here.
    FailedReadsAreAbsences,
    /// Passages at gates that are not their writer's count.
    GatesAreNotAsked,
    /// Overrides by those whose certificate does not allow them count.
    RightsAreNotAsked,
    /// What only a hub may say counts when a scanner says it.
    RolesAreNotAsked,
    /// What was written outside of the time of its writer's certificate counts.
    TimesAreNotAsked,
    /// Passages of more people than the ticket admits count.
    TicketsAdmitAnyNumber,
    /// Live tickets count as shown without their phone.
    LivePartsAreNotAsked,
    /// What a revoked device wrote beyond its cut counts.
    CutsAreNotKept,
    /// Devices list other sellers' codes.
    DevicesListCodes,
    /// Devices void tickets, and make them valid again.
    DevicesRuleOnTickets,
    /// Scans are withdrawn by others than their readers.
    AnybodyWithdraws,
    /// Scans are annulled by others than their readers.
    AnybodyAnnuls,
    /// Exits close entries that they do not name.
    ExitsCloseOthers,
    /// A new authority's rosters count though earlier ones are missing.
    RostersMayBeMissing,
    /// A hub may certify as many strangers as it likes.
    IssuersAreNotBounded,
    /// The authority vouches for as many strangers of a hub as it hears of.
    VouchingIsNotBounded,
    /// Scanners take certificates from hubs that did not enrol them.
    RenewalsAreNotAsked,
    /// What a device writes under a certificate by a struck issuing key counts.
    OpeningsAreNotAsked,
    /// A log may open with as many certificates as it likes.
    CertificatesOfALogAreNotBounded,
    /// A log may count people as often as it likes.
    CountsOfALogAreNotBounded,
    /// A log may tell of as many passages of one ticket as it likes.
    PassagesOfATicketAreNotBounded,
    /// A hub may give places to others as often as it likes.
    LoansOfALogAreNotBounded,
    /// A hub may decide by another roster as often as it likes.
    AdoptionsOfALogAreNotBounded,
    /// A hub may renew as many scanners as it likes.
    RenewalsOfALogAreNotBounded,
    /// A log may tell of as many forks as it likes.
    ForksOfALogAreNotBounded,
    /// The counts of a log may name as many other logs as they like.
    NamesInCountsAreNotBounded,
    /// A hub may say which entries exits close as often as it likes.
    MatchesOfALogAreNotBounded,
    /// A log may hold as many bytes as it likes.
    BytesOfALogAreNotBounded,
    /// Authorities that were taken over from sum up what others said after them.
    SupersededCheckpointsAreBelieved,
    /// Nobody knows what time zone the venue is in.
    DaysGoByUtc,
    /// Tiers open their gates after the end of their window.
    WindowsNeverEnd,
    /// Whoever lets people out does not write it down.
    ExitsAreNotWritten,
    /// A new authority does not say again which tickets of other sellers are good.
    RestatementForgetsLists,
    /// Passages for which there was no room while they waited for a list are not read again once there is one.
    MissedListsAreNotReadAgain,
}

impl Sabotage {
    /// Returns the later kinds of faults without which a rule is broken for nothing.
    pub fn needs(self) -> &'static [Kind] {
        if self == Self::DevicesListCodes {
            &[Kind::Sellers, Kind::WiderLies]
        } else if matches!(
            self,
            Self::RestatementForgetsLists | Self::MissedListsAreNotReadAgain
        ) {
            &[Kind::Sellers]
        } else {
            &[]
        }
    }

    /// Tells whether a verdict that lets nobody in is passed over.
    fn waives(self, verdict: &Verdict, place: &Behind) -> bool {
        match verdict {
            Verdict::Refer(Referral::HomeUnreachable { .. }) => self == Self::CutOffSaysYes,
            Verdict::Refer(Referral::HomeUnsettled { .. }) => self == Self::FormerHomesAreForgotten,
            Verdict::Refer(Referral::NotReady) => self == Self::MissingRostersSayYes && place.lacks_a_roster,
            Verdict::Refer(Referral::Retired) => self == Self::RetiredHubsSayYes,
            Verdict::Refer(Referral::OwnLogForked) => self == Self::ForkedDevicesSayYes,
            Verdict::Refer(Referral::OwnLogBehind) => self == Self::OwnPastIsNotAwaited,
            Verdict::Refer(Referral::NotAllowed) => self == Self::PowersAreNotAsked,
            Verdict::Refer(Referral::NoPlaces) => {
                let is_slot = self == Self::TimeSlotsAreNotCounted && place.has_slots;
                self == Self::PlacesAreNotCounted || is_slot || self.waives_full(place)
            }
            Verdict::Deny(Reason::TimeSlotFull { .. }) => self == Self::TimeSlotsAreNotCounted,
            Verdict::Deny(Reason::ZoneFull { .. }) => self.waives_full(place),
            Verdict::Deny(Reason::AlreadyUsed { .. }) => {
                self == Self::InnerZonesAreEnteredAgain && place.is_inner
            }
            Verdict::Deny(Reason::TooLate { .. }) => {
                self == Self::ClosedTiersStayOpen || (self == Self::WindowsNeverEnd && place.is_ended)
            }
            Verdict::Admit { .. } | Verdict::Deny(_) | Verdict::Refer(_) => false,
        }
    }

    fn waives_full(self, place: &Behind) -> bool {
        (self == Self::InnerPlacesAreNotCounted && place.is_inner)
            || (self == Self::LoweredCapacitiesAreIgnored && place.is_lowered)
    }
}

/// The zone behind a gate and who judges there, for whoever passes a rule over.
struct Behind {
    /// Whether it lies in another.
    is_inner: bool,
    /// Whether it has held more people before.
    is_lowered: bool,
    /// Whether it lets in only so many people within a slot of time.
    has_slots: bool,
    /// Whether the ticket's tier opened it until a while ago.
    is_ended: bool,
    /// Whether whoever judges lacks a roster.
    lacks_a_roster: bool,
}

impl World {
    /// Tells whether that rule is broken.
    pub fn breaks(&self, rule: Sabotage) -> bool {
        self.shape.sabotage == Some(rule)
    }

    /// Lets people in where the rules said no, if that rule is broken.
    pub fn say_yes(&self, node: NodeId, asked: &ScanQuestion, judged: &mut Judged) {
        let zone = self.setting.behind(asked.gate).0;
        let place = Behind {
            is_inner: level(zone) > 0,
            is_lowered: self.is_lowered(node, zone),
            has_slots: self.has_slots(node, zone),
            is_ended: self.is_ended(node, asked),
            lacks_a_roster: self.lacks_a_roster(node),
        };
        let is_waived = self
            .shape
            .sabotage
            .is_some_and(|rule| rule.waives(&judged.verdict, &place));
        if self.breaks(Sabotage::PlacesAreKept) && self.keeps_places(node, zone) {
            judged.verdict = Verdict::Refer(Referral::NoPlaces);
            judged.body = None;
        }
        if let Some(passage) = self.passage(node, asked).filter(|_| is_waived) {
            judged.verdict = Verdict::Admit {
                persons: passage.persons,
                left: 0,
            };
            judged.body = Some(Body::Admitted(passage));
        }
    }

    /// Tells whether a ticket's tier has a window that is not that of one which the organizer has closed.
    fn is_ended(&self, node: NodeId, asked: &ScanQuestion) -> bool {
        let policy = self.nodes[node].ledger.state().policy();
        let tier = policy.and_then(|(_, policy)| policy.tier(asked.ticket.ticket().tier));
        tier.is_some_and(|tier| !tier.windows.contains(&LONG_OVER))
    }

    /// Tells whether a node knows of a zone with a capacity and is not its first hub.
    fn keeps_places(&self, node: NodeId, zone: ZoneId) -> bool {
        let state = self.nodes[node].ledger.state();
        let mut rosters = state.rosters().all().values();
        let first = rosters.find_map(|hubs| hubs.first());
        state.places(zone, PlacesOf::Room).is_some() && first != Some(&self.nodes[node].key.public())
    }

    /// Returns the record of a passage, whether anybody may write it or not.
    pub fn passage(&self, node: NodeId, asked: &ScanQuestion) -> Option<ShownPassage> {
        let (_, policy) = self.nodes[node].ledger.state().policy()?;
        Some(ShownPassage {
            scan: asked.scan,
            code: asked.ticket.code().to_owned(),
            persons: asked.persons,
            gate: asked.gate,
            zone: policy.gate(asked.gate)?.zone,
            at: self.nodes[node].clock(self.now),
            counterparts: Vec::new(),
        })
    }

    /// Returns a trust bundle as a node reads it.
    pub fn as_read(&self, node: NodeId, bundle: SignedBundle) -> SignedBundle {
        let Ok(mut read) = bundle.unverified() else {
            return bundle;
        };
        if self.breaks(Sabotage::StruckKeysAreBelieved) {
            let keys = read.ticket_keys.iter_mut().chain(&mut read.issuing_keys);
            for key in keys.chain(&mut read.authority_keys).filter(|key| key.is_struck()) {
                key.status = KeyStatus::Active;
            }
        } else if self.breaks(Sabotage::DevicesAreAuthorities) && node != CLOUD {
            let liars = self.liars.iter().map(|liar| &self.nodes[liar.node].key);
            let mut rulers = read.issuing_keys.clone();
            rulers.truncate(1);
            for liar in liars {
                rulers[0].key = liar.public();
                read.authority_keys.extend(rulers.clone());
            }
        } else {
            return bundle;
        }
        read.sign(&[&self.setting.root])
    }

    /// Returns what the records of a run are said to be worth, if nobody looks.
    pub fn blind_evidence(&self, run: &Run, trust: &Trust) -> Option<Evidence> {
        let nothing = Run {
            records: Vec::new(),
            ..run.clone()
        };
        if self.breaks(Sabotage::LivePartsAreNotAsked) {
            return Some(self.evidence_of_pictures(run, trust));
        }
        self.breaks(Sabotage::SignaturesAreBelieved)
            .then(|| Evidence::of(&nothing, trust))
    }
}

/// Returns a proof of a fork that proves nothing: two heads that say the same.
pub fn unproven(found: &ForkProof) -> ForkProof {
    let one = Head {
        tail: Tail {
            hash: found.base,
            ..found.one.tail
        },
        ..found.one.clone()
    };
    ForkProof { one, ..found.clone() }
}

/// Leaves all rosters but the newest out of what an authority says again.
pub fn leave_rosters_out(words: &mut Vec<Body>) {
    let is_roster = |word: &Body| matches!(word, Body::Roster { .. });
    let newest = words.iter().rposition(is_roster);
    let mut at = 0..;
    words.retain(|word| at.next() == newest || !is_roster(word));
}

/// Calls the roster that an authority says again the first.
pub fn call_it_the_first(words: &mut [Body]) {
    for word in words {
        if let Body::Roster { epoch, .. } = word {
            *epoch = 1;
        }
    }
}
