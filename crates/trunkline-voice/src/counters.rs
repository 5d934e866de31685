//! What the station counts: for tests, for metrics, and to see that nothing is left behind.

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

/// A number that only grows, published as a metric at the same time.
#[derive(Debug)]
pub(crate) struct Count {
    value: AtomicU64,
    name: &'static str,
}

impl Count {
    const fn new(name: &'static str) -> Self {
        Self {
            value: AtomicU64::new(0),
            name,
        }
    }

    pub(crate) fn add(&self, n: u64) {
        if n > 0 {
            self.value.fetch_add(n, Ordering::Relaxed);
            metrics::counter!(self.name).increment(n);
        }
    }

    pub(crate) fn one(&self) {
        self.add(1);
    }

    fn get(&self) -> u64 {
        self.value.load(Ordering::Relaxed)
    }
}

macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident $metric:literal),* $(,)?) => {
        /// The running counts of one station.
        #[derive(Debug)]
        pub(crate) struct Counters {
            /// Relays that hand their audio to a recording.
            pub(crate) recordings: AtomicUsize,
            $(pub(crate) $name: Count,)*
        }

        impl Default for Counters {
            fn default() -> Self {
                Self { recordings: AtomicUsize::new(0), $($name: Count::new($metric),)* }
            }
        }

        /// A reading of the counters. The first fields say what is open now, the others only grow.
        #[derive(Debug, Clone, PartialEq, Eq, Default)]
        pub struct Snapshot {
            /// Calls in progress, from admission to the end of their clean-up.
            pub calls: usize,
            /// SIP dialogs in the stack.
            pub dialogs: usize,
            /// RTP port pairs that are bound.
            pub port_pairs: usize,
            /// Tasks of calls, legs and relays that have not ended.
            pub tasks: usize,
            /// Calls whose audio is being recorded.
            pub recordings: usize,
            $($(#[$doc])* pub $name: u64,)*
        }

        impl Counters {
            pub(crate) fn snapshot(&self) -> Snapshot {
                Snapshot {
                    recordings: self.recordings.load(Ordering::Relaxed),
                    $($name: self.$name.get(),)*
                    ..Snapshot::default()
                }
            }
        }
    };
}

counters! {
    /// Calls accepted.
    calls_accepted "trunkline_voice_calls_accepted_total",
    /// Calls refused by the engine (unknown number, over a limit).
    calls_refused "trunkline_voice_calls_refused_total",
    /// INVITEs answered 503 because too many calls or set-ups were in progress.
    refused_overload "trunkline_voice_refused_overload_total",
    /// Requests answered with an error because they were malformed or unsupported.
    refused_invalid "trunkline_voice_refused_invalid_total",
    /// Messages dropped because they came from no trunk's address.
    dropped_strangers "trunkline_voice_dropped_strangers_total",
    /// Messages dropped because they were no SIP.
    dropped_garbage "trunkline_voice_dropped_garbage_total",
    /// RTP and RTCP packets passed on.
    rtp_relayed "trunkline_voice_rtp_relayed_total",
    /// RTP packets of our own: sounds, ringing and the silence between them.
    rtp_spoken "trunkline_voice_rtp_spoken_total",
    /// Sounds that were passed over because the engine had none in time.
    sounds_missing "trunkline_voice_sounds_missing_total",
    /// Packets dropped because they came from another address than the signalled one.
    rtp_strangers "trunkline_voice_rtp_strangers_total",
    /// Packets dropped because they were no RTP.
    rtp_malformed "trunkline_voice_rtp_malformed_total",
    /// Packets the socket did not take.
    rtp_unsent "trunkline_voice_rtp_unsent_total",
    /// Packets that did not reach a recording because the writer was behind.
    recording_dropped "trunkline_voice_recording_dropped_total",
    /// Recordings stopped because the disk was nearly full.
    recording_low_disk "trunkline_voice_recording_low_disk_total",
}
