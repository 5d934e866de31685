//! The simulator against itself and against small stubs: what it promises to the tests that use it.

mod carrier;
