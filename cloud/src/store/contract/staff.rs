//! People of an organizer who log in: inviting, proving, changing and forgetting them.

use usher_keys::Timestamp;

use super::case::{Case, START};
use crate::ids::{InvitationId, LinkLetterId, OrganizerId, StaffId, StaffSessionId};
use crate::letters::LetterState;
use crate::link_letters::{LinkKind, LinkLetter};
use crate::rights::StaffRole;
use crate::staff::{
    ChangeStaff, ChangeStaffOutcome, EndSession, EndSessions, EnteredCode, FindStaff, INVITED_FOR,
    Invitation, InviteOutcome, MAX_SESSIONS, NewInvitation, NewSession, ProofUse, ProveStaff, RemoveStaff,
    ResealStaff, SESSION_FOR, SessionCounts, StaffMember, TakeInvitation, WAITS_FOR, WRONG_CODES,
    WithdrawInvitation, draw_recovery_code, millis,
};
use crate::store::organizing::KeyHash;

const ADA: &str = "ada@owls.example";

fn session() -> NewSession {
    NewSession {
        hash: KeyHash::draw().1,
        id: StaffSessionId::draw(START),
        from: "192.0.2.0/24".into(),
    }
}

impl Case {
    async fn invite(&self, email: &str, now: Timestamp) -> (Invitation, KeyHash, InviteOutcome) {
        let invitation = self.invitation(email, now);
        let (_, hash) = KeyHash::draw();
        let new = NewInvitation {
            invitation: invitation.clone(),
            hash,
            letter: None,
        };
        let outcome = self.store.invite_staff(new).await.unwrap();
        (invitation, hash, outcome)
    }

    /// Invites somebody whose link is mailed to them.
    pub(super) async fn invite_by_letter(&self, email: &str, now: Timestamp) -> InvitationId {
        let mut invitation = self.invitation(email, now);
        invitation.letter = Some(LetterState::Waiting);
        let id = LinkLetterId(invitation.id.0);
        let letter = LinkLetter {
            organizer: Some(self.organizer),
            recipient: email.into(),
            sealed: vec![1],
            expires_at: invitation.expires_at,
            ..LinkLetter::new(id, LinkKind::StaffInvited, now)
        };
        let new = NewInvitation {
            invitation: invitation.clone(),
            hash: KeyHash::draw().1,
            letter: Some(letter),
        };
        let outcome = self.store.invite_staff(new).await.unwrap();
        assert_eq!(outcome, InviteOutcome::Invited);
        let listed = self.store.invitations(self.organizer).await.unwrap();
        assert!(listed.contains(&invitation));
        invitation.id
    }

    fn invitation(&self, email: &str, now: Timestamp) -> Invitation {
        Invitation {
            id: InvitationId::draw(now),
            organizer: self.organizer,
            name: "Ada".into(),
            email: email.into(),
            role: StaffRole::Manager,
            created_at: now,
            expires_at: now.plus_ms(millis(INVITED_FOR)),
            letter: None,
        }
    }

    fn member(&self, now: Timestamp) -> StaffMember {
        StaffMember {
            id: StaffId::draw(now),
            organizer: self.organizer,
            name: "Ada".into(),
            email: ADA.into(),
            role: StaffRole::Manager,
            password: vec![1, 2],
            sealed: vec![3],
            last_step: 7,
            waits_until: None,
            created_at: now,
        }
    }

    async fn take(&self, hash: KeyHash, now: Timestamp) -> (StaffMember, Vec<KeyHash>, NewSession, bool) {
        self.take_as(hash, self.member(now)).await
    }

    async fn take_as(
        &self,
        hash: KeyHash,
        member: StaffMember,
    ) -> (StaffMember, Vec<KeyHash>, NewSession, bool) {
        let (id, now) = (member.id, member.created_at);
        let recovery = vec![draw_recovery_code(id).1, draw_recovery_code(id).1];
        let request = TakeInvitation {
            hash,
            member: member.clone(),
            recovery: recovery.clone(),
            session: session(),
            now,
        };
        let taken = self.store.take_invitation(request.clone()).await.unwrap();
        (member, recovery, request.session, taken)
    }

    /// Makes Ada one of the organizer's people.
    async fn ada(&self) -> (StaffMember, Vec<KeyHash>, NewSession) {
        let (_, hash, _) = self.invite(ADA, START).await;
        let (member, recovery, session, taken) = self.take(hash, START).await;
        assert!(taken);
        (member, recovery, session)
    }

    async fn prove(&self, staff: StaffId, code: EnteredCode, now: Timestamp) -> Option<NewSession> {
        let begun = session();
        let request = ProveStaff {
            staff,
            code,
            used_for: ProofUse::Begin(begun.clone()),
            now,
        };
        let is_right = self.store.prove_staff(request).await.unwrap();
        is_right.then_some(begun)
    }

