//! MP3 and AAC, through `symphonia`.

use std::io::Cursor;

use symphonia::core::codecs::CodecParameters;
use symphonia::core::codecs::audio::AudioDecoderOptions;
use symphonia::core::errors::Error;
use symphonia::core::formats::probe::Hint;
use symphonia::core::formats::{FormatOptions, TrackType};
use symphonia::core::io::MediaSourceStream;
use symphonia::core::meta::MetadataOptions;
use trunkline_engine::ports::sounds::NotASound;

use super::{Taker, unreadable};

/// Packets of a file that may be damaged before it is given up.
const DAMAGED_MAX: usize = 100;

/// Reads a file.
pub(super) fn read(file: Vec<u8>, taker: &mut Taker) -> Result<(), NotASound> {
    let stream = MediaSourceStream::new(Box::new(Cursor::new(file)), Default::default());
    let probed = symphonia::default::get_probe().probe(
        &Hint::new(),
        stream,
        FormatOptions::default(),
        MetadataOptions::default(),
    );
    let mut format = probed.map_err(|_| unreadable())?;
    let track = format.default_track(TrackType::Audio);
    let track = track.ok_or_else(unreadable)?;
    let parameters = track.codec_params.as_ref().and_then(CodecParameters::audio);
    let parameters = parameters.ok_or_else(unreadable)?;
    let mut decoder = symphonia::default::get_codecs()
        .make_audio_decoder(parameters, &AudioDecoderOptions::default())
        .map_err(|_| unreadable())?;
    let track = track.id;
    let mut damaged = 0;
    let mut frames: Vec<f32> = Vec::new();
    loop {
        // The end, or a file that breaks off: what is there is taken.
        let Ok(Some(packet)) = format.next_packet() else {
            return Ok(());
        };
        if packet.track_id != track {
            continue;
        }
        match decoder.decode(&packet) {
            Ok(decoded) => {
                let (rate, channels) = (decoded.spec().rate(), decoded.spec().channels().count());
                frames.clear();
                decoded.copy_to_vec_interleaved(&mut frames);
                if !frames.is_empty() {
                    taker.take(rate, channels, &frames)?;
                }
            }
            Err(Error::IoError(_) | Error::DecodeError(_)) if damaged < DAMAGED_MAX => damaged += 1,
            Err(_) => return Err(unreadable()),
        }
    }
}
