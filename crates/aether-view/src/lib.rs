//! Shows what the others remember and measure: plots, and faces on one query API.
//!
//! It writes nothing of a run, and depends on nothing that trains.

pub mod board;
pub mod host;
pub mod plot;
pub mod report;
pub mod text;
pub mod top;
pub mod web;
