//! Many calls that talk all the time: the load tool of the benchmark `media`.
//!
//! `calls sip SERVER LINE COUNT SECONDS NUMBER…` calls the numbers over SIP and answers, on port `LINE`, what the server
//! dials. `calls ng SERVER COUNT SECONDS` sets the same calls up in an rtpengine over its control protocol and has them
//! recorded. Both ends of every call then send a packet of G.711 each 20 ms, evenly spread, for some seconds to warm up and
//! `SECONDS` more; `begin` and `end` are printed around the latter, and a line of JSON at the end.

mod audio;
mod ng;
mod sip;

use std::io::Write as _;

/// What goes wrong here is told and ends the tool.
type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let ends = audio::Ends::bind()?;
    let heard = match words.as_slice() {
        ["sip", server, line, count, seconds, numbers @ ..] if !numbers.is_empty() => {
            let mut calls = sip::Calls::set_up(
                server.parse()?,
                line.parse()?,
                count.parse()?,
                numbers,
                &ends,
            )?;
            say("up")?;
            let heard = ends.talk(calls.streams(), seconds.parse()?)?;
            calls.hang_up()?;
            heard
        }
        ["ng", server, count, seconds] => {
            let mut calls = ng::Calls::set_up(server.parse()?, count.parse()?, &ends)?;
            say("up")?;
            let heard = ends.talk(calls.streams(), seconds.parse()?)?;
            calls.hang_up()?;
            heard
        }
        _ => {
            return Err(
                "write sip SERVER LINE COUNT SECONDS NUMBER… or ng SERVER COUNT SECONDS".into(),
            );
        }
    };
    say(&format!(
        "{{\"sent\": {}, \"heard\": {}, \"too_late\": {}, \"overflowed\": {}, \"seconds\": {}}}",
        heard.sent, heard.heard, heard.too_late, heard.overflowed, heard.seconds
    ))
}

/// Prints a line at once.
fn say(line: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout();
    writeln!(out, "{line}")?;
    Ok(out.flush()?)
}
