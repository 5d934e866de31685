//! What a server remembers of the numbers while visits pass: who was shown what and when, and taps. All
//! policies see this and nothing else.

use trunkline_core::attribution::{Showing, Tap, WINDOW_DAYS};
use trunkline_core::base::Timestamp;
use trunkline_core::base::id::{SessionId, VisitorId};

use super::history::{DAY_MS, HOUR_MS, Visit};

/// Most showings of one number that are weighed for a call, as the server does.
const SHOWINGS_MAX: usize = 200;

/// The session of a visit.
pub(super) fn session(visit: usize) -> SessionId {
    SessionId::from_raw(visit as i64 + 1)
}

/// The visit of a session.
pub(super) fn visit_of(session: SessionId) -> usize {
    (session.raw() - 1) as usize
}

/// One number's past.
#[derive(Debug, Default)]
pub(super) struct Line {
    showings: Vec<Showing>,
    taps: Vec<Tap>,
    /// Place of the showing that said something last.
    latest: Option<usize>,
}

impl Line {
    /// The number was handed to a page; returns the place of the showing.
    pub(super) fn handed(&mut self, index: usize, visit: &Visit, at: i64) -> usize {
        let at = Timestamp::from_millis(at);
        self.showings.push(Showing {
            session: session(index),
            visitor: VisitorId::from_raw(visit.visitor),
            first_visible: at,
            last_visible: at,
            confirmed: false,
            device: visit.device,
            area: visit.area,
            page: visit.page,
        });
        self.showings.len() - 1
    }

    /// The page said that the number is visible.
    pub(super) fn seen(&mut self, place: usize, at: i64) {
        let at = Timestamp::from_millis(at);
        let showing = &mut self.showings[place];
        if !showing.confirmed {
            showing.confirmed = true;
            showing.first_visible = at;
        }
        showing.last_visible = at;
        self.latest = Some(place);
    }

    pub(super) fn tapped(&mut self, index: usize, at: i64) {
        self.taps.push(Tap {
            session: session(index),
            at: Timestamp::from_millis(at),
            times: 1,
            late: false,
        });
    }

    /// Who looked at the number last.
    pub(super) fn last_viewer(&self) -> Option<SessionId> {
        self.latest.map(|place| self.showings[place].session)
    }

    /// Who may have called at a moment: the latest showings of the window.
    pub(super) fn showings(&self, at: i64) -> Vec<Showing> {
        let since = Timestamp::from_millis(at - WINDOW_DAYS * DAY_MS);
        let latest = self.showings.iter().rev();
        latest
            .filter(|s| s.last_visible >= since)
            .take(SHOWINGS_MAX)
            .copied()
            .collect()
    }

    /// Taps of the hour before a moment.
    pub(super) fn taps(&self, at: i64) -> Vec<Tap> {
        let since = Timestamp::from_millis(at - HOUR_MS);
        let latest = self.taps.iter().rev();
        latest.take_while(|t| t.at >= since).copied().collect()
    }
}
