//! Numbers that look as if by chance, the same in every run, and a table made of them.

use std::fmt::Write;
use std::path::Path;

use crate::AnyError;

/// The finaliser of SplitMix64.
pub(crate) const fn mixed(mut x: u64) -> u64 {
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

struct Chance(u64);

impl Chance {
    /// From 0 to 1.
    fn part(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        (mixed(self.0) >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn below(&mut self, end: u32) -> u32 {
        (self.part() * f64::from(end)) as u32
    }
}

/// Rows of a table of ours.
const ROWS: usize = 20_000;

/// Writes a table in which sources, pages, time on the site and the hour decide, and the rest is noise.
pub(crate) fn write(to: &Path) -> Result<(), AnyError> {
    let mut chance = Chance(1);
    let mut text = "source,device,campaign,pages,seconds,hour,known,noise,outcome\n".to_owned();
    let sources = [
        ("google", 0.4),
        ("bing", 0.1),
        ("facebook", -0.8),
        ("direct", 0.9),
    ];
    for _ in 0..ROWS {
        let (source, worth) = sources[chance.below(4) as usize];
        let (campaign, pages) = (chance.below(20), 1 + chance.below(12));
        let (hour, known) = (chance.below(24), chance.below(10) == 0);
        let seconds = (-chance.part().max(1e-9).ln() * 90.0).round();
        let device = ["phone", "desktop", "tablet"][chance.below(3) as usize];
        let is_open = (8..18).contains(&hour);
        let logit = worth - 1.6
            + 0.15 * f64::from(pages.min(6))
            + (1.0 + seconds / 30.0).ln() * 0.5
            + if is_open { 0.7 } else { -0.5 }
            + if known { 1.2 } else { 0.0 }
            + if campaign < 4 { -1.5 } else { 0.1 };
        let outcome = u8::from(chance.part() < 1.0 / (1.0 + (-logit).exp()));
        let noise = chance.below(1_000);
        writeln!(
            text,
            "{source},{device},c{campaign},{pages},{seconds},{hour},{known},{noise},{outcome}"
        )?;
    }
    Ok(std::fs::write(to, text)?)
}
