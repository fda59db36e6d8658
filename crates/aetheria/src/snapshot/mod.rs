//! Snapshots: the whole training state in one safetensors file.
//!
//! The file is written beside its destination, synced and renamed, so it is whole or absent, and it can carry no
//! code. The tensors are the strategy's state; everything else is JSON in the header's `__metadata__`, where any
//! safetensors reader finds it. A CRC-32 guards each tensor and the metadata. `docs/format.md` specifies the format.

mod error;
mod header;
mod read;
mod store;
mod write;

pub use error::SnapshotError;
pub use header::{DataRecord, Header};
pub use read::{ReadAt, Snapshot};
pub use store::{Pointer, Published, SnapshotStore, epoch_name, step_name};
pub use write::write;

/// What `__metadata__.format` says.
pub const FORMAT: &str = "aether-snapshot";

/// The version of the format that this program writes, and the newest that it reads.
pub const VERSION: u32 = 1;

/// The longest header that a reader accepts, as in the `safetensors` library: 100 MB.
const MAX_HEADER: u64 = 100_000_000;

/// The length in bytes of the header's length.
const PREFIX: u64 = 8;
