//! Listening to a line: whether somebody speaks (`activity`), and whether it is a person or an answering machine that
//! picked up (`machine`).

pub(crate) mod activity;
pub(crate) mod machine;
