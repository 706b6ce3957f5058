//! Jobs: written with their cause, deleted with its end, leased by one at a time and tried again.

use usher_keys::Timestamp;

use crate::selling::jobs::{
    DueJobs, FreeJobs, HeldJob, Job, JobCounts, JobId, JobKind, LEASE, LeaseHolder, LeaseOutcome,
};
use crate::selling::{BeginOutcome, Ending};

use super::case::{Case, HOLDER, START};

const OTHER: LeaseHolder = LeaseHolder([8; 16]);

fn lease_end(now: Timestamp) -> Timestamp {
    now.plus_ms(LEASE.as_millis() as u64)
}

impl Case {
    async fn due(&self, now: Timestamp) -> Vec<Job> {
        self.store
            .due_jobs(DueJobs {
                kind: JobKind::Paying,
                limit: 100,
                now,
            })
            .await
            .unwrap()
    }

    async fn lease(&self, job: JobId, holder: LeaseHolder, now: Timestamp) -> LeaseOutcome {
        self.store.lease_job(HeldJob { job, holder, now }).await.unwrap()
    }

    async fn put_off(&self, job: JobId, holder: LeaseHolder, now: Timestamp) -> Option<u32> {
        self.store
            .put_off_job(HeldJob { job, holder, now })
            .await
            .unwrap()
    }

    /// Opens a booking of a seat, and gives its job.
    async fn job(&self, seat: u32) -> JobId {
        let held = self.held(&[seat], START).await;
        let open = self.begun(held.id, &format!("key {seat}"), START).await;
        JobId::SettleBooking(open.id)
    }

    async fn counts(&self) -> (u32, u32) {
        let JobCounts { open, failing } = self.store.job_counts(()).await.unwrap();
        (open, failing)
    }
}

pub async fn a_booking_has_a_job_from_its_beginning_to_its_end(case: Case) {
    let endings = [
        None,
        Some(Ending::Canceled),
        Some(Ending::Refunded),
        Some(Ending::Declined(crate::money::DeclineReason::Card)),
    ];
    for (seat, ending) in (0..).zip(endings) {
        let held = case.held(&[seat], START).await;
        assert_eq!(case.counts().await, (0, 0));
        let open = case.begun(held.id, &format!("key {seat}"), START).await;
        let job = JobId::SettleBooking(open.id);
        assert_eq!(case.due(START).await, []);
        assert_eq!(case.due(lease_end(START)).await, [Job::begun(job, HOLDER, START)]);
        match ending {
            None => drop(case.confirm(&open, START).await),
            Some(ending) => drop(case.close(&open, ending, START).await),
        }
        assert_eq!(case.counts().await, (0, 0));
        assert_eq!(case.lease(job, HOLDER, START).await, LeaseOutcome::Gone);
    }
    // What is refused has no job.
    let held = case.held(&[5], START).await;
    let again = case.begin(held.id, "key 0", START).await;
    assert!(matches!(again, BeginOutcome::Refused(_)));
    assert_eq!(case.counts().await, (0, 0));
}

pub async fn a_lease_is_one_holders_until_it_ends(case: Case) {
    let job = case.job(0).await;
    let late = lease_end(START);
    assert_eq!(case.lease(job, OTHER, START).await, LeaseOutcome::Held);
    assert_eq!(case.lease(job, OTHER, late).await, LeaseOutcome::Leased);
    assert_eq!(case.due(late).await, []);
    assert_eq!(case.lease(job, HOLDER, late).await, LeaseOutcome::Held);
    // Its holder renews it as long as it lives.
    let later = late.plus_ms(5_000);
    assert_eq!(case.lease(job, OTHER, later).await, LeaseOutcome::Leased);
    assert_eq!(case.due(lease_end(late)).await, []);
    assert_eq!(case.due(lease_end(later)).await, [Job::begun(job, OTHER, later)]);
}

pub async fn a_job_that_fails_waits_longer_each_time(case: Case) {
    let job = case.job(0).await;
    assert_eq!(case.put_off(job, OTHER, START).await, None);
    assert_eq!(case.put_off(job, HOLDER, START).await, Some(1));
    assert_eq!(case.put_off(job, HOLDER, START).await, None);
    assert_eq!(case.counts().await, (1, 1));
    assert_eq!(case.due(START.plus_ms(999)).await, []);
    let [failed] = case.due(START.plus_ms(1_000)).await[..] else {
        panic!("due")
    };
    assert_eq!((failed.id, failed.failures, failed.holder), (job, 1, None));
    // Whoever asks for it need not wait.
    assert_eq!(case.lease(job, OTHER, START).await, LeaseOutcome::Leased);
    assert_eq!(case.put_off(job, OTHER, START).await, Some(2));
    assert_eq!(case.due(START.plus_ms(1_999)).await, []);
    assert_eq!(case.due(START.plus_ms(2_000)).await.len(), 1);
}

pub async fn what_a_process_left_behind_is_freed_and_nothing_else(case: Case) {
    let (left, others) = (case.job(0).await, case.job(1).await);
    let late = lease_end(START);
    assert_eq!(case.lease(others, OTHER, late).await, LeaseOutcome::Leased);
    let free = FreeJobs {
        holder: HOLDER,
        now: late,
    };
    assert_eq!(case.store.free_jobs(free).await.unwrap(), 1);
    assert_eq!(case.store.free_jobs(free).await.unwrap(), 0);
    let due: Vec<_> = case.due(late).await.iter().map(|job| job.id).collect();
    assert_eq!(due, [left]);
}

pub async fn jobs_come_in_the_order_in_which_they_wait_and_no_more_than_asked_for(case: Case) {
    let jobs = [case.job(0).await, case.job(1).await, case.job(2).await];
    for (job, ms) in [(jobs[2], 0), (jobs[0], 1), (jobs[1], 2)] {
        case.put_off(job, HOLDER, START.plus_ms(ms)).await.unwrap();
    }
    let now = START.plus_ms(5_000);
    let first = case
        .store
        .due_jobs(DueJobs {
            kind: JobKind::Paying,
            limit: 2,
            now,
        })
        .await
        .unwrap();
    let ids: Vec<_> = first.iter().map(|job| job.id).collect();
    assert_eq!(ids, [jobs[2], jobs[0]]);
}

/// The rule that is told of one row, and the statement that carries it out for all of them.
pub async fn those_that_are_listed_are_those_that_are_due(case: Case) {
    let jobs = [case.job(0).await, case.job(1).await, case.job(2).await];
    case.put_off(jobs[1], HOLDER, START).await.unwrap();
    // As a clock that was a day ahead would have left it.
    let ahead = START.plus_ms(86_400_000);
    case.lease(jobs[2], HOLDER, ahead).await;
    let kept = [
        Job::begun(jobs[0], HOLDER, START),
        Job::begun(jobs[1], HOLDER, START).put_off(HOLDER, START).unwrap(),
        Job::begun(jobs[2], HOLDER, ahead),
    ];
    for ms in [
        0, 999, 1_000, 9_999, 10_000, 60_000, 86_300_000, 86_360_000, 86_410_000,
    ] {
        let now = START.plus_ms(ms);
        let mut listed: Vec<_> = case.due(now).await.iter().map(|job| job.id).collect();
        let mut due: Vec<_> = kept
            .iter()
            .filter(|job| job.is_due(now))
            .map(|job| job.id)
            .collect();
        listed.sort();
        due.sort();
        assert_eq!(listed, due, "after {ms} ms");
    }
}
