//! G.711 (ITU-T G.711): decoding by one table look-up per sample, tables built at compile time; encoding for sounds that
//! are made once.

/// Added to a magnitude before µ-law's logarithm is taken.
const MU_BIAS: u32 = 0x84;
/// The loudest magnitude µ-law has a word for.
const MU_CLIP: u32 = 0x7fff - MU_BIAS;

/// The two companding laws.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Law {
    /// µ-law, RTP payload type 0.
    Mu,
    /// A-law, RTP payload type 8.
    A,
}

impl Law {
    /// The law of a static RTP payload type (RFC 3551, table 4), if it is G.711.
    pub(crate) const fn of_payload_type(payload_type: u8) -> Option<Self> {
        match payload_type {
            0 => Some(Self::Mu),
            8 => Some(Self::A),
            _ => None,
        }
    }

    /// The static RTP payload type.
    pub(crate) const fn payload_type(self) -> u8 {
        match self {
            Self::Mu => 0,
            Self::A => 8,
        }
    }

    /// The code word of silence.
    pub(crate) const fn silence(self) -> u8 {
        match self {
            Self::Mu => 0xff,
            Self::A => 0xd5,
        }
    }

    /// The code word of a linear 16-bit sample.
    pub(crate) const fn encode(self, sample: i16) -> u8 {
        let magnitude = sample.unsigned_abs() as u32;
        let negative = sample < 0;
        match self {
            Self::Mu => {
                let biased = if magnitude > MU_CLIP {
                    MU_CLIP
                } else {
                    magnitude
                } + MU_BIAS;
                let exponent = biased.ilog2() - 7;
                let mantissa = (biased >> (exponent + 3)) & 0x0f;
                let sign = if negative { 0x80 } else { 0 };
                !(sign | (exponent << 4) | mantissa) as u8
            }
            Self::A => {
                let magnitude = if magnitude > 0x7fff {
                    0x7fff
                } else {
                    magnitude
                };
                let code = if magnitude < 0x100 {
                    magnitude >> 4
                } else {
                    let exponent = magnitude.ilog2() - 7;
                    (exponent << 4) | ((magnitude >> (exponent + 3)) & 0x0f)
                };
                let sign = if negative { 0 } else { 0x80 };
                (code | sign) as u8 ^ 0x55
            }
        }
    }

    /// Linear 16-bit sample of one code word.
    pub(crate) fn decode(self, code: u8) -> i16 {
        match self {
            Self::Mu => MU_LAW[usize::from(code)],
            Self::A => A_LAW[usize::from(code)],
        }
    }
}

static MU_LAW: [i16; 256] = {
    let mut table = [0i16; 256];
    let mut code = 0;
    while code < 256 {
        table[code] = mu_law(code as u8);
        code += 1;
    }
    table
};

static A_LAW: [i16; 256] = {
    let mut table = [0i16; 256];
    let mut code = 0;
    while code < 256 {
        table[code] = a_law(code as u8);
        code += 1;
    }
    table
};

const fn mu_law(code: u8) -> i16 {
    let inverted = !code;
    let exponent = (inverted >> 4) & 0x07;
    let mantissa = (inverted & 0x0f) as i16;
    let magnitude = (((mantissa << 3) + 0x84) << exponent) - 0x84;
    if inverted & 0x80 != 0 {
        -magnitude
    } else {
        magnitude
    }
}

const fn a_law(code: u8) -> i16 {
    let toggled = code ^ 0x55;
    let exponent = (toggled >> 4) & 0x07;
    let mantissa = (toggled & 0x0f) as i16;
    let magnitude = if exponent == 0 {
        (mantissa << 4) + 8
    } else {
        ((mantissa << 4) + 0x108) << (exponent - 1)
    };
    if toggled & 0x80 != 0 {
        magnitude
    } else {
        -magnitude
    }
}
