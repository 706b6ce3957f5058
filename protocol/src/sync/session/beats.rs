//! How a session shows that it is there, hears that its peer is, and what goes with each beat; who is greeted is the session's.

use super::{BEAT_MS, CHECKPOINT_WAIT_MS, Phase, SILENCE_MS, Session};
use crate::assurance::Assurance;
use crate::sync::exchange::{Context, Notice, Output};
use crate::sync::{Farewell, Message};

impl Session {
    pub(super) fn beat(&mut self, digest: crate::log::Hash, assurance: Option<Assurance>, ctx: &Context) {
        if digest != self.outbox.their_digest() {
            self.send(Message::Recap);
        }
        if let Some(assurance) = assurance.filter(|assurance| self.is_news(assurance, ctx)) {
            self.notify(Notice::Fresh(assurance));
        }
    }

    /// Whoever lacks a record of that log hears the next assurance once it has come.
    fn is_news(&self, assurance: &Assurance, ctx: &Context) -> bool {
        let ours = self.outbox.ours(&assurance.authority).map(|ours| ours.tail);
        let ours = ours.unwrap_or_default();
        let is_newer = ctx
            .assurance
            .is_none_or(|known| assurance.is_newer_than(&known, ctx.now));
        let has_all = ours.seq > assurance.tail.seq || ours == assurance.tail;
        is_newer && has_all && assurance.is_genuine(ctx.trust)
    }

    pub(super) fn tick(&mut self, ctx: &Context) {
        if self.quiet.silence_ms(ctx.now) > SILENCE_MS {
            return self.close(Farewell::Silent);
        }
        self.recheck_peer(ctx);
        if self.phase == Phase::Closed {
            return;
        }
        if ctx.now < self.next_beat && self.next_beat <= ctx.now.plus_ms(BEAT_MS) {
            return self.outputs.push_back(Output::WakeAt(self.next_beat));
        }
        match self.phase {
            Phase::Greeting => self.greet(ctx, false),
            Phase::CheckpointSent(since)
                if since > ctx.now || ctx.now.since_ms(since) > CHECKPOINT_WAIT_MS =>
            {
                self.phase = Phase::Open;
                self.send_beat(ctx);
            }
            Phase::Open | Phase::CheckpointSent(_) => self.send_beat(ctx),
            Phase::Closed => {}
        }
        self.schedule_beat(ctx);
    }

    pub(super) fn send_beat(&mut self, ctx: &Context) {
        if self.offer.is_in_doubt(ctx.trust.bundle().version, ctx.now) {
            self.greet(ctx, false);
        }
        for found in ctx.unheard_forks {
            self.send(Message::Fork(Box::new(found.clone())));
        }
        let untold = self.outbox.take_untold();
        if !untold.is_empty() {
            self.send(Message::Have(untold));
        }
        self.send(Message::Beat {
            digest: self.outbox.our_digest(),
            clock: ctx.clock,
            assurance: ctx.assurance,
        });
    }

    pub(super) fn schedule_beat(&mut self, ctx: &Context) {
        self.next_beat = ctx.now.plus_ms(BEAT_MS);
        self.outputs.push_back(Output::WakeAt(self.next_beat));
    }
}
