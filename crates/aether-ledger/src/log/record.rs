//! What the payload of a frame says.

/// The version of the format that this code writes, and the newest that it reads.
pub const MAJOR: u8 = 1;
