//! The states and endings of a call, as closed lists with the words that are stored and shown.

use crate::base::words;

words! {
    /// Where a call stands.
    CallState {
        /// Accepted, nobody has answered yet.
        Ringing = "ringing",
        /// Caller and destination are connected.
        Talking = "talking",
        /// Over.
        Ended = "ended",
    }
}

words! {
    /// What came of a call, once it ended.
    CallResult {
        /// A destination answered.
        Answered = "answered",
        /// Nobody answered in time.
        NoAnswer = "no_answer",
        /// Every destination was busy.
        Busy = "busy",
        /// No destination could be reached.
        Failed = "failed",
        /// The caller hung up before anybody answered.
        Abandoned = "abandoned",
        /// A rule of the account forbade every destination.
        Refused = "refused",
        /// The caller left a message.
        Voicemail = "voicemail",
        /// The call flow ended the call without ringing anybody.
        TurnedAway = "turned_away",
        /// Screening refused the call, or the caller did not press the key that was asked for.
        Blocked = "blocked",
        /// The process ended while the call was up.
        ProcessRestarted = "process_restarted",
    }
}

words! {
    /// How one attempt to reach a destination failed.
    DialOutcome {
        /// 486 or 600.
        Busy = "busy",
        /// Rang until its time was over, or 408/480.
        NoAnswer = "no_answer",
        /// 603 or 403.
        Declined = "declined",
        /// 404, 410, 484, 604: there is no such destination.
        Unreachable = "unreachable",
        /// Any other failure of the trunk or the network.
        Failed = "failed",
        /// Not dialled: a toll rule forbids the destination.
        Refused = "refused",
        /// Somebody picked up and did not press the key that takes the call.
        NotAccepted = "not_accepted",
        /// An answering machine picked up.
        Machine = "machine",
    }
}

impl DialOutcome {
    /// From the final SIP status of an outgoing INVITE (RFC 3261, section 21).
    #[must_use]
    pub const fn from_sip_status(status: u16) -> Self {
        match status {
            486 | 600 => Self::Busy,
            408 | 480 | 487 => Self::NoAnswer,
            403 | 603 => Self::Declined,
            404 | 410 | 484 | 604 => Self::Unreachable,
            _ => Self::Failed,
        }
    }

    /// What the whole call came to when this was its last attempt.
    #[must_use]
    pub const fn result(self) -> CallResult {
        match self {
            Self::Busy => CallResult::Busy,
            Self::NoAnswer | Self::NotAccepted | Self::Machine => CallResult::NoAnswer,
            Self::Refused => CallResult::Refused,
            Self::Declined | Self::Unreachable | Self::Failed => CallResult::Failed,
        }
    }

    /// The final SIP status the caller's side gets when this was the last attempt.
    #[must_use]
    pub const fn caller_status(self) -> u16 {
        match self {
            Self::Busy => 486,
            Self::NoAnswer | Self::NotAccepted | Self::Machine => 480,
            Self::Declined | Self::Refused => 603,
            Self::Unreachable => 404,
            Self::Failed => 502,
        }
    }
}

impl DialOutcome {
    /// Of destinations that rang together: how much this one tells of why nobody took the call, the most for
    /// those who could have.
    #[must_use]
    pub const fn tells(self) -> u8 {
        match self {
            Self::NotAccepted => 7,
            Self::Declined => 6,
            Self::Machine => 5,
            Self::NoAnswer => 4,
            Self::Busy => 3,
            Self::Unreachable => 2,
            Self::Failed => 1,
            Self::Refused => 0,
        }
    }
}

words! {
    /// Which side ended a call.
    EndedBy {
        /// The caller hung up or cancelled.
        Caller = "caller",
        /// The destination hung up.
        Destination = "destination",
        /// Trunkline ended it.
        System = "system",
    }
}

words! {
    /// Why a call ended.
    EndReason {
        /// A side hung up after talking.
        HungUp = "hung_up",
        /// The caller gave up while it rang.
        Cancelled = "cancelled",
        /// No destination took the call.
        NoDestination = "no_destination",
        /// No media from one side for too long.
        RtpInactivity = "rtp_inactivity",
        /// The session timer was not refreshed (RFC 4028).
        SessionExpired = "session_expired",
        /// The longest allowed length was reached.
        MaxLength = "max_length",
        /// Media could not be set up.
        MediaFailed = "media_failed",
        /// Screening refused the call.
        Screened = "screened",
        /// It is not the call that a bid was given for, and its feed wants such calls refused.
        BidMissed = "bid_missed",
        /// The server was shut down.
        Shutdown = "shutdown",
        /// The process ended without a shutdown; found at the next start.
        ProcessRestarted = "process_restarted",
    }
}