    async fn found(&self) -> Option<StaffMember> {
        let request = FindStaff {
            organizer: self.organizer,
            email: ADA.into(),
        };
        self.store.staff_member(request).await.unwrap()
    }
}

pub async fn an_invitation_is_taken_once_and_in_time(case: Case) {
    let (_, first, outcome) = case.invite(ADA, START).await;
    assert_eq!(outcome, InviteOutcome::Invited);
    // A second one for the same address ends the first.
    let (invitation, hash, _) = case.invite(ADA, START).await;
    assert_eq!(case.store.invitation(first).await.unwrap(), None);
    assert_eq!(
        case.store.invitation(hash).await.unwrap(),
        Some(invitation.clone())
    );
    assert_eq!(
        case.store.invitations(case.organizer).await.unwrap(),
        std::slice::from_ref(&invitation)
    );
    assert!(
        !case.take(hash, invitation.expires_at).await.3,
        "its time is over"
    );
    let (member, _, session, taken) = case.take(hash, START).await;
    assert!(taken && !case.take(hash, START).await.3);
    assert_eq!(case.found().await, Some(member.clone()));
    assert_eq!(
        case.store.staff(case.organizer).await.unwrap(),
        std::slice::from_ref(&member)
    );
    let begun = case.store.staff_session(session.hash).await.unwrap().unwrap();
    assert_eq!(
        (begun.id, begun.staff, begun.role),
        (session.id, member.id, StaffRole::Manager)
    );
    assert!(begun.is_fresh(START) && begun.is_good(START));
    assert_eq!(case.invite(ADA, START).await.2, InviteOutcome::IsMember);
    let (other, hash, _) = case.invite("eve@owls.example", START).await;
    for (organizer, expected) in [(OrganizerId([9; 16]), false), (case.organizer, true)] {
        let id = other.id;
        let withdrawn = case
            .store
            .withdraw_invitation(WithdrawInvitation { organizer, id });
        assert_eq!(withdrawn.await.unwrap(), expected);
    }
    assert_eq!(case.store.invitation(hash).await.unwrap(), None);
}

pub async fn a_code_is_taken_once_and_after_many_wrong_ones_none_is(case: Case) {
    let (ada, recovery, _) = case.ada().await;
    assert!(
        case.prove(ada.id, EnteredCode::OfStep(7), START).await.is_none(),
        "taken before"
    );
    let session = case.prove(ada.id, EnteredCode::OfStep(8), START).await.unwrap();
    assert!(case.prove(ada.id, EnteredCode::OfStep(8), START).await.is_none());
    let begun = case.store.staff_session(session.hash).await.unwrap().unwrap();
    assert_eq!(begun.proven_at, Some(START));
    let by_recovery = case
        .prove(ada.id, EnteredCode::Recovery(recovery[0]), START)
        .await;
    let begun = case
        .store
        .staff_session(by_recovery.unwrap().hash)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(begun.proven_at, None);
    assert!(
        case.prove(ada.id, EnteredCode::Recovery(recovery[0]), START)
            .await
            .is_none()
    );
    let refresh = ProveStaff {
        staff: ada.id,
        code: EnteredCode::OfStep(9),
        used_for: ProofUse::Refresh(begun.id),
        now: START,
    };
    assert!(case.store.prove_staff(refresh).await.unwrap());
    let sessions = case.store.sessions_of(ada.id).await.unwrap();
    assert!(sessions.iter().all(|session| session.proven_at == Some(START)));
    for _ in 0..WRONG_CODES {
        assert_eq!(case.found().await.unwrap().waits_until, None);
        assert!(case.prove(ada.id, EnteredCode::Wrong, START).await.is_none());
    }
    let until = START.plus_ms(millis(WAITS_FOR));
    assert_eq!(case.found().await.unwrap().waits_until, Some(until));
    assert!(case.prove(ada.id, EnteredCode::Waits, START).await.is_none());
}

pub async fn sessions_end_one_by_one_and_the_oldest_when_there_are_too_many(case: Case) {
    let (ada, _, first) = case.ada().await;
    for step in 1..u64::from(MAX_SESSIONS) {
        case.prove(ada.id, EnteredCode::OfStep(7 + step), START.plus_ms(step))
            .await
            .unwrap();
    }
    assert!(case.store.staff_session(first.hash).await.unwrap().is_some());
    let last = case
        .prove(ada.id, EnteredCode::OfStep(1_000), START.plus_ms(1_000))
        .await
        .unwrap();
    assert!(case.store.staff_session(first.hash).await.unwrap().is_none());
    let (staff, id) = (ada.id, last.id);
    for expected in [true, false] {
        assert_eq!(
            case.store.end_session(EndSession { staff, id }).await.unwrap(),
            expected
        );
    }
    assert!(case.store.staff_session(last.hash).await.unwrap().is_none());
    let late = START.plus_ms(millis(SESSION_FOR) + 1_000);
    case.prove(ada.id, EnteredCode::OfStep(2_000), late)
        .await
        .unwrap();
    assert_eq!(case.store.sessions_of(ada.id).await.unwrap().len(), 1);
}

