//! The clients that have been told everything so far. What comes next they are told by the hub's task, one after
//! another, without waking a task for each: with a thousand clients that is half of the work.
//!
//! ```text
//!            told everything ─▶ carried
//!  own pace                        │ does not take it at once, or has to look anew
//!            ◀─ handed back ───────┘
//! ```
//!
//! Members stand in a ring. What happens while it is gone round reaches those who are still to come with what they get
//! anyway, and the round goes on until everybody has it.

use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use super::journal::{Sequence, Words};
use crate::socket::Line;

/// The ring.
#[derive(Debug, Default)]
pub(super) struct Crowd(Mutex<Ring>);

#[derive(Debug, Default)]
struct Ring {
    members: BTreeMap<u64, Arc<Member>>,
    newest: u64,
    /// Who was visited last.
    last: u64,
    /// Visits until everybody was visited since something was told.
    to_visit: usize,
}

/// A client.
pub(super) struct Member {
    pub(super) line: Arc<Line>,
    pub(super) words: Words,
    pace: Mutex<Pace>,
    handed_back: Notify,
}

/// Who tells a client what comes next, and up to where it was told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    /// Its own task.
    Own(Sequence),
    /// The hub's.
    Carried(Sequence),
}

impl Crowd {
    /// Adds a client that goes at its own pace. Returns by what it is removed.
    pub(super) fn join(&self, member: Arc<Member>) -> u64 {
        let mut ring = self.lock();
        ring.newest += 1;
        let id = ring.newest;
        ring.members.insert(id, member);
        if ring.to_visit > 0 {
            ring.to_visit += 1;
        }
        id
    }

    pub(super) fn leave(&self, id: u64) {
        self.lock().members.remove(&id);
    }

    /// Something was told: everybody is to be visited.
    pub(super) fn begin_round(&self) {
        let mut ring = self.lock();
        ring.to_visit = ring.members.len();
    }

    /// Whether there is somebody to visit.
    pub(super) fn is_on_round(&self) -> bool {
        self.lock().to_visit > 0
    }

    /// Whom to visit next.
    pub(super) fn next(&self) -> Option<Arc<Member>> {
        let mut ring = self.lock();
        ring.to_visit = ring.to_visit.checked_sub(1)?;
        let after = ring.members.range((Excluded(ring.last), Unbounded)).next();
        let found = after.or_else(|| ring.members.first_key_value());
        let found = found.map(|(id, member)| (*id, Arc::clone(member)));
        match found {
            Some((id, member)) => {
                ring.last = id;
                Some(member)
            }
            None => {
                ring.to_visit = 0;
                None
            }
        }
    }

    /// Everybody goes at its own pace from now on.
    pub(super) fn disperse(&self) {
        let members: Vec<_> = self.lock().members.values().cloned().collect();
        for member in members {
            member.go_on(Pace::Own);
        }
    }

    /// Whole after every call, so that a panic elsewhere leaves it usable.
    fn lock(&self) -> MutexGuard<'_, Ring> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Member {
    pub(super) fn new(line: Arc<Line>, words: Words) -> Self {
        Self { line, words, pace: Mutex::new(Pace::Own(0)), handed_back: Notify::new() }
    }

    /// It was told everything up to `seen`. Carried from here on if that `is_all`.
    pub(super) fn carry(&self, seen: Sequence, is_all: impl FnOnce() -> bool) {
        let mut pace = self.lock();
        *pace = if is_all() { Pace::Carried(seen) } else { Pace::Own(seen) };
    }

    /// If it is carried, goes on as `visit` says for where it is.
    pub(super) fn go_on(&self, visit: impl FnOnce(Sequence) -> Pace) {
        let mut pace = self.lock();
        let Pace::Carried(seen) = *pace else { return };
        *pace = visit(seen);
        let is_handed_back = matches!(*pace, Pace::Own(_));
        drop(pace);
        if is_handed_back {
            self.handed_back.notify_one();
        }
    }

    /// Waits until it goes at its own pace, and returns up to where it was told. Dropping the future loses nothing.
    pub(super) async fn handed_back(&self) -> Sequence {
        loop {
            if let Pace::Own(seen) = *self.lock() {
                return seen;
            }
            self.handed_back.notified().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl std::fmt::Debug for Member {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Member").field("words", &self.words).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member() -> Arc<Member> {
        let (_, wire) = tokio::io::duplex(1);
        Arc::new(Member::new(Arc::new(Line::new(wire)), Words::Own))
    }

    fn visit(crowd: &Crowd, ids: &[(u64, Arc<Member>)]) -> Option<u64> {
        let visited = crowd.next()?;
        ids.iter().find(|(_, member)| Arc::ptr_eq(member, &visited)).map(|(id, _)| *id)
    }

    fn crowd(members: usize) -> (Crowd, Vec<(u64, Arc<Member>)>) {
        let crowd = Crowd::default();
        let members = (0..members).map(|_| member());
        let ids = members.map(|member| (crowd.join(Arc::clone(&member)), member)).collect();
        (crowd, ids)
    }

    #[test]
    fn everybody_is_visited_once_for_what_is_told_together() {
        let (crowd, ids) = crowd(3);
        assert_eq!(visit(&crowd, &ids), None);
        crowd.begin_round();
        let visited: Vec<_> = std::iter::from_fn(|| visit(&crowd, &ids)).collect();
        assert_eq!(visited, [1, 2, 3]);
        assert!(!crowd.is_on_round());
    }

    #[test]
    fn what_is_told_on_a_round_goes_on_from_where_it_is() {
        let (crowd, ids) = crowd(4);
        crowd.begin_round();
        assert_eq!((visit(&crowd, &ids), visit(&crowd, &ids)), (Some(1), Some(2)));
        crowd.begin_round();
        let visited: Vec<_> = std::iter::from_fn(|| visit(&crowd, &ids)).collect();
        assert_eq!(visited, [3, 4, 1, 2]);
    }

    #[test]
    fn who_comes_or_goes_on_a_round_takes_nobodys_turn() {
        let (crowd, mut ids) = crowd(3);
        crowd.begin_round();
        assert_eq!(visit(&crowd, &ids), Some(1));
        crowd.begin_round();
        crowd.leave(2);
        let new = member();
        ids.push((crowd.join(Arc::clone(&new)), new));
        let visited: Vec<_> = std::iter::from_fn(|| visit(&crowd, &ids)).collect();
        assert_eq!(visited[..3], [3, 4, 1]);
        for (id, _) in &ids {
            crowd.leave(*id);
        }
        crowd.begin_round();
        assert!(!crowd.is_on_round());
    }

    #[tokio::test]
    async fn who_is_handed_back_goes_on_where_it_was() {
        let member = member();
        member.carry(7, || false);
        assert_eq!(member.handed_back().await, 7, "not everything was told");
        member.carry(7, || true);
        member.go_on(|seen| Pace::Carried(seen + 1));
        member.go_on(Pace::Own);
        assert_eq!(member.handed_back().await, 8);
        member.go_on(|_| panic!("it goes at its own pace"));
    }
}
