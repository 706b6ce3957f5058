//! How fast a waiting room lets people through: never above its organizer's rate, slower while the store is slow, and no more than there are
//! places for. One process steers a room at a time, once a second; another one takes over when it is silent.

use usher_keys::Timestamp;

use crate::selling::jobs::LeaseHolder;

use super::{Room, RoomPhase, SteerRoom};

/// All of the rate, in thousandths.
pub const FULL_PACE: u32 = 1_000;
/// The least of it: whoever waits sees that it goes on.
const LEAST_PACE: u32 = 50;
/// What is added of the rate after a step in which the store was fast.
const FASTER_BY: u32 = 50;
/// From how long a write takes on the store is slow, in milliseconds: a buyer who waits so long for a seat still finds it quick.
const SLOW_MS: u64 = 250;
/// How much time may be made up for in one step, in milliseconds: after a pause nobody rushes in.
const STEP_MS: u64 = 1_000;
/// How far ahead the last step may lie, in milliseconds, for the clocks of two processes: further on it was of a clock that was set back.
const SET_BACK_MS: u64 = 5_000;
/// For how long nobody else steers, in milliseconds: a few steps, so that one that is late loses nothing.
const LEASE_MS: u64 = 5_000;
/// Who is let through for each ten places that are free: not everybody buys.
const PEOPLE_PER_TEN_PLACES: u64 = 15;
/// Milliseconds of a minute, in thousandths of the pace.
const MINUTE: u64 = 60_000 * FULL_PACE as u64;

impl Room {
    /// Takes a step: closes the lobby when its time has come, or lets people through. `inside` are those who were let through, may still hold
    /// places and hold none. `None` while another process steers.
    pub fn steered(&self, by: &SteerRoom, inside: u64) -> Option<Self> {
        if !self.may_steer(by.holder, by.now) {
            return None;
        }
        let mut next = self.clone();
        next.lease = Some((by.holder, by.now.plus_ms(LEASE_MS)));
        match self.phase() {
            RoomPhase::Lobby if self.terms.opens_at <= by.now => {
                next.lobby = Some(self.registered);
                next.raised_at = by.now;
            }
            RoomPhase::Lobby | RoomPhase::Drawing => {}
            RoomPhase::Open => next.let_through(by, inside),
        }
        Some(next)
    }

    /// Tells whether a process may steer it: whoever does already, or anybody once that one is silent.
    fn may_steer(&self, holder: LeaseHolder, now: Timestamp) -> bool {
        let is_over = |until: Timestamp| until <= now || until.since_ms(now) > LEASE_MS + SET_BACK_MS;
        self.lease
            .is_none_or(|(other, until)| other == holder || is_over(until))
    }

    fn let_through(&mut self, by: &SteerRoom, inside: u64) {
        self.pace = if by.latency_ms > SLOW_MS {
            (self.pace / 2).max(LEAST_PACE)
        } else {
            (self.pace + FASTER_BY).min(FULL_PACE)
        };
        let rate = u64::from(self.terms.per_minute.max(1)) * u64::from(self.pace);
        let one_ms = MINUTE.div_ceil(rate);
        let passed = by.now.0.saturating_sub(self.raised_at.0);
        let passed = passed.min(STEP_MS.max(one_ms));
        let allowed = passed * rate / MINUTE;
        let waiting = self.registered.saturating_sub(self.threshold);
        let wanted = (by.free * PEOPLE_PER_TEN_PLACES)
            .div_ceil(10)
            .saturating_sub(inside);
        let through = allowed.min(waiting).min(wanted);
        self.threshold += through;
        // What is left of the time counts for the next step, and what the rate allowed and nobody needed is gone.
        let used = if through < allowed {
            passed
        } else {
            (through * MINUTE).div_ceil(rate)
        };
        if by.now >= self.raised_at {
            self.raised_at = Timestamp((by.now.0 - passed + used).min(by.now.0));
        } else if self.raised_at.since_ms(by.now) > SET_BACK_MS {
            self.raised_at = by.now;
        }
    }

    /// Returns how long somebody with so many before them waits at the rate of now, in seconds.
    pub fn wait_seconds(&self, ahead: u64) -> u64 {
        ((ahead + 1) * 60).div_ceil(u64::from(self.per_minute_now()))
    }
}
