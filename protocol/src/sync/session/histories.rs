//! What a session says of runs that were stored or refused, of two histories, and of our own past; what it sends is the outbox's.

use super::Session;
use crate::fork::ForkProof;
use crate::ident::Origin;
use crate::log::{RunError, Tail};
use crate::sync::exchange::{Context, NotStored, Notice};
use crate::sync::{Farewell, Held, Message};

impl Session {
    /// A peer that holds more of our log than we do has it from us: our disk is an older one.
    pub(super) fn look_for_our_past(&mut self, held: &[Held]) {
        let Some(theirs) = held.iter().find(|theirs| theirs.origin == self.own_log) else {
            return;
        };
        let ours = self.outbox.ours(&self.own_log).map(|ours| ours.tail.seq);
        let beyond = theirs.tail.seq > ours.unwrap_or_default();
        if let Some(head) = theirs.head().filter(|_| beyond)
            && head.verify(self.event).is_ok()
        {
            self.notify(Notice::OwnPast(head));
        }
    }

    pub(super) fn stored(&mut self, origin: Origin, result: Result<Held, NotStored>) {
        match result {
            Ok(held) => self.acknowledge(held),
            Err(NotStored::Run(RunError::Gap { .. })) => self.tell_our_end_of(origin),
            Err(NotStored::Run(RunError::Malformed | RunError::FalseHead | RunError::Altered)) => {
                self.close(Farewell::BadMessage);
            }
            Err(NotStored::Run(RunError::Forked(found))) => {
                if self.forks.insert(origin) {
                    // Once: the peer sees the fork where our copy ends, or in what it is sent of it.
                    self.tell_our_end_of(origin);
                }
                if let Some(found) = found {
                    self.notify(Notice::Forked(found));
                }
            }
            Err(
                error @ NotStored::Run(
                    RunError::Frozen | RunError::UnknownOrigin | RunError::TooManyLogs | RunError::TooLong,
                ),
            )
            | Err(error @ NotStored::Unavailable) => self.notify(Notice::RunRefused(origin, error)),
        }
    }

    /// Once in a session: a peer that does not want the log is sent it again and again.
    pub(super) fn report_fork(&mut self, found: ForkProof) {
        let is_new = !self.forks.contains(&found.origin());
        if is_new && found.check(self.event).is_some() {
            self.forks.insert(found.origin());
            self.notify(Notice::Forked(Box::new(found)));
        }
    }

    /// Takes a fork that a peer tells of, if the authority answers for its origin. The fork proves itself, but keys can be
    /// invented without end, and forks of them.
    pub(super) fn hear_fork(&mut self, found: ForkProof, ctx: &Context) {
        let origin = found.origin();
        let is_authority = ctx.trust.bundle().authority_key(&origin).is_some();
        if is_authority || ctx.register.enrolled.contains_key(&origin) {
            self.report_fork(found);
        }
    }

    pub(super) fn tell_our_end_of(&mut self, origin: Origin) {
        let ours = self.outbox.ours(&origin).cloned();
        let nothing = Held {
            origin,
            tail: Tail::default(),
            signature: None,
        };
        self.send(Message::Have(vec![ours.unwrap_or(nothing)]));
    }

    fn acknowledge(&mut self, held: Held) {
        self.outbox.we_hold(held.clone());
        let mut told = self.outbox.take_untold();
        if !told.iter().any(|one| one.origin == held.origin) {
            told.push(self.outbox.ours(&held.origin).cloned().unwrap_or(held));
        }
        self.send(Message::Have(told));
    }
}
