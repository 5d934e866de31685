//! G.711 decoding (ITU-T G.711): one table look-up per sample, tables built at compile time.

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
