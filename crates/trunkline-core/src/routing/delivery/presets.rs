//! Endpoint documents for the shapes that buyers usually have: data, not code. Whoever takes one fills in the settings
//! that are empty, the buyer's host where it is `buyer.example`, and the secrets, and looks at the buyer's own description.

/// A document to begin with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Preset {
    /// Its word.
    pub word: &'static str,
    /// Whose shape it is.
    pub name: &'static str,
    /// An `EndpointDocument` as JSON.
    pub document: &'static str,
}

/// Every preset.
#[must_use]
pub const fn presets() -> &'static [Preset] {
    &[
        Preset {
            word: "ringba",
            name: "Ringba RTB",
            document: include_str!("presets/ringba.json"),
        },
        Preset {
            word: "boberdoo",
            name: "boberdoo pingPostLead",
            document: include_str!("presets/boberdoo.json"),
        },
        Preset {
            word: "leadspedia",
            name: "LeadsPedia",
            document: include_str!("presets/leadspedia.json"),
        },
        Preset {
            word: "lead_prosper",
            name: "Lead Prosper",
            document: include_str!("presets/lead_prosper.json"),
        },
        Preset {
            word: "trackdrive",
            name: "TrackDrive",
            document: include_str!("presets/trackdrive.json"),
        },
        Preset {
            word: "retreaver",
            name: "Retreaver",
            document: include_str!("presets/retreaver.json"),
        },
    ]
}
