//! What a file may be at most. A configuration is written by a person; whatever is larger is a mistake or an attack.

/// Bytes of a file. A larger one is not even read.
pub const BYTES: usize = 4 << 20;

/// Values, each copy that an alias makes counted.
pub const VALUES: usize = 100_000;

/// Bytes of text, each copy that an alias makes counted.
pub const TEXT: usize = 2 * BYTES;

/// Mappings and lists inside each other.
pub const DEPTH: usize = 64;
