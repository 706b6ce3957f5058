//! Links that are mailed: letters that carry them, sent by one process at a time, and what they open to buyers, once.

use usher_keys::Timestamp;

use crate::buyers::{
    AskForLink, AskOutcome, EndBuyerSession, LINK_FOR, LINKS_FROM_CLIENT, LINKS_TO_ADDRESS, OpenLink,
    OwnBookings, SESSION_FOR,
};
use crate::ids::LinkLetterId;
use crate::key_hash::KeyHash;
use crate::languages::Language;
use crate::letters::{Delivery, LetterState, ms};
use crate::link_letters::{ForgetLinks, LinkKind, LinkLetter, TakeLinkLetters};
use crate::selling::claimant::ClientAddress;
use crate::staff::WithdrawInvitation;

use super::case::{Case, START};

const HERE: ClientAddress = ClientAddress::V4([192, 0, 2, 7]);
const OWL: &str = "owl@example.org";

fn letter(now: Timestamp) -> LinkLetter {
    LinkLetter {
        recipient: OWL.into(),
        sealed: vec![1, 2],
        expires_at: now.plus_ms(ms(LINK_FOR)),
        language: Language::Arabic,
        ..LinkLetter::new(LinkLetterId::draw(now), LinkKind::TicketsAsked, now)
    }
}

impl Case {
    async fn ask(&self, email: &str, client: ClientAddress, now: Timestamp) -> (KeyHash, AskOutcome) {
        let (_, hash) = KeyHash::draw();
        let ask = AskForLink {
            hash,
            email: email.into(),
            client,
            letter: letter(now),
            now,
        };
        (hash, self.store.ask_for_link(ask).await.unwrap())
    }

    async fn letters_to_send(&self, now: Timestamp) -> Vec<LinkLetter> {
        let take = TakeLinkLetters { limit: 20, now };
        self.store.take_link_letters(take).await.unwrap()
    }

    async fn open(&self, link: KeyHash, now: Timestamp) -> Option<KeyHash> {
        let (_, session) = KeyHash::draw();
        let from = "192.0.2.0/24".into();
        let open = OpenLink {
            link,
            session,
            from,
            now,
        };
        self.store.open_link(open).await.unwrap().then_some(session)
    }
}

pub async fn a_link_letter_is_taken_by_one_at_a_time_until_it_is_sent(case: Case) {
    let (_, outcome) = case.ask(OWL, HERE, START).await;
    assert_eq!(outcome, AskOutcome::Asked);
    let (first, second) = tokio::join!(case.letters_to_send(START), case.letters_to_send(START));
    let taken: Vec<_> = first.into_iter().chain(second).collect();
    let [letter] = &taken[..] else { panic!("{taken:?}") };
    assert_eq!((letter.recipient.as_str(), &letter.sealed), (OWL, &vec![1, 2]));
    assert_eq!(letter.language, Language::Arabic);
    // Whoever took it has died: somebody else sends it later.
    assert_eq!(case.letters_to_send(START.plus_ms(119_999)).await, []);
    let now = START.plus_ms(120_000);
    let again = case.letters_to_send(now).await.remove(0);
    assert_eq!(again.id, letter.id);
    let failed = again.tried(Delivery::PutOff(451), now);
    case.store.note_link_letter(failed.clone()).await.unwrap();
    assert_eq!(case.letters_to_send(now.plus_ms(9_999)).await, []);
    let now = now.plus_ms(10_000);
    let again = case.letters_to_send(now).await.remove(0);
    assert_eq!((again.id, again.failures), (letter.id, 1));
    case.store
        .note_link_letter(again.clone().tried(Delivery::Taken, now))
        .await
        .unwrap();
    // What is sent stays sent, whatever a process says that has slept meanwhile.
    case.store.note_link_letter(failed).await.unwrap();
    assert_eq!(case.letters_to_send(now.plus_ms(ms(LINK_FOR))).await, []);
}

