//! A whole answer, bounded before and after it is unpacked.

use std::io::Read;

use flate2::read::GzDecoder;
use http::header::CONTENT_ENCODING;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;

use super::connection::Failed;

/// Bytes of an answer that are read; a longer one is none.
pub const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// An answer.
pub(super) struct Whole {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Vec<u8>,
}

/// Reads the body of an answer whose head is there.
pub(super) async fn read(response: http::Response<Incoming>) -> Result<Whole, Failed> {
    let (head, mut body) = response.into_parts();
    let mut bytes = Vec::new();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| Failed::broke(true, &error))?;
        let Ok(data) = frame.into_data() else {
            continue;
        };
        if bytes.len() + data.len() > ANSWER_BYTES_MAX {
            return Err(Failed::TooLong);
        }
        bytes.extend_from_slice(&data);
    }
    let encoding = head.headers.get(CONTENT_ENCODING);
    let encoding = encoding.map(|value| String::from_utf8_lossy(value.as_bytes()).to_lowercase());
    let body = match encoding.as_deref().map(str::trim) {
        None | Some("" | "identity") => bytes,
        // It was not asked for. Some servers pack all the same, and a sale must not hang on that.
        Some("gzip" | "x-gzip") => unpacked(&bytes)?,
        Some(_) => return Err(Failed::Packed),
    };
    let headers = head.headers.iter();
    let text = |value: &http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into_owned();
    Ok(Whole {
        status: head.status.as_u16(),
        headers: headers
            .map(|(name, value)| (name.as_str().to_owned(), text(value)))
            .collect(),
        body,
    })
}

/// At most as much as an answer may have that was never packed.
fn unpacked(bytes: &[u8]) -> Result<Vec<u8>, Failed> {
    let mut unpacked = Vec::new();
    let most = ANSWER_BYTES_MAX as u64 + 1;
    let read = GzDecoder::new(bytes).take(most).read_to_end(&mut unpacked);
    if read.is_err() {
        return Err(Failed::Packed);
    }
    if unpacked.len() > ANSWER_BYTES_MAX {
        return Err(Failed::TooLong);
    }
    Ok(unpacked)
}
