//! Whether somebody speaks: `earshot`'s small network on 16 ms at a time, behind a face of our own.
//!
//! The network wants 16 kHz; what a telephone line leaves out above 4 kHz stays empty. Hiss and hum are no speech to it,
//! music and a ringing tone in part are. It needs some 100 ms to be sure of a beginning and of an end.

use earshot::Detector;

use crate::media::g711::Law;

/// Samples of a judgement at 16 kHz, as the network was taught.
const FRAME: usize = 256;
/// The score from which it is speech; the network's own middle.
const SCORE_MIN: f32 = 0.5;
/// Mean square of the quietest frame that may be speech, some -55 dBm0. Below it is the hiss of a line, which is not
/// worth asking about.
const POWER_MIN: f32 = 28.0 * 28.0;
/// The sample between two samples, from the four on either side: a windowed sinc at the half places.
const BETWEEN: [f32; 4] = [0.617_1, -0.159_1, 0.052_6, -0.010_6];

/// What is heard at a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum Voice {
    /// Somebody speaks.
    Speech,
    /// Nobody does.
    #[default]
    Silence,
}

/// Listens to one stream; some 10 KiB.
pub(crate) struct Activity {
    network: Box<Detector>,
    /// The last eight samples at 8 kHz.
    recent: [f32; 8],
    frame: [i16; FRAME],
    filled: usize,
    voice: Voice,
}

impl Default for Activity {
    fn default() -> Self {
        Self {
            network: Detector::default_boxed(),
            recent: [0.0; 8],
            frame: [0; FRAME],
            filled: 0,
            voice: Voice::Silence,
        }
    }
}

impl Activity {
    /// Hears a packet's payload and says what is heard at its end.
    pub(crate) fn hear(&mut self, law: Law, payload: &[u8]) -> Voice {
        for &code in payload {
            self.recent.rotate_left(1);
            self.recent[7] = f32::from(law.decode(code));
            let [d, c, b, a] = self.pairs();
            let between = a * BETWEEN[0] + b * BETWEEN[1] + c * BETWEEN[2] + d * BETWEEN[3];
            self.frame[self.filled] = self.recent[3] as i16;
            self.frame[self.filled + 1] = between as i16;
            self.filled += 2;
            if self.filled == FRAME {
                self.judge();
                self.filled = 0;
            }
        }
        self.voice
    }

    /// Sums of the samples that lie equally far from the middle of the recent ones, the farthest first.
    fn pairs(&self) -> [f32; 4] {
        std::array::from_fn(|at| self.recent[at] + self.recent[7 - at])
    }

    fn judge(&mut self) {
        let power = self
            .frame
            .iter()
            .map(|s| f32::from(*s).powi(2))
            .sum::<f32>()
            / FRAME as f32;
        // Asked also when it is quiet: the network keeps a memory of what came before.
        let score = self.network.predict_i16(&self.frame);
        self.voice = if power >= POWER_MIN && score >= SCORE_MIN {
            Voice::Speech
        } else {
            Voice::Silence
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::media::sounds::{encoded, mixed, noise, samples, speech, tone};

    /// The share of packets of 20 ms at whose end somebody speaks.
    fn share(law: Law, sound: &[f32]) -> f32 {
        let mut activity = Activity::default();
        let bytes = encoded(law, sound);
        let packets: Vec<_> = bytes.chunks(160).collect();
        let spoken = packets
            .iter()
            .filter(|packet| activity.hear(law, packet) == Voice::Speech)
            .count();
        spoken as f32 / packets.len() as f32
    }

    #[test]
    fn somebody_who_talks_is_heard() {
        for law in [Law::Mu, Law::A] {
            for seed in 0..3 {
                let heard = share(law, &speech(seed, 6_000));
                assert!(heard > 0.7, "{law:?} {seed}: {heard}");
                let faint: Vec<f32> = speech(seed, 6_000).iter().map(|s| s / 8.0).collect();
                let heard = share(law, &faint);
                assert!(heard > 0.5, "{law:?} {seed}, faint: {heard}");
            }
        }
    }

    #[test]
    fn lines_hiss_hum_and_are_silent_without_talking() {
        let sounds = [
            ("silence", vec![0.0; samples(4_000)]),
            ("hiss", noise(-50.0, 4_000, 1)),
            ("loud hiss", noise(-30.0, 4_000, 2)),
            ("hum", tone(50.0, -35.0, 4_000)),
            ("a beep", tone(1_000.0, -10.0, 4_000)),
        ];
        for (name, sound) in sounds {
            let heard = share(Law::Mu, &sound);
            assert!(heard < 0.02, "{name}: {heard}");
        }
    }

    #[test]
    fn a_pause_is_heard_within_a_quarter_of_a_second() {
        let mut sound = speech(1, 2_000);
        sound.extend(noise(-60.0, 1_000, 4));
        sound.extend(speech(2, 2_000));
        let sound = mixed(&sound, &noise(-55.0, 5_000, 5));
        let bytes = encoded(Law::Mu, &sound);
        let mut activity = Activity::default();
        let voices: Vec<Voice> = bytes
            .chunks(160)
            .map(|p| activity.hear(Law::Mu, p))
            .collect();
        assert!(
            voices[113..148].iter().all(|v| *v == Voice::Silence),
            "{voices:?}"
        );
        assert!(voices[165..200].contains(&Voice::Speech), "{voices:?}");
    }

    #[test]
    fn the_samples_between_are_on_the_curve() {
        for hz in [300.0, 1_000.0, 2_500.0] {
            let mut activity = Activity::default();
            let bytes = encoded(Law::A, &tone(hz, -3.0, 16));
            activity.hear(Law::A, &bytes);
            let doubled: Vec<f32> = activity.frame.iter().map(|s| f32::from(*s)).collect();
            // Of a tone, each sample is told by its neighbours: x[n-1] + x[n+1] = 2 cos(w) x[n].
            let turn = 2.0 * (std::f32::consts::TAU * hz / 16_000.0).cos();
            let (mut off, mut all) = (0.0, 0.0);
            for part in doubled[40..].windows(3) {
                off += (part[0] + part[2] - turn * part[1]).powi(2);
                all += part[1].powi(2);
            }
            assert!(off < 0.003 * all, "{hz} Hz: {}", off / all);
        }
    }
}