pub async fn a_member_changes_and_is_forgotten_for_their_own_organizer_alone(case: Case) {
    let (ada, _, session) = case.ada().await;
    let (id, role) = (ada.id, StaffRole::Viewer);
    let expected = [ChangeStaffOutcome::NotFound, ChangeStaffOutcome::Changed];
    for (organizer, expected) in [OrganizerId([9; 16]), case.organizer].into_iter().zip(expected) {
        let change = ChangeStaff {
            organizer,
            id,
            role,
            keeps_owner: true,
        };
        assert_eq!(case.store.change_staff(change).await.unwrap(), expected);
    }
    let begun = case.store.staff_session(session.hash).await.unwrap().unwrap();
    assert_eq!(begun.role, StaffRole::Viewer);
    assert_eq!(case.store.staff_secrets(()).await.unwrap(), [(id, vec![3])]);
    for (was, expected) in [(vec![4], false), (vec![3], true)] {
        let sealed = vec![5];
        let resealed = case.store.reseal_staff(ResealStaff { id, was, sealed });
        assert_eq!(resealed.await.unwrap(), expected);
    }
    for (organizer, expected) in [OrganizerId([9; 16]), case.organizer].into_iter().zip(expected) {
        let remove = RemoveStaff {
            organizer,
            id,
            keeps_owner: true,
        };
        assert_eq!(case.store.remove_staff(remove).await.unwrap(), expected);
    }
    assert_eq!(case.found().await, None);
    assert!(case.store.staff_session(session.hash).await.unwrap().is_none());
}

pub async fn the_last_owner_stays_where_one_is_kept(case: Case) {
    let (ada, _, _) = case.ada().await;
    let (organizer, id) = (case.organizer, ada.id);
    let change = async |role, keeps_owner| {
        let change = ChangeStaff {
            organizer,
            id,
            role,
            keeps_owner,
        };
        case.store.change_staff(change).await.unwrap()
    };
    let remove = async |keeps_owner| {
        let remove = RemoveStaff {
            organizer,
            id,
            keeps_owner,
        };
        case.store.remove_staff(remove).await.unwrap()
    };
    let last = ChangeStaffOutcome::LastOwner;
    for _ in 0..2 {
        assert_eq!(
            change(StaffRole::Owner, true).await,
            ChangeStaffOutcome::Changed,
            "an owner stays one"
        );
    }
    assert_eq!(
        (change(StaffRole::Viewer, true).await, remove(true).await),
        (last, last)
    );
    assert_eq!(case.found().await.unwrap().role, StaffRole::Owner);
    assert_eq!(
        change(StaffRole::Viewer, false).await,
        ChangeStaffOutcome::Changed
    );
    assert_eq!(
        remove(true).await,
        ChangeStaffOutcome::Changed,
        "no owner any more"
    );
}

pub async fn of_two_owners_either_may_go_and_then_the_other_stays(case: Case) {
    let mut owners = Vec::new();
    for email in [ADA, "eve@owls.example"] {
        let owner = StaffMember {
            email: email.into(),
            role: StaffRole::Owner,
            ..case.member(START)
        };
        let (_, hash, _) = case.invite(email, START).await;
        owners.push(case.take_as(hash, owner).await.0.id);
    }
    let expected = [ChangeStaffOutcome::Changed, ChangeStaffOutcome::LastOwner];
    for (id, expected) in owners.into_iter().zip(expected) {
        let remove = RemoveStaff {
            organizer: case.organizer,
            id,
            keeps_owner: true,
        };
        assert_eq!(case.store.remove_staff(remove).await.unwrap(), expected);
    }
}

pub async fn all_sessions_of_a_member_end_at_once_for_their_own_organizer_alone(case: Case) {
    let (ada, _, first) = case.ada().await;
    let second = case.prove(ada.id, EnteredCode::OfStep(8), START).await.unwrap();
    let counted = async |now| {
        let organizer = case.organizer;
        let counts = SessionCounts { organizer, now };
        case.store.session_counts(counts).await.unwrap()
    };
    assert_eq!(counted(START).await, [(ada.id, 2)]);
    assert_eq!(counted(START.plus_ms(millis(SESSION_FOR))).await, []);
    for (organizer, expected) in [(OrganizerId([9; 16]), false), (case.organizer, true)] {
        let end = EndSessions {
            organizer,
            id: ada.id,
        };
        assert_eq!(case.store.end_sessions(end).await.unwrap(), expected);
        let left = if expected { vec![] } else { vec![(ada.id, 2)] };
        assert_eq!(counted(START).await, left);
    }
    for session in [first, second] {
        assert_eq!(case.store.staff_session(session.hash).await.unwrap(), None);
    }
    assert!(case.found().await.is_some(), "they can log in again");
}
