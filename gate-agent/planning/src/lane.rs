//! The lanes of one gate: people wait, are searched, and stand before a scanner; which lane somebody chooses and when a lane closes.

use std::collections::VecDeque;

use crate::scenario::GatePlan;

/// Somebody, by their place among all visitors.
pub(crate) type VisitorId = usize;

/// How many people are referred in a row at a scanner that reaches no hub until staff close the lane.
const CLOSED_AFTER: u32 = 3;

/// One lane.
#[derive(Debug)]
pub(crate) struct Lane {
    queue: VecDeque<VisitorId>,
    searching: usize,
    /// Searched, and without room before the scan: whoever searched them waits too.
    blocked: VecDeque<VisitorId>,
    searched: VecDeque<VisitorId>,
    /// Who stands before each scanner.
    scanning: Vec<Option<VisitorId>>,
    referred_in_a_row: u32,
    pub is_closed: bool,
    pub scans: u64,
}

/// Something that begins at a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Begins {
    /// A search, which takes its time.
    Search(VisitorId),
    /// A scan at that scanner of the lane.
    Scan(VisitorId, usize),
}

impl Lane {
    pub(crate) fn new(gate: &GatePlan) -> Self {
        Self {
            queue: VecDeque::new(),
            searching: 0,
            blocked: VecDeque::new(),
            searched: VecDeque::new(),
            scanning: vec![None; gate.scanners_per_lane],
            referred_in_a_row: 0,
            is_closed: false,
            scans: 0,
        }
    }

    /// Returns how many people stand in it.
    pub(crate) fn len(&self) -> usize {
        let scanning = self.scanning.iter().flatten().count();
        self.queue.len() + self.searching + self.blocked.len() + self.searched.len() + scanning
    }

    pub(crate) fn join(&mut self, visitor: VisitorId) {
        self.queue.push_back(visitor);
    }

    /// Somebody was searched.
    pub(crate) fn searched(&mut self, visitor: VisitorId) {
        self.searching = self.searching.saturating_sub(1);
        self.blocked.push_back(visitor);
    }

    /// The scanner is free again; `referred` where it reaches no hub and could not say yes.
    pub(crate) fn scanned(&mut self, scanner: usize, referred: bool) {
        if let Some(place) = self.scanning.get_mut(scanner) {
            *place = None;
        }
        self.scans += 1;
        self.referred_in_a_row = if referred { self.referred_in_a_row + 1 } else { 0 };
    }

    /// Tells whether staff would close it.
    pub(crate) fn is_of_no_use(&self) -> bool {
        self.referred_in_a_row >= CLOSED_AFTER
    }

    /// Closes it; returns who has to go elsewhere, the first first.
    pub(crate) fn close(&mut self) -> Vec<VisitorId> {
        self.is_closed = true;
        let searched = self.searched.drain(..).chain(self.blocked.drain(..));
        searched.chain(self.queue.drain(..)).collect()
    }

    pub(crate) fn open(&mut self) {
        self.is_closed = false;
        self.referred_in_a_row = 0;
    }

    /// Moves people on as far as there is room, and returns the next thing that begins.
    pub(crate) fn advance(&mut self, gate: &GatePlan) -> Option<Begins> {
        if gate.searchers_per_lane == 0 {
            self.searched.append(&mut self.queue);
        }
        while self.searched.len() < gate.room_people {
            let Some(visitor) = self.blocked.pop_front() else {
                break;
            };
            self.searched.push_back(visitor);
        }
        let free = self.scanning.iter().position(Option::is_none);
        if let Some((scanner, visitor)) = free.and_then(|free| Some((free, self.searched.pop_front()?))) {
            self.scanning[scanner] = Some(visitor);
            return Some(Begins::Scan(visitor, scanner));
        }
        if self.searching + self.blocked.len() < gate.searchers_per_lane {
            let visitor = self.queue.pop_front()?;
            self.searching += 1;
            return Some(Begins::Search(visitor));
        }
        None
    }
}

/// Returns the open lane with the fewest people, the first of those; where all are closed, of all.
pub(crate) fn shortest(lanes: &[Lane]) -> usize {
    let numbered = || lanes.iter().enumerate();
    let open = numbered()
        .filter(|(_, lane)| !lane.is_closed)
        .min_by_key(|(_, lane)| lane.len());
    let any = open.or_else(|| numbered().min_by_key(|(_, lane)| lane.len()));
    any.map_or(0, |(at, _)| at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(searchers: usize) -> GatePlan {
        let text = format!(
            "name = \"A\"\nhub = \"A\"\nlanes = 1\nsearchers_per_lane = {searchers}\nroom_people = 1"
        );
        toml::from_str(&text).unwrap()
    }

    #[test]
    fn without_a_search_people_come_straight_to_the_scanner_one_at_a_time() {
        let gate = gate(0);
        let mut lane = Lane::new(&gate);
        lane.join(7);
        lane.join(8);
        assert_eq!(lane.advance(&gate), Some(Begins::Scan(7, 0)));
        assert_eq!(lane.advance(&gate), None);
        lane.scanned(0, false);
        assert_eq!(lane.advance(&gate), Some(Begins::Scan(8, 0)));
        assert_eq!(lane.len(), 1);
    }

    #[test]
    fn whoever_was_searched_and_finds_no_room_keeps_the_searcher_from_the_next() {
        let gate = gate(1);
        let mut lane = Lane::new(&gate);
        (0..5).for_each(|visitor| lane.join(visitor));
        assert_eq!(lane.advance(&gate), Some(Begins::Search(0)));
        lane.searched(0);
        assert_eq!(lane.advance(&gate), Some(Begins::Scan(0, 0)));
        assert_eq!(lane.advance(&gate), Some(Begins::Search(1)));
        lane.searched(1);
        assert_eq!(lane.advance(&gate), Some(Begins::Search(2)));
        lane.searched(2);
        // One has room, the other stands with the searcher.
        assert_eq!(lane.advance(&gate), None);
        lane.scanned(0, false);
        assert_eq!(lane.advance(&gate), Some(Begins::Scan(1, 0)));
        assert_eq!(lane.len(), 4);
    }

    #[test]
    fn people_choose_the_shortest_open_lane() {
        let gate = gate(0);
        let mut lanes = [Lane::new(&gate), Lane::new(&gate)];
        lanes[0].join(1);
        assert_eq!(shortest(&lanes), 1);
        lanes[1].close();
        assert_eq!(shortest(&lanes), 0);
    }
}
