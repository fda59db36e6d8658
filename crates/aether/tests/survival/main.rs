//! What a training must survive, shown on the real program: sudden death, company, a full disk, bad input.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on should say where it stands")]

mod bad_input;
mod full_disk;
mod kill9;
mod lab;
mod no_locks;
mod no_threads;
mod read_only;
mod threads;
mod two_processes;
mod unread;