pub async fn the_letter_of_an_invitation_goes_with_it(case: Case) {
    let mailed = case.invite_by_letter(OWL, START).await;
    let state = async || {
        let listed = case.store.invitations(case.organizer).await.unwrap();
        listed.iter().map(|one| one.letter).collect::<Vec<_>>()
    };
    assert_eq!(state().await, [Some(LetterState::Waiting)]);
    let taken = case.letters_to_send(START).await.remove(0);
    assert_eq!((taken.id.0, taken.organizer), (mailed.0, Some(case.organizer)));
    case.store
        .note_link_letter(taken.tried(Delivery::Refused(550), START))
        .await
        .unwrap();
    assert_eq!(state().await, [Some(LetterState::GivenUp)]);
    // Another one for the same address takes the place of the first, and one that is taken back is not sent.
    let second = case.invite_by_letter(OWL, START).await;
    assert_eq!(state().await, [Some(LetterState::Waiting)]);
    let withdraw = WithdrawInvitation {
        organizer: case.organizer,
        id: second,
    };
    assert!(case.store.withdraw_invitation(withdraw).await.unwrap());
    assert_eq!(case.letters_to_send(START).await, []);
}

pub async fn a_link_opens_once_and_in_time_what_was_bought_with_its_address(case: Case) {
    let booking = case.sold_with_letter(0, START).await;
    let email = case.store.booking(booking).await.unwrap().unwrap().email;
    let key = crate::buyers::address_key(&email);
    let (link, _) = case.ask(&key, HERE, START).await;
    let is_good = async |link, now| case.store.link_is_good((link, now)).await.unwrap();
    assert!(is_good(link, START).await && !is_good(KeyHash::draw().1, START).await);
    let (first, second) = tokio::join!(case.open(link, START), case.open(link, START));
    let session = first.xor(second).expect("one of the two has opened it");
    assert!(!is_good(link, START).await);
    let found = case.store.buyer_session(session).await.unwrap().unwrap();
    assert_eq!(
        (found.email, found.expires_at),
        (key.clone(), START.plus_ms(ms(SESSION_FOR)))
    );
    let own = async |email: &str| {
        let query = OwnBookings {
            email: email.into(),
            limit: 10,
        };
        case.store.own_bookings(query).await.unwrap()
    };
    let listed = own(&key).await;
    assert_eq!(
        listed.iter().map(|one| (one.id, one.tickets)).collect::<Vec<_>>(),
        [(booking, 1)]
    );
    assert_eq!(own("").await, []);
    assert_eq!(own("o").await, []);

    // Another browser of the same address; then all of them end at once, and nobody else's.
    let (link, _) = case.ask(&key, HERE, START).await;
    let other = case.open(link, START).await.unwrap();
    let (link, _) = case.ask("lark@example.org", HERE, START).await;
    let lark = case.open(link, START).await.unwrap();
    let end = |everywhere| EndBuyerSession { session, everywhere };
    assert_eq!(case.store.end_buyer_session(end(true)).await.unwrap(), 2);
    assert_eq!(case.store.end_buyer_session(end(false)).await.unwrap(), 0);
    assert!(case.store.buyer_session(other).await.unwrap().is_none());
    assert!(case.store.buyer_session(lark).await.unwrap().is_some());

    let (late, _) = case.ask(&key, HERE, START).await;
    let now = START.plus_ms(ms(LINK_FOR));
    assert_eq!(case.open(late, now).await, None);
    let forget = |now| case.store.forget_links(ForgetLinks { limit: 10, now });
    assert_eq!(forget(now).await.unwrap(), 4);
    assert_eq!(forget(now).await.unwrap(), 0);
    assert_eq!(forget(START.plus_ms(ms(SESSION_FOR))).await.unwrap(), 1);
    assert!(case.store.buyer_session(lark).await.unwrap().is_none());
}

pub async fn a_client_asks_for_so_many_links_and_an_address_gets_so_many(case: Case) {
    for place in 0..LINKS_FROM_CLIENT {
        let (link, outcome) = case.ask(OWL, HERE, START.plus_ms(place as u64)).await;
        assert_eq!(outcome, AskOutcome::Asked);
        // Whoever asks hears the same; a letter that was not written opens nothing.
        let is_good = case.store.link_is_good((link, START)).await.unwrap();
        assert_eq!(is_good, place < LINKS_TO_ADDRESS);
    }
    assert_eq!(
        case.letters_to_send(START.plus_ms(99)).await.len(),
        LINKS_TO_ADDRESS
    );
    let now = START.plus_ms(1_000);
    let over = START.plus_ms(ms(LINK_FOR));
    assert_eq!(
        case.ask("lark@example.org", HERE, now).await.1,
        AskOutcome::TooMany(over)
    );
    let elsewhere = ClientAddress::V6([1; 8]);
    assert_eq!(
        case.ask("lark@example.org", elsewhere, now).await.1,
        AskOutcome::Asked
    );
    assert_eq!(case.ask(OWL, HERE, over).await.1, AskOutcome::Asked);
}
